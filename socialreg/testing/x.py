"""The calls that an application makes: X's OAuth endpoints and identity calls, as X documents them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from . import profiles
from .errors import PlainRefusal, Refusal, error, plain, problem
from .messages import Notes, Request, Response
from .oauth1_desk import Desk, confirmed, handed_out
from .x_callers import Callers
from .x_posts import TWEET, TWEETS, UPDATE, USER_TWEETS, Posts

REQUEST_TOKEN = "/oauth/request_token"  # noqa: S105 - an address
ACCESS_TOKEN = "/oauth/access_token"  # noqa: S105
USERS_ME = "/2/users/me"
VERIFY_CREDENTIALS = "/1.1/account/verify_credentials.json"
INVALIDATE_TOKEN = "/1.1/oauth/invalidate_token.json"  # noqa: S105
#: Every call that an application makes; ``:id`` stands for a number.
API = frozenset(
    {
        *(REQUEST_TOKEN, ACCESS_TOKEN, USERS_ME, VERIFY_CREDENTIALS, INVALIDATE_TOKEN),
        *(TWEETS, TWEET, USER_TWEETS, UPDATE),
    }
)
_NUMBER = re.compile(r"(?<=[a-z]/)\d+(?=/|$)")

#: Reads per quarter of an hour (X's published figure). The stand-in tells it and does not enforce it.
LIMIT = 75
WINDOW = 900


class X:
    """X's API for one application.

    :param desk: where its tokens are handed out; they are shared with the consent page.
    :param callers: finds out who makes a call in somebody's name.
    :param posts: its calls about posts.
    :param told: what is told of everybody in place of the truth, by the names of a
        :class:`~socialreg.types.Profile`'s fields.
    """

    def __init__(self, desk: Desk, callers: Callers, posts: Posts, told: Mapping[str, object]) -> None:
        self._desk = desk
        self._callers = callers
        self._told = told
        self.routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", REQUEST_TOKEN): self._request_token,
            ("POST", ACCESS_TOKEN): self._access_token,
            ("GET", USERS_ME): self._users_me,
            ("GET", VERIFY_CREDENTIALS): self._verify_credentials,
            ("POST", INVALIDATE_TOKEN): self._invalidate_token,
            **posts.routes,
        }

    def answer(self, request: Request) -> Response:
        """Answer a call, with X's errors as answers and X's rate-limit headers on every one."""
        try:
            response = self.routes[request.method, endpoint(request.path)](request)
        except Refusal as refusal:
            response = _refuse(refusal, request.path)
        except PlainRefusal as refusal:
            response = plain(str(refusal))
        return response.with_headers(rate_limit(request.when, LIMIT - 1))

    def _request_token(self, request: Request) -> Response:
        return confirmed(self._desk.issue(request))

    def _access_token(self, request: Request) -> Response:
        approved = self._desk.exchange(request)
        person = self._callers.person(approved.person_id)
        said = {
            "user_id": self._told.get("uid", person.id),
            "screen_name": self._told.get("username", person.screen_name),
        }
        answer = handed_out(self._desk.tokens.issue_access(person.id, approved.access), said)
        return replace(answer, notes=Notes(paths={"uid": "user_id", "username": "screen_name"}))

    def _users_me(self, request: Request) -> Response:
        person = self._callers.identify(request).person
        asked = [name for name in request.query_fields().get("user.fields", "").split(",") if name]
        unknown = [name for name in asked if name not in profiles.V2_FIELDS]
        if unknown:
            detail = "One or more parameters to your request was invalid."
            return problem(400, detail, {"errors": [{"parameters": {"user.fields": unknown}}]})
        return Response.json({"data": profiles.v2(person, request.origin, asked, self._told)})

    def _verify_credentials(self, request: Request) -> Response:
        signed, token = self._desk.owner(request)
        return Response.json(
            profiles.v1(self._callers.person(token.person_id), request.origin, signed.fields, self._told)
        )

    def _invalidate_token(self, request: Request) -> Response:
        _, token = self._desk.owner(request)
        self._desk.tokens.invalidate(token.key)
        return Response.json({"access_token": token.key})


def endpoint(path: str) -> str:
    """Return what a path is the address of at X, ``""`` if it is none of its calls."""
    found = path if path in API else _NUMBER.sub(":id", path)
    return found if found in API else ""


def rate_limit(now: float, remaining: int) -> dict[str, str]:
    """Return the headers that X puts on every answer; the reset is in Unix seconds."""
    return {
        "x-rate-limit-limit": str(LIMIT),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(int(now) + WINDOW),
    }


def _refuse(refusal: Refusal, path: str) -> Response:
    # The v2 endpoints say 401 in their own way and keep the reason to themselves.
    if path.startswith("/2/") and refusal.code in {32, 89, 135, 215}:
        return problem(401, "Unauthorized")
    return error(refusal.code, path, refusal.shape)
