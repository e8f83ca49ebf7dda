"""All the providers that are played: whose address a path is, and who answers there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from socialreg.exceptions import ConfigurationError
from socialreg.provider import Provider
from socialreg.testing import avatars, oauth1_acts
from socialreg.testing.messages import Request, Response
from socialreg.testing.oauth1_server import Tokens
from socialreg.testing.people import Person

from . import browser, metadata, resources
from .grants import Grant, Grants
from .keys import KeyRing
from .part import ClaimsIn, Part, make_part
from .refusal import Refusal
from .revocation import revoke
from .scene import Scene
from .token_endpoint import token

Act = Callable[[Scene, Request], Response]
#: Who answers: method and act, by the name that faults know an endpoint by.
_ACTS: Mapping[str, tuple[str, Act]] = {
    "authorize": ("GET", browser.authorize),
    "consent": ("POST", browser.consent),
    "token": ("POST", token),
    "profile": ("GET", resources.profile),
    "emails": ("GET", resources.emails),
    "userinfo": ("GET", resources.userinfo),
    "revoke": ("POST DELETE", revoke),
    "jwks": ("GET", metadata.jwks),
    "discovery": ("GET", metadata.discovery),
    "server": ("GET", metadata.server),
    "apps": ("POST", metadata.apps),
}
_PATHS = {name: name for name in ("authorize", "consent", "token", "profile", "emails", "userinfo", "jwks", "revoke")}
#: Over OAuth 1.0a. Some have a second address for the browser, which asks only who has not been asked before.
_OAUTH1_PATHS = {**{name: name for name in oauth1_acts.ACTS}, "authenticate": "authorize"}
_DISCOVERY = ".well-known/openid-configuration"
#: As Mastodon has them, below every server.
_SERVER_PATHS = {
    "oauth/authorize": "authorize",
    "consent": "consent",
    "oauth/token": "token",
    "oauth/revoke": "revoke",
    "api/v1/accounts/verify_credentials": "profile",
    "api/v1/apps": "apps",
    ".well-known/oauth-authorization-server": "server",
}
#: The first words of paths that are X's or the stand-in's own.
_TAKEN = frozenset({"oauth", "avatars", "sticky", "faults", "posts", "1", "2"})
_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_SERVER = re.compile(r"[A-Za-z0-9.:-]+")


@dataclass(frozen=True, slots=True)
class Address:
    """What a path is the address of: an endpoint of a provider, or of one server of it."""

    part: Part
    server: str
    endpoint: str


class Stage:
    """The parts, and what each has handed out.

    :param url: where the stand-in listens.
    :param people: the cast, looked at anew with every request.
    """

    def __init__(self, url: str, people: Mapping[str, Person]) -> None:
        self._url = url
        self._people = people
        self._scenes: dict[tuple[str, str], Scene] = {}
        self._told: dict[str, dict[str, object]] = {}
        #: The parts by slug.
        self.parts: dict[str, Part] = {}

    def play(
        self, slug: str, provider: type[Provider], given: Mapping[str, object], claims_in: ClaimsIn = "id_token"
    ) -> dict[str, object]:
        """Take a part on, from the beginning; return what a site's settings need.

        :raises ConfigurationError: there is no room for this slug.
        """
        if slug in _TAKEN or not _SLUG.fullmatch(slug):
            raise ConfigurationError(
                f"The stand-in cannot play a provider under the slug {slug!r}",
                cause="it needs that address for itself, or the slug cannot stand in an address",
                remedy="Play it under another slug",
                code="slug",
            )
        part = make_part(self._url, slug, provider, given, claims_in)
        self.parts[slug] = part
        self.tell(slug, {})
        self._scenes = {key: scene for key, scene in self._scenes.items() if key[0] != slug}
        return dict(part.options)

    def find(self, path: str) -> Address | None:
        """Return what a path is the address of, ``None`` if it is nobody's here."""
        slug, _, rest = path.removeprefix("/").partition("/")
        part = self.parts.get(slug)
        if part is None:
            return None
        server, paths = "", _OAUTH1_PATHS if part.is_oauth1 else _PATHS
        if part.has_servers:
            paths = _SERVER_PATHS
            server, _, rest = rest.partition("/")
        if part.is_oidc and rest.endswith(_DISCOVERY):  # of whatever tenant
            return Address(part, "", "discovery")
        if rest.startswith("revoke/") and "revoke" in paths:  # GitHub's names the application
            return Address(part, "", "revoke")
        if rest not in paths or bool(server) != part.has_servers or (server and not _SERVER.fullmatch(server)):
            return None
        return Address(part, server, paths[rest])

    def endpoint(self, path: str) -> str:
        """Return by which name faults know what a path is the address of, ``""`` if it is none of ours."""
        address = self.find(path)
        return f"*/{address.endpoint}" if address else ""

    def answer(self, request: Request) -> Response | None:
        """Answer a request to one of the addresses, ``None`` where path or method are not ours."""
        address = self.find(request.path)
        if address is None:
            return None
        method, act = (oauth1_acts.ACTS if address.part.is_oauth1 else _ACTS)[address.endpoint]
        if request.method not in method.split():
            return None
        try:
            return act(self.scene(address.part.slug, address.server), request)
        except Refusal as refusal:
            return refusal.response()

    def picture(self, request: Request) -> Response | None:
        """Answer a request for a picture, where a class puts addresses together from somebody's uid."""
        slug, _, rest = request.path.removeprefix("/").partition("/")
        if slug not in self.parts or not rest.endswith((".png", ".gif", ".jpg", ".jpeg", ".webp")):
            return None
        owner = next((each for each in self._people.values() if self.scene(slug).uid(each) in rest.split("/")), None)
        return avatars.of(owner) if owner else None

    def scene(self, slug: str, server: str = "") -> Scene:
        """Return a provider, or one server of it, with everything that it has handed out."""
        key = (slug, server)
        if key not in self._scenes:
            base = f"{self._url}/{slug}/{server}".rstrip("/")
            told = self._told.setdefault(slug, {})
            self._scenes[key] = Scene(self.parts[slug], base, server, self._people, Grants(), KeyRing(), Tokens(), told)
        return self._scenes[key]

    def grant(self, issuer: str, token: str, now: float) -> Grant | None:
        """Return what an access token is good for that a provider of this issuer has handed out."""
        scenes = [scene for scene in list(self._scenes.values()) if scene.part.text("issuer") == issuer]
        return next((grant for scene in scenes if (grant := scene.grants.access(token, now))), None)

    def tell(self, slug: str, values: Mapping[str, object]) -> None:
        """Tell this of everybody at one provider, in place of what was told before.

        :raises ConfigurationError: it is not played.
        """
        if slug not in self.parts:
            raise ConfigurationError(
                f"The stand-in plays no provider {slug!r}",
                cause="nobody told it to",
                remedy="Call play() first",
                code="not-played",
            )
        told = self._told.setdefault(slug, {})
        told.clear()
        told.update(values)

    def reset(self) -> None:
        """Tell the truth, let everybody be somebody new to every application; what was handed out stays good."""
        for told in self._told.values():
            told.clear()
        for scene in self._scenes.values():
            scene.grants.introduced.clear()
