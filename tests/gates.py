"""A stand-in that several people reach at the same moment, however fast each of them is; and many people."""

from __future__ import annotations

import threading
from typing import Any

from socialreg.lookup import find_class
from socialreg.testing import StandIn
from socialreg.testing.messages import Request, Response
from socialreg.testing.people import Person
from socialreg.testing.site import pointed_at

#: Longer than any of them takes: only a broken test waits this long.
PATIENCE = 60
#: The address of the call that a callback leads to, of OAuth 1.0a, OAuth 2.0 and OpenID Connect.
TOKEN = {"twitter": "/oauth/access_token", "x": "/x/token", "google": "/google/token"}
#: One more over OpenID Connect: it tells user names, which Google does not, so that its callback alone registers; and
#: as GitLab does, it tells them by UserInfo, which is asked once the account was looked for.
NAMING = "gitlab"


class Gate(StandIn):
    """A stand-in that keeps answers to one path back until as many have asked as are to be there at once."""

    _path = ""
    _barrier = threading.Barrier(1)

    def play_all(self) -> dict[str, Any]:
        """Return ``SOCIALREG`` of a site that has one provider of each protocol, and GitLab, all of them played."""
        socialreg = pointed_at(self)
        entries = {slug: self.play(slug, find_class(slug, {})) for slug in TOKEN if slug != "twitter"}
        entries[NAMING] = self.play(NAMING, find_class(NAMING, {}), claims_in="userinfo")
        return {**socialreg, "PROVIDERS": {**socialreg["PROVIDERS"], **entries}}

    def crowd(self, count: int) -> list[Person]:
        """Let there be so many people more, each with a name and an address of their own; return them."""
        made = [_person(number) for number in range(count)]
        self.people.update({person.screen_name: person for person in made})
        return made

    def hold(self, path: str, parties: int) -> None:
        """Keep the answers to ``path`` back from now on, until ``parties`` of them are there."""
        self._path, self._barrier = path, threading.Barrier(parties)

    def let_go(self) -> None:
        """Be the last that was waited for."""
        self._barrier.wait(PATIENCE)

    def _answer(self, request: Request) -> Response:
        response = super()._answer(request)
        if request.path == self._path:
            self._barrier.wait(PATIENCE)
        return response


def _person(number: int) -> Person:
    return Person(f"{10**12 + number}", f"person{number}", f"Person {number}", f"person{number}@example.com")
