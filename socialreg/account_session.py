"""``account.session()``: a :class:`requests.Session` whose calls are one account's.

What requests calls a session is kept: ``session.post(url, json=...)``, ``params``, ``data``, ``files``, ``headers``,
``.json()``, ``.status_code``, ``.raise_for_status()``. How it gets out is not: every call goes through
:class:`socialreg.http.Client`, with its deadlines and limits. So these have no effect: ``verify``, ``cert``,
``proxies``, ``timeout``, ``allow_redirects``, ``stream``, ``auth``, cookies, and everything in the environment; and
neither have the headers ``Authorization``, ``Cookie``, ``Host`` and those of the connection. A redirect is an error.

Not for several threads at once: the account's fields change under its calls. Make a session in each.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from http.client import responses as reasons
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from .account_calls import AccountCalls
from .answer import Answer
from .exceptions import SocialRegError
from .models import SocialAccount
from .types import Call

#: What the way out says by itself, and what nobody may say here: each of these could lead a token astray.
_OURS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "proxy-authorization",
        "transfer-encoding",
    }
)

#: What an answer may be encoded in. Python has codecs besides that take a minute for a mebibyte (``punycode``), or
#: raise what nobody expects of ``response.text`` (``idna``); and requests would guess where none is named, as slowly.
_CHARSET = re.compile(
    r"utf-?(8|16|32)([-_]?[bl]e)?|us-ascii|ascii|iso-8859-\d{1,2}|windows-125\d|shift_jis|euc-(jp|kr)|big5|gb(2312|k|18030)",
    re.IGNORECASE,
)


class AccountSession(requests.Session):
    """A session that acts as an account.

    Its calls raise :class:`~socialreg.exceptions.Revoked`, :class:`~socialreg.exceptions.Forbidden`,
    :class:`~socialreg.exceptions.RateLimited` and :class:`~socialreg.exceptions.Barred` where an answer says so, and
    what :meth:`AccountCalls.make <socialreg.account_calls.AccountCalls.make>` raises. Any other answer is returned, be
    it an error.

    :param raises: whether it does; if not, those answers are returned as well.
    """

    def __init__(self, account: SocialAccount, *, raises: bool = True) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()  # "Accept-Encoding: br" would bring what nobody can unpack
        self.adapters.clear()
        adapter = _Adapter(AccountCalls(account), raises=raises)
        self.mount("https://", adapter)
        self.mount("http://", adapter)


class _Adapter(BaseAdapter):
    """What requests takes for its way out."""

    def __init__(self, calls: AccountCalls, *, raises: bool) -> None:
        super().__init__()
        self._calls = calls
        self._raises = raises

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: object = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Make the call; nothing but the request counts."""
        try:
            answer, error = self._calls.make(_call(request))
        except SocialRegError as raised:
            # Whoever catches nothing shows it to an error tracker, with the variables of every frame: none of ours.
            raise raised.with_traceback(None) from None
        if error is not None and self._raises:
            raise error
        return _response(answer, request)

    def close(self) -> None:
        """Do nothing: the connections are everybody's."""


def _call(request: requests.PreparedRequest) -> Call:
    headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OURS}
    body = None if request.body is None else _bytes(request.body)
    return Call(request.method or "GET", request.url or "", headers, body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    """Return a body as it is sent: requests has texts, files and generators as well."""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    return _bytes(body.read()) if hasattr(body, "read") else b"".join(map(_bytes, body))


def _response(answer: Answer, request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.reason = reasons.get(answer.status, "")
    # The body is unpacked by now.
    told = {name: value for name, value in answer.headers.items() if name not in {"content-encoding", "content-length"}}
    response.headers = CaseInsensitiveDict(told)
    named = get_encoding_from_headers(response.headers) or ""
    response.encoding = named if _CHARSET.fullmatch(named) else "utf-8"
    response.url = request.url or ""
    response.request = request  # as the caller made it: without our Authorization
    response.raw = io.BytesIO(answer.body)
    return response
