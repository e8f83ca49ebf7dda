"""Where a request to a played provider has arrived, and what there is to answer it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from socialreg.testing.messages import Request
from socialreg.testing.oauth1_server import Tokens
from socialreg.testing.people import Person
from socialreg.types import split_name

from .grants import Client, Grants
from .inversion import LEFT_OUT
from .keys import KeyRing
from .part import ANY_TENANT, TENANT, Part
from .refusal import Refusal


@dataclass(frozen=True, slots=True)
class Scene:
    """One provider, or one server of it.

    ``base`` is the absolute address below which it lies. What it hands out is in ``grants`` and, over OAuth 1.0a, in
    ``tokens``. ``server`` is the server's name where there are many. ``told``
    is what is told of everybody in place of the truth, by the names of :class:`~socialreg.types.Profile`'s fields.
    """

    part: Part
    base: str
    server: str
    people: Mapping[str, Person]
    grants: Grants
    keys: KeyRing
    tokens: Tokens
    told: Mapping[str, object]

    @property
    def issuer(self) -> str:
        """What this calls itself in ID tokens and callbacks."""
        return self.part.text("issuer").replace(TENANT, self.part.tenant) if self.part.is_oidc else self.base

    @property
    def published_issuer(self) -> str:
        """What it calls itself in its metadata: with a blank for the tenant, where that is for several of them."""
        several = self.part.text("tenant") in {"common", "organizations"}
        return self.part.text("issuer").replace(TENANT, ANY_TENANT) if several and self.part.tenant else self.issuer

    @property
    def label(self) -> str:
        """The name that people know it by."""
        return f"{self.part.label} at {self.server}" if self.server else self.part.label

    def client(self, client_id: str) -> Client | None:
        """Return an application, ``None`` if it is not known here."""
        if self.part.has_servers:
            return self.grants.clients.get(client_id)
        known = Client(self.part.text("client_id"), self.part.text("client_id"), self.part.text("client_secret"))
        return known if client_id == known.id else None

    def person(self, person_id: str) -> Person | None:
        """Return somebody of the cast by X's id, ``None`` if they are gone or may not log in."""
        found = next((each for each in self.people.values() if each.id == person_id), None)
        return None if found is None or found.suspended or found.locked else found

    def uid(self, person: Person) -> str:
        """Return somebody's identifier at this provider: another at every server, and a UUID where it is one."""
        if self.part.map("profile_map").get("uid", "").endswith("uuid"):
            return f"{{{uuid5(NAMESPACE_URL, f'{self.base}/{person.id}')}}}"
        if not self.server:
            return person.id
        return str(int(sha256(f"{self.server} {person.id}".encode()).hexdigest()[:14], 16))

    def values(self, person: Person, request: Request) -> dict[str, object]:
        """Return what is told of somebody, by the names of :class:`~socialreg.types.Profile`'s fields."""
        first, last = split_name(person.name)
        spelt = self.part.texts("true_strings")
        # OpenID Connect Core section 5.3.2: a claim without a value is left out, and not null.
        absent = LEFT_OUT if self.part.is_oidc else None
        return {
            "uid": self.uid(person),
            "username": person.screen_name,
            "full_name": person.name,
            "first_name": first,
            "last_name": last,
            "email": person.email or absent,
            "email_verified": (spelt[0] if spelt else True) if person.email else absent,
            "picture": person.picture_url(request.origin),
            "profile_url": f"{self.base}/@{person.screen_name}",
            "locale": "en-GB",
            "timezone": 1,
            **self.told,
        }


def fields_of(text: str) -> dict[str, str]:
    """Return the parameters of a query or a form.

    :raises Refusal: one comes twice (RFC 6749 sections 3.1 and 3.2).
    """
    pairs = parse_qsl(text, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal("invalid_request", "A parameter comes twice.")
    return fields
