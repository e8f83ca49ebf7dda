"""Who makes a call to X's API: signed over OAuth 1.0a, or with a token that was handed out over OAuth 2.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import Refusal
from .messages import Request
from .oauth1_desk import Desk
from .oauth2.grants import Grant
from .people import Person

#: Returns what an access token is good for at a moment, ``None`` if for nothing.
Bearers = Callable[[str, float], Grant | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name a call is made. ``scope`` is what was granted, ``None`` over OAuth 1.0a, which has none."""

    person: Person
    may_write: bool
    scope: tuple[str, ...] | None = None


class Callers:
    """Finds out who calls.

    :param desk: where OAuth 1.0a's tokens were handed out.
    :param people: everybody who has an account; looked at anew with every call.
    :param bearers: finds the tokens of OAuth 2.0.
    """

    def __init__(self, desk: Desk, people: Mapping[str, Person], bearers: Bearers) -> None:
        self._desk = desk
        self._people = people
        self._bearers = bearers

    def identify(self, request: Request) -> Caller:
        """Return who calls.

        :raises Refusal: the call is not as it must be, or its token is no good, or its owner is gone, suspended or
            locked.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            _, access = self._desk.owner(request)
            return Caller(self.person(access.person_id), access.access != "read")
        grant = self._bearers(token, request.when)
        if grant is None:
            raise Refusal(89)
        return Caller(self.person(grant.person_id), "tweet.write" in grant.scope, grant.scope)

    def person(self, person_id: str) -> Person:
        """Return somebody by their id.

        :raises Refusal: they are gone, suspended or locked.
        """
        person = next((p for p in self._people.values() if p.id == person_id), None)
        if person is None:
            raise Refusal(89)
        if person.suspended:
            raise Refusal(64)
        if person.locked:
            raise Refusal(326)
        return person
