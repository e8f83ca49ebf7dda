"""The page that shows what was posted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from . import pages
from .messages import Request, Response
from .people import Person
from .x_posts import Post

POSTS = "/posts"


class PostsPage:
    """The posts, the latest first.

    :param posts: everything that was posted so far, the oldest first; it grows while this looks at it.
    """

    def __init__(self, posts: Sequence[Post], people: Mapping[str, Person]) -> None:
        self._posts = posts
        self._people = people
        self.routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {("GET", POSTS): self._show}

    def _show(self, _request: Request) -> Response:
        rows = [self._row(post) for post in reversed(list(self._posts))]
        shown = pages.render("posts", {"rows": pages.join(rows)}) if rows else pages.render("no-posts", {})
        return pages.page("Posts", shown, brand="X")

    def _row(self, post: Post) -> pages.Html:
        author = next((each for each in self._people.values() if each.id == post.author_id), None)
        values = {
            "name": author.name if author else "Somebody who is gone",
            "handle": author.screen_name if author else "",
            "picture": author.picture_url("") if author else "",
            "at": time.strftime("%H:%M:%S", time.localtime(post.when)),
            "text": post.text,
        }
        return pages.render("said", values)
