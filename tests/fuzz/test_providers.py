"""Every provider that ships, by its own documented answers, altered: who comes out, or an error of ours.

The steps are called as the provider has them, without the net that :mod:`socialreg.steps` spreads for classes of a
site's own: what that would catch is a bug here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from socialreg import strict_json
from socialreg.answer import Answer
from socialreg.testing.messages import Response
from socialreg.types import subject
from tests.fuzz.altered import altered, said
from tests.fuzz.claims import check_credentials, check_profile, check_raw, told
from tests.fuzz.hostile import nested, statuses, texts
from tests.fuzz.profiles import fuzz
from tests.fuzz.wire import Wire, grids
from tests.providers.grid import CALLBACK, Grid, OIDCGrid

#: What has been asked for where the provider hands out addresses by a call of their own.
_EMAILS = [{"email": "a@example.com", "primary": True, "verified": True}, {"email": "b@example.com", "verified": 1}]
_EMAILS_OF = {"bitbucket": {"values": [{"email": "a@example.com", "is_primary": True, "is_confirmed": True}]}}


class Told:
    """A provider on a wire, made anew: what it remembers of other examples would be in the way."""

    def __init__(self, name: str) -> None:
        self.grid: Grid = grids()[name]()
        self.wire: Any = Wire()
        self.grid.serve(self.wire, self.grid.full)
        self.provider = self.grid.make(self.wire, self.wire)

    def begin(self) -> tuple[Mapping[str, str], dict[str, str]]:
        redirect = self.provider.authorize(CALLBACK, "login", {})
        issuer, promised = self.provider.callback_issuer()
        back = {"state": redirect.key, "code": "the-c0de", **self.grid.callback}
        return redirect.pending, back | ({"iss": issuer} if promised else {})

    def tell(self, pending: Mapping[str, str], data: Any) -> None:
        """Let the profile, or the claims of the ID token, be ``data``."""
        if isinstance(self.grid, OIDCGrid):
            self.grid.claims = data
            self.grid.prepare(self.wire, self.provider, pending)
        else:
            self.wire.answers["/profile"] = Response(200, data)

    def arrive(self, pending: Mapping[str, str], back: Mapping[str, str], answers: Mapping[str, Response]) -> None:
        """Take the second and the third step, and see that what comes out is somebody, and the same one."""
        self.wire.answers.update(answers)
        credentials = told(lambda: self.provider.verify(pending, back))
        if credentials is None:
            return
        check_credentials(credentials)
        assert credentials.issuer or subject(self.provider.issuer)
        profile = told(lambda: self.provider.fetch_profile(credentials))
        if profile is not None:
            assert profile.uid == credentials.uid
            check_profile(profile)
        check_profile(self.provider.profile_from(credentials))


@cache
def _worlds(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return what is answered: a body for OAuth 2.0, and claims for OpenID Connect, which are signed later."""
    grid = grids()[name]
    world = {"person": altered(grid.full) if issubclass(grid, OIDCGrid) else said(grid.full)}
    if getattr(grid, "userinfo", None) is not None:
        world["/userinfo"] = st.builds(Response, statuses, said({**grid.userinfo, "sub": grid.full["sub"]}))
    if grid.provider.emails_url:
        world["/emails"] = st.builds(Response, statuses, said(_EMAILS_OF.get(name.partition("-")[0], _EMAILS)))
    if "user" in grid.callback:  # Apple's names come by the browser
        world["user"] = st.one_of(texts, said({"name": {"firstName": "M", "lastName": "L"}}).map(_text))
    return st.fixed_dictionaries(world)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


@pytest.mark.parametrize("name", grids())
@fuzz
@given(data=st.data())
def test_whoever_is_told_of_can_be_stored_and_shown_or_is_nobody(name, data):
    world, provider = data.draw(_worlds(name)), Told(name)
    pending, back = provider.begin()
    person = world.pop("person")
    provider.tell(pending, person if isinstance(person, dict | bytes) else {"a": person})
    provider.arrive(pending, {**back, **({"user": world.pop("user")} if "user" in world else {})}, world)


@fuzz
@given(said({"id": "7", "name": "Mara", "of": [{"a": 1}]}))
@example(json.dumps({"a": nested(strict_json.DEPTH - 1, in_lists=True)}).encode())
@example(b'{"a\\u0000": "\\u0000\\ud800"}')
def test_what_is_kept_of_an_answer_is_taken_by_every_database(body):
    raw = told(Answer(200, "GET provider.example/profile", {}, body).json)
    if raw is not None:
        check_raw(raw)
