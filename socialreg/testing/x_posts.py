"""Posts, as X's API takes, keeps and gives them: v2 (``/2/tweets``), and v1.1 (``statuses/update.json``).

https://docs.x.com/x-api/posts/create-post. What is refused, is refused with the problems that X is seen to answer.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import profiles
from .errors import Refusal, problem
from .messages import Request, Response
from .x_callers import Caller, Callers

TWEETS = "/2/tweets"
TWEET = "/2/tweets/:id"
USER_TWEETS = "/2/users/:id/tweets"
UPDATE = "/1.1/statuses/update.json"
#: Characters; X weighs them, and counts this many of most.
LENGTH = 280
_FIRST_ID = 1_900_000_000_000_000_001
_PROBLEMS = "https://api.twitter.com/2/problems"
_PERMISSIONS = "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody said. ``when`` is in Unix seconds."""

    id: str
    author_id: str
    text: str
    when: float


class Posts:
    """X's calls about posts.

    :param callers: finds out who calls.
    :param kept: every post, the oldest first.
    """

    def __init__(self, callers: Callers, kept: list[Post]) -> None:
        self._callers = callers
        self._kept = kept
        self._ids = itertools.count(_FIRST_ID)
        self._lock = threading.Lock()
        self.routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", TWEETS): self._create,
            ("DELETE", TWEET): self._delete,
            ("GET", USER_TWEETS): self._list,
            ("POST", UPDATE): self._update,
        }

    def _create(self, request: Request) -> Response:
        caller = self._callers.identify(request)
        if not caller.may_write:
            return _not_allowed(caller)
        text = _text_in(request)
        if not 0 < len(text) <= LENGTH:
            return problem(400, "One or more parameters to your request was invalid.", {"title": "Invalid Request"})
        post = self._keep(caller, text, request.when)
        if post is None:
            return problem(403, "You are not allowed to create a Tweet with duplicate content.")
        return Response.json({"data": _shown(post)}, 201)

    def _delete(self, request: Request) -> Response:
        caller = self._callers.identify(request)
        if not caller.may_write:
            return _not_allowed(caller)
        found = next((post for post in self._kept if post.id == request.path.rpartition("/")[2]), None)
        if found is None:
            return problem(404, "Could not find this tweet.", {"type": f"{_PROBLEMS}/resource-not-found"})
        if found.author_id != caller.person.id:
            return problem(403, "You are not authorized to delete this Tweet.")
        self._kept.remove(found)
        return Response.json({"data": {"deleted": True}})

    def _list(self, request: Request) -> Response:
        caller = self._callers.identify(request)
        if caller.scope is not None and not {"tweet.read", "users.read"} <= set(caller.scope):
            return problem(403, "Forbidden")
        author = request.path.split("/")[3]
        found = [_shown(post) for post in reversed(self._kept) if post.author_id == author]
        return Response.json({**({"data": found} if found else {}), "meta": {"result_count": len(found)}})

    def _update(self, request: Request) -> Response:
        caller = self._callers.identify(request)
        if caller.scope is not None:
            raise Refusal(220)  # v1.1 takes no token of OAuth 2.0
        if not caller.may_write:
            raise Refusal(261)
        text = {**request.query_fields(), **request.form_fields()}.get("status", "")
        post = self._keep(caller, text, request.when)
        if post is None:
            raise Refusal(187)
        said = time.strftime("%a %b %d %H:%M:%S +0000 %Y", time.gmtime(post.when))
        author = profiles.v1(caller.person, request.origin, {"skip_status": "true"}, {})
        return Response.json(
            {"id": int(post.id), "id_str": post.id, "text": post.text, "created_at": said, "user": author}
        )

    def _keep(self, caller: Caller, text: str, when: float) -> Post | None:
        """Keep a post; ``None`` if its author has said the same before."""
        with self._lock:
            if any((post.author_id, post.text) == (caller.person.id, text) for post in self._kept):
                return None
            post = Post(str(next(self._ids)), caller.person.id, text, when)
            self._kept.append(post)
            return post


def _shown(post: Post) -> dict[str, object]:
    return {"id": post.id, "text": post.text, "edit_history_tweet_ids": [post.id]}


def _not_allowed(caller: Caller) -> Response:
    if caller.scope is None:
        return problem(403, _PERMISSIONS, {"type": f"{_PROBLEMS}/oauth1-permissions"})
    return problem(403, "Forbidden")


def _text_in(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return ""
    try:
        text = json.loads(request.body).get("text")
    except (ValueError, AttributeError):
        return ""
    return text if isinstance(text, str) else ""
