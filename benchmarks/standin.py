"""The stand-in for X in a process of its own, so that its work is not counted as the site's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from socialreg.testing import Person, XStandIn
from socialreg.testing.visitor import Visitor
from tests.servers import make_ca

PEOPLE = 2000


def person(number: int) -> Person:
    """Return one of as many people as a benchmark needs, each with an address and a picture."""
    name = f"bench{number}"
    return Person(str(10**15 + number), name, f"Bench Person{number}", f"{name}@example.net", name)


#: Everybody is new once, whichever stand-in they come from.
strangers = map(person, range(PEOPLE))


@dataclass
class StandIn:
    """The site's view of that process."""

    url: str
    settings: dict[str, object]
    visitor: Visitor
    pipe: Connection

    def site_settings(self) -> dict[str, object]:
        """Return ``SOCIALREG`` for a site that is pointed here."""
        return {
            "BASE_URL": "http://testserver",
            "PROVIDERS": {"twitter": self.settings},
            "PRIVATE_HOSTS": [urlsplit(self.url).netloc],
        }

    def approve(self, authorize_url: str, screen_name: str) -> str:
        """Consent as somebody; return the callback's address."""
        return self.visitor.choose(authorize_url, {"screen_name": screen_name, "do": "authorize"})

    def counts(self) -> tuple[int, int]:
        """Return how many requests and connections the site has made."""
        self.pipe.send("count")
        requests, connections = self.pipe.recv()
        return int(requests), int(connections) - self.visitor.connections


def _serve(pipe: Connection, folder: str) -> None:
    tls = make_ca(Path(folder)).issue("127.0.0.1") if folder else None
    with XStandIn(ssl_context=tls) as x:
        x.people.update({each.screen_name: each for each in map(person, range(PEOPLE))})
        pipe.send((x.url, x.provider_settings()))
        while pipe.recv() == "count":
            pipe.send((len(x.api_requests), x.connections))


@contextmanager
def stand_in(folder: Path | None = None) -> Iterator[StandIn]:
    """Run the stand-in; over TLS if there is a folder, for which ``authority.pem`` in it vouches then."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, str(folder or "")), daemon=True)
    process.start()
    try:
        url, settings = here.recv()
        yield StandIn(url, settings, Visitor(url), here)
        here.send("stop")
        process.join(10)
    finally:
        process.terminate()
        process.join()
