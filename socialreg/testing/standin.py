"""The stand-in as one object: start it, point the site at it, break it on purpose, look at what was asked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self

from socialreg.provider import Provider

from . import faults
from .console import Console
from .errors import Shape
from .messages import Record, Request, Response
from .oauth1_desk import Desk
from .oauth1_server import Consumer, Tokens
from .oauth2.part import X_ISSUER, ClaimsIn
from .oauth2.stage import Stage
from .people import PEOPLE, Person
from .posts_page import PostsPage
from .reception import Reception
from .server import Server, require_loopback
from .switchboard import Switchboard
from .visitor import Visitor
from .x_part import CONSUMER_KEY, CONSUMER_SECRET, XPart, is_x
from .x_posts import Post


class StandIn:
    """A local stand-in for X over OAuth 1.0a and, once told by :meth:`play`, for any provider.

    Use it as a context manager, or start and stop it. It answers over real HTTP.

    :param port: the port to listen on; 0 takes a free one.
    :param host: a loopback address; no other is accepted.
    :param ssl_context: a server-side TLS context, to speak https.
    :param consumer_key: the application's key at X.
    :param consumer_secret: the application's secret at X; the default is published and worthless.
    :param callbacks: X's allow-list of callback URLs, compared exactly; ``None`` for any http(s) address.
    :raises ConfigurationError: ``host`` is not a loopback address.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        ssl_context: ssl.SSLContext | None = None,
        consumer_key: str = CONSUMER_KEY,
        consumer_secret: str = CONSUMER_SECRET,
        callbacks: tuple[str, ...] | None = None,
    ) -> None:
        require_loopback(host)
        self._server = Server((host, port), self._answer, ssl_context)
        #: Where it listens, without a slash at the end.
        self.url = self._server.url
        #: The cast by screen name. A test may change, add and remove people; every answer looks at it anew.
        self.people: dict[str, Person] = {}
        #: Every request that was answered, browser's and application's, in order.
        self.requests: list[Record] = []
        self._board = Switchboard()
        self._stage = Stage(self.url, self.people)
        desk = Desk(Consumer(consumer_key, consumer_secret), Tokens(), callbacks)
        self._x = XPart(self.url, desk, self.people, partial(self._stage.grant, X_ISSUER))
        #: What applications have posted at X for somebody, the oldest first.
        self.posts: list[Post] = self._x.posts
        self.reset()
        console = Console(self._x, self.people, self._board, self.requests, self._stage)
        routes = {**self._x.pages, **console.routes, **PostsPage(self.posts, self.people).routes}
        self._reception = Reception(self._x.api, self._stage, routes, self.people, self._board)
        self._visitor = Visitor(self.url)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer. The port is bound from construction on."""
        self._server.start()

    def stop(self) -> None:
        """Stop: every connection is closed and every held answer is let go."""
        self._server.stop()

    def provider_settings(self) -> dict[str, object]:
        """Return the entry for ``SOCIALREG["PROVIDERS"]["twitter"]`` that sends a site here."""
        return self._x.options()

    def play(
        self,
        slug: str,
        provider: type[Provider],
        options: Mapping[str, object] = MappingProxyType({}),
        claims_in: ClaimsIn = "id_token",
    ) -> dict[str, object]:
        """Be a provider from now on, below ``/{slug}/``, by the data of its class; as new, if it was played before.

        A class for X over OAuth 1.0a is sent to X's own addresses instead: X is there from the start.

        :param slug: the name of its entry in the site's settings.
        :param provider: its class.
        :param options: what the entry says besides; that wins over the class, all addresses and a ``PRIVATE_KEY``
            excepted.
        :param claims_in: ``userinfo`` leaves what is told of somebody out of ID tokens.
        :return: the entry for ``SOCIALREG["PROVIDERS"][slug]`` that sends a site here.
        :raises ConfigurationError: there is no room for the slug.
        """
        if is_x(provider):
            self._stage.parts.pop(slug, None)
            return self._x.play(slug, provider, options)
        return self._stage.play(slug, provider, options, claims_in)

    def tell(self, slug: str, values: Mapping[str, object]) -> None:
        """Tell other things of everybody at a provider from now on: in profiles, token answers and UserInfo.

        :param values: by the names in its ``profile_map``, or of what X's profiles have of them; ``...`` leaves one
            out. ``{}`` for the truth again.
        :raises ConfigurationError: it is not played.
        """
        if slug in self._x.slugs and slug not in self._stage.parts:
            self._x.tell(values)
        else:
            self._stage.tell(slug, values)

    def rotate_keys(self, slug: str) -> None:
        """Sign this provider's ID tokens with a new key from now on, and publish the old one no more."""
        self._stage.scene(slug).keys.rotate()

    def fault(
        self,
        name: str,
        times: int | None = None,
        *,
        path: str | None = None,
        code: int | str | None = None,
        shape: Shape | None = None,
        seconds: float | None = None,
    ) -> None:
        """Switch a fault on. Several can be on at once; each does its part in the order of switching.

        :param name: a key of :data:`FAULTS` or :data:`OAUTH2_FAULTS`.
        :param times: for how many matching requests; ``None`` until :meth:`clear`.
        :param path: the one path it is for; by default all that it makes sense for.
        :param code: of ``error`` X's code, of ``redirect`` the status, of OAuth 2.0 errors the word.
        :param shape: of ``error``'s body: ``json``, ``xml``, ``hash``, ``text`` or ``problem`` (v2).
        :param seconds: of ``slow``, ``drip``, ``drip-headers`` and ``clock-skew``.
        :raises ConfigurationError: there is no such fault, code or shape.
        """
        self._board.add(faults.switch(name, times, path, code, shape, seconds))

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        self._board.clear(name)

    def reset(self) -> None:
        """Forget requests, posts and what was told, switch all faults off, restore the cast. Tokens, providers stay."""
        self.clear()
        self.requests.clear()
        self.posts.clear()
        self._stage.reset()
        self._x.tell({})
        self.people.clear()
        self.people.update({person.screen_name: person for person in PEOPLE})

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted so far, those of :meth:`approve` and :meth:`deny` left out."""
        return self._server.accepted - self._visitor.connections

    @property
    def api_requests(self) -> list[Record]:
        """The requests that an application made, without those of browsers."""
        return [record for record in self.requests if not record.browser]

    def requests_to(self, path: str) -> list[Record]:
        """Return the requests to one path, whatever their query."""
        return [record for record in self.requests if record.path == path]

    def approve(self, authorize_url: str, screen_name: str = PEOPLE[0].screen_name) -> str:
        """Do what a browser does whose owner presses "Authorize": over real HTTP, as a browser never seen before.

        :param authorize_url: where the site has sent the browser.
        :param screen_name: whom to be.
        :return: the callback URL to which the browser is sent; a :class:`Posted`, if it posts a form there.
        :raises ConfigurationError: a page was answered that lets nobody through.
        """
        return self._visitor.choose(authorize_url, {"screen_name": screen_name, "do": "authorize"})

    def deny(self, authorize_url: str) -> str:
        """Press "Cancel" instead. Parameters, result and errors as for :meth:`approve`."""
        return self._visitor.choose(authorize_url, {"do": "cancel"})

    def _answer(self, request: Request) -> Response:
        response, record = self._reception.answer(request)
        self.requests.append(record)
        return response


#: The name from when X was all that it could be.
XStandIn = StandIn
