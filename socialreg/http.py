"""The one way out: every request to a provider goes through :class:`Client`, and nothing else imports requests.

A broken or hostile peer costs at most the seconds and bytes written here, and gets no further than an error of
:mod:`exceptions`: https only, certificates always checked, redirects refused, no cookies, no proxies or passwords from
the environment, no addresses that are not public unless the operator named them. See :mod:`sockets` and below for how.
"""

from __future__ import annotations

import logging
import os
import random
import re
import ssl
import time
import zlib
from collections.abc import Mapping
from functools import cached_property, lru_cache
from http.cookiejar import DefaultCookiePolicy

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError

from . import __version__, rate_limits
from .addresses import Gate
from .answer import Answer
from .deadlines import CONNECT_SECONDS, READ_SECONDS, Fault, allow, deadline
from .origins import split
from .outcomes import error_of
from .sockets import BODY_BYTES, pool_classes

__all__ = ["Client", "deadline"]

# This room writes neither query nor header nor body. urllib3 writes method, path and query to its own log at DEBUG:
# safe as long as secrets travel in headers and bodies, as RFC 5849 section 3.5.1 and RFC 9700 section 4.3.2 have it.
logger = logging.getLogger(__name__)

#: Before a GET is repeated, so that a fleet does not come back all at once.
JITTER_SECONDS = 0.15
POOL_SIZE = 32
HOSTS = 64
#: gzip alone is asked for: of deflate there are two kinds, and servers disagree which one is meant.
HEADERS = {
    "User-Agent": f"socialreg/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Connection": "keep-alive",
}
#: RFC 1950 and RFC 1952, as the window sizes of zlib.
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
#: Characters of a host that a log has to bear (RFC 1035 section 2.3.4).
_NAME_LENGTH = 255
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Client:
    """Sends requests over connections that are kept and shared by all threads of a process.

    :param private_hosts: ``host`` or ``host:port`` of those that may have addresses which are not public.
    :param plain_http: whether ``http://`` may be used to those of them that are on this machine (loopback).
    :param ca_file: certificates to trust, in PEM format, instead of certifi's.
    :raises ConfigurationError: ``ca_file`` cannot be read.
    """

    def __init__(
        self,
        *,
        private_hosts: frozenset[str] = frozenset(),
        plain_http: bool = False,
        ca_file: str | None = None,
    ) -> None:
        self._private_hosts = frozenset(host.lower() for host in private_hosts)
        self._plain_http = plain_http
        self._ca_file = ca_file
        self._tls = _tls_context(ca_file or certifi.where())
        self._sessions: dict[int, _Session] = {}

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request and return the whole answer, whatever its status but a redirect.

        Takes at most 3 s to connect, 5 s of silence and 10 s in all, or what is left of the :func:`deadline` around
        it; reads at most 1 MiB, also after decompression. A GET whose connection fails is sent once more, nothing
        else is ever repeated.

        :param url: an ``https`` address. Secrets have no place in its query.
        :raises ConfigurationError: the address or a header cannot be used, or the host is not public.
        :raises Unavailable: not reached, not in time, or not with a certificate to trust.
        :raises BadAnswer: a redirect, or too large, or not HTTP.
        """
        where = _describe(method, url)
        try:
            self._check(method, url, headers or {})
            with deadline():
                request = requests.Request(method, url, headers=dict(headers or {}), data=body)
                return self._send(request, where)
        except Fault as fault:
            error = error_of(fault, where)
        except requests.exceptions.InvalidURL:
            error = error_of(Fault("address", "the address has no host, or none that can be looked up"), where)
        except Exception as unforeseen:  # noqa: BLE001 - whatever the libraries make of hostile bytes
            error = error_of(Fault("malformed", f"it came to a {type(unforeseen).__name__}"), where)
        # Raised out here, so that nothing hangs on it: the libraries' errors carry the address with its query.
        logger.debug("%s: %s", where, error.code)
        raise error

    @cached_property
    def for_visitors(self) -> Client:
        """The way to hosts that visitors name: ``private_hosts``, which are the operator's, stay out of their reach.

        Names that are slow to look up, or very many hosts, are in nobody's way there but each other's.
        """
        return Client(ca_file=self._ca_file)

    def close(self) -> None:
        """Close this process's connections. A later :meth:`send` opens new ones."""
        session = self._sessions.pop(os.getpid(), None)
        if session is not None:
            session.close()
        if "for_visitors" in self.__dict__:
            self.for_visitors.close()

    def _check(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        parts = split(url)
        if parts is None or "@" in parts.netloc:
            raise Fault("address", "the address is not of the form https://host/path")
        if parts.scheme != "https" and not (self._plain_http and parts.scheme == "http"):
            raise Fault("not-https", "the address is not https")
        if not _TOKEN.fullmatch(method):
            raise Fault("header", "the method is not one word")
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name) or not (value.isascii() and value.isprintable()):
                raise Fault("header", "a header holds characters that no header can carry")

    def _send(self, request: requests.Request, where: str) -> Answer:
        session = self._session()
        prepared = session.prepare_request(request)
        try:
            return _exchange(session, prepared, where)
        except Fault as fault:
            if request.method != "GET" or fault.code != "connection":
                raise
        time.sleep(allow(random.uniform(0, JITTER_SECONDS)))  # noqa: S311 - no secret
        return _exchange(session, prepared, where)

    def _session(self) -> _Session:
        # By process: a forked worker must not speak on its parent's connections, nor close them, so they stay there.
        process = os.getpid()
        if process not in self._sessions:
            self._sessions.setdefault(process, _Session(Gate(self._private_hosts), self._tls))
        return self._sessions[process]


class _Session(requests.Session):
    """A session that takes nothing from the environment, remembers nothing and follows nothing."""

    def __init__(self, gate: Gate, tls: ssl.SSLContext) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()
        self.headers.update(HEADERS)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        adapter = _Adapter(gate, tls)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Say that there is none: requests would read the whole body of a redirect before it asks whether to follow."""
        return None


class _Adapter(HTTPAdapter):
    """urllib3's pools, with connections of ours and one TLS context for all of them."""

    def __init__(self, gate: Gate, tls: ssl.SSLContext) -> None:
        super().__init__()
        self.poolmanager = PoolManager(num_pools=HOSTS, maxsize=POOL_SIZE, block=False, ssl_context=tls)
        self.poolmanager.pool_classes_by_scheme = pool_classes(gate)

    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """Leave the pool alone: its context verifies. requests would load the bundle anew for every connection."""


@lru_cache(maxsize=4)
def _tls_context(ca_file: str) -> ssl.SSLContext:
    # Reading certifi's bundle costs more than a whole login: once per process, not once per client.
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        cause = f"{ca_file}: {error.strerror or type(error).__name__}"
        raise error_of(Fault("ca-file", cause), "Loading the trusted certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context


def _exchange(session: _Session, request: requests.PreparedRequest, where: str) -> Answer:
    began = time.monotonic()
    response = session.send(
        request,
        stream=True,
        verify=True,
        proxies={},
        allow_redirects=False,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    try:
        _refuse_redirect(response)
        body = _decompress(_read(response.raw), response.headers.get("content-encoding", "").lower())
    finally:
        response.close()
    milliseconds = (time.monotonic() - began) * 1000
    logger.debug("%s -> %d in %d ms, %d bytes", where, response.status_code, milliseconds, len(body))
    answer = Answer(response.status_code, where, {k.lower(): v for k, v in response.headers.items()}, body)
    rate_limits.show(answer)
    return answer


def _refuse_redirect(response: requests.Response) -> None:
    if response.status_code // 100 == 3:  # noqa: PLR2004 - the HTTP class of status
        parts = split(response.headers.get("location", ""))
        host = (parts.hostname if parts else None) or "no other host"
        raise Fault("redirect", f"the answer is {response.status_code}, a redirect to {host[:_NAME_LENGTH]}")


def _read(raw: BaseHTTPResponse) -> bytes:
    body = bytearray()
    try:
        for piece in raw.stream(decode_content=False):
            body += piece
            if len(body) > BODY_BYTES:
                raise Fault("too-large", "the body is larger than allowed")
    except (HTTPError, ValueError) as error:  # ValueError: a chunk of negative size
        raise Fault("truncated", f"the body broke off ({type(error).__name__})") from None
    return bytes(body)


def _decompress(body: bytes, coding: str) -> bytes:
    # Not left to urllib3, which takes a stream that was cut off, or is followed by something else, for a whole one:
    # a token cut short is worse than none.
    if not body or coding in {"", "identity"}:
        return body
    if coding not in _WINDOWS:
        raise Fault("encoding", "the body is encoded in a way that was not asked for")
    inflater = zlib.decompressobj(_WINDOWS[coding])
    try:
        result = inflater.decompress(body, BODY_BYTES + 1)
    except zlib.error:
        raise Fault("encoding", "the compressed body is damaged") from None
    if len(result) > BODY_BYTES:
        raise Fault("too-large", "the body is larger than allowed once decompressed")
    if not inflater.eof or inflater.unused_data:
        raise Fault("encoding", "the compressed body is not whole")
    return result


def _describe(method: str, url: str) -> str:
    """Return how a request is named in errors and logs: without user, password and query."""
    parts = split(url)
    if parts is None:
        return f"{method} (unreadable address)"
    return f"{method} {parts.netloc.rpartition('@')[2]}{parts.path}"
