"""What is in circulation at a played provider: codes, access tokens, refresh tokens, registered applications."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: RFC 6749 section 4.1.2 recommends at most ten minutes for a code. In seconds, as all here.
CODE_LIFETIME = 600
TOKEN_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Client:
    """An application. ``redirect_uris`` are those that it has registered, ``None`` where any will do."""

    id: str
    name: str
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person has allowed an application, from the code to the last of the tokens that came of it.

    ``claims`` are the names that the ``claims`` parameter asked for, by where (OpenID Connect Core section 5.5).
    """

    client_id: str
    redirect_uri: str
    person_id: str
    scope: tuple[str, ...]
    expires: float
    challenge: str = ""
    nonce: str = ""
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Grants:
    """Everything that one provider, or one server of it, has handed out."""

    def __init__(self) -> None:
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}
        self._refresh: dict[str, tuple[str, Grant]] = {}
        self._spent: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        #: Applications that registered themselves.
        self.clients: dict[str, Client] = {}
        #: Whose name the application was told: once is enough (Apple).
        self.introduced: set[str] = set()

    def code(self, grant: Grant) -> str:
        """Return a code for a grant."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = grant
        return code

    def pending(self, code: str) -> Grant | None:
        """Return what a code stands for, as long as it is good for anything."""
        return self._codes.get(code)

    def spend(self, code: str) -> Grant | None:
        """Take a code out of circulation. Of two who try, one gets it.

        Whoever brings it again ends all that came of it (RFC 6749 section 4.1.2).
        """
        with self._lock:
            for token in self._spent.pop(code, []):
                self._tokens.pop(token, None)
                self._refresh.pop(token, None)
            return self._codes.pop(code, None)

    def tokens(self, grant: Grant, now: float, code: str = "") -> tuple[str, str]:
        """Return an access token and a refresh token.

        :param code: what they are given for, if that is a code.
        """
        access, refresh = secrets.token_urlsafe(30), secrets.token_urlsafe(30)
        with self._lock:
            self._tokens[access] = replace(grant, expires=now + TOKEN_LIFETIME)
            self._refresh[refresh] = (access, grant)
            if code:
                self._spent[code] = [access, refresh]
        return access, refresh

    def rotate(self, refresh: str) -> Grant | None:
        """Spend a refresh token and end the access token that came with it; ``None`` if it is no good."""
        with self._lock:
            access, grant = self._refresh.get(refresh, ("", None))
            if grant is None:
                return None
            del self._refresh[refresh]
            self._tokens.pop(access, None)
            return grant

    def refreshable(self, refresh: str) -> Grant | None:
        """Return what a refresh token is for that is not spent, ``None`` if it is no good."""
        return self._refresh.get(refresh, ("", None))[1]

    def revoke(self, token: str) -> None:
        """Make an access token good for nothing, or a refresh token with all access tokens that came of it."""
        with self._lock:
            self._tokens.pop(token, None)
            _, grant = self._refresh.pop(token, ("", None))
            if grant is not None:
                self._tokens = {each: of for each, of in self._tokens.items() if not _is_one(of, grant)}

    def withdraw(self, person_id: str) -> None:
        """Make all tokens of a person good for nothing."""
        with self._lock:
            self._tokens = {token: of for token, of in self._tokens.items() if of.person_id != person_id}
            self._refresh = {token: of for token, of in self._refresh.items() if of[1].person_id != person_id}

    def access(self, token: str, now: float) -> Grant | None:
        """Return what an access token is good for, ``None`` if for nothing."""
        grant = self._tokens.get(token)
        return grant if grant is not None and now < grant.expires else None


def _is_one(grant: Grant, other: Grant) -> bool:
    """Whether two tokens come of one consent."""
    return replace(grant, expires=0, nonce="") == replace(other, expires=0, nonce="")
