"""X's API for calls in somebody's name: under which hosts it goes, and which scope a call needs over OAuth 2.0.

https://docs.x.com/fundamentals/authentication/guides/v2-authentication-mapping
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

#: X's API has two names; clients written for the one mean the other as well.
_API = frozenset({"api.x.com", "api.twitter.com"})
#: Media that are uploaded go to hosts of their own, at X itself.
UPLOADS = ("upload.x.com", "upload.twitter.com")
_OWN_HOSTS = frozenset(f"https://{host}" for host in _API)
#: What a call has to be allowed besides reading, by method and path.
_SCOPES = {
    r"(POST|DELETE) \S*/2/tweets(/\d+)?": "tweet.write",
    r"(POST|DELETE) \S*/2/users/\d+/retweets(/\d+)?": "tweet.write",
    r"(POST|DELETE) \S*/2/users/\d+/likes(/\d+)?": "like.write",
    r"(POST|DELETE) \S*/2/users/\d+/following(/\d+)?": "follows.write",
    r"(POST|DELETE) \S*/2/users/\d+/bookmarks(/\d+)?": "bookmark.write",
    r"POST \S*/2/dm_conversations\S*": "dm.write",
    r"POST \S*/2/media/upload\S*": "media.write",
}


def route(url: str, api_host: str) -> str:
    """Return where a call to X's API really goes: to ``api_host``, by whichever of X's names it was addressed.

    :param api_host: scheme and host of the settings.
    """
    parts = urlsplit(url)
    moves = _API if api_host in _OWN_HOSTS else _API.union(UPLOADS)
    if parts.scheme != "https" or parts.netloc not in moves:
        return url
    target = urlsplit(api_host)
    return urlunsplit(parts._replace(scheme=target.scheme, netloc=target.netloc, path=f"{target.path}{parts.path}"))


def needed_scope(where: str) -> str:
    """Return the scope that a call needs besides those of a login, ``""`` if that is not known.

    :param where: the call as an answer names it.
    """
    return next((scope for call, scope in _SCOPES.items() if re.fullmatch(call, where)), "")
