"""What a callback carries, taken out of the request: a code, a verifier, the state.

Where an error is one that nobody foresaw, of a hook of the site's own or of the database, Django shows the request and
every variable of every function on the way: on a debug page and in mails to ADMINS; error trackers send them, servers
log the address. What came in a query is in none of these, once it has been read here.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from .exceptions import Mismatch

#: What a neighbouring host can write: no address stands there, and nothing may be put together of what does.
_COOKIES = frozenset({"HTTP_COOKIE", "CSRF_COOKIE"})


class Parameters(dict[str, str]):
    """Parameters by name, of which nobody is shown more than the names."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


@dataclass(frozen=True, slots=True)
class Query:
    """What stood in the query of a callback. ``is_ambiguous``: a parameter of it comes twice."""

    parameters: Parameters
    is_ambiguous: bool

    def read(self) -> Parameters:
        """Return the parameters.

        :raises Mismatch: one of them comes twice: it belongs to nobody (RFC 6749 section 3.1).
        """
        if self.is_ambiguous:
            raise Mismatch(
                "The callback carries a parameter twice",
                cause="the link was put together by hand",
                remedy="Nothing: no provider was called",
            )
        return self.parameters


def take(request: HttpRequest) -> Query:
    """Return what the query of a callback says, and leave nothing of it in the request."""
    given = request.GET
    _forget(request)
    return Query(Parameters(given.dict()), any(len(values) > 1 for _, values in given.lists()))


def _forget(request: HttpRequest) -> None:
    query = request.META.get("QUERY_STRING", "")
    request.GET = QueryDict()
    if not query:
        return
    request.META["QUERY_STRING"] = ""
    request.META.update((name, value.partition("?")[0] + "?") for name, value in _addresses(request, query))


def _addresses(request: HttpRequest, query: str) -> list[tuple[str, str]]:
    """Return where the whole address stands: servers and proxies have names of their own for it (``RAW_URI``).

    A query is whatever somebody wrote: it must be all of an address's, or ``?7`` would take sevens from everything.
    """
    texts = [(name, value) for name, value in request.META.items() if isinstance(value, str)]
    return [(name, value) for name, value in texts if name not in _COOKIES and value.partition("?")[2] == query]
