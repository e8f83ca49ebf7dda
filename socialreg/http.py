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
from collections.abc import Mapping
from functools import cached_property, lru_cache
from http.cookiejar import DefaultCookiePolicy

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager

from . import __version__, passages, rate_limits
from .addresses import Gate
from .answer import Answer
from .bodies import decompress, read
from .deadlines import CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS, Fault, allow, deadline
from .exceptions import SocialRegError
from .origins import split
from .outcomes import error_of
from .sockets import pool_classes

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

        Takes at most 3 s to connect, 5 s of silence and 9.5 s in all, or what is left of the :func:`deadline` around
        it; reads at most 1 MiB, also after decompression. A GET whose connection fails is sent once more, nothing
        else is ever repeated.

        :param url: an ``https`` address. Secrets have no place in its query.
        :raises ConfigurationError: the address or a header cannot be used, or the host is not public.
        :raises Unavailable: not reached, not in time, or not with a certificate to trust.
        :raises BadAnswer: a redirect, or too large, or not HTTP.
        """
        where, passage = _describe(method, url), passages.current()
        seconds = passage.begin(where) if passage else TOTAL_SECONDS
        with deadline(seconds):
            outcome = self._outcome(requests.Request(method, url, headers=dict(headers or {}), data=body), where)
        if passage:
            passage.end(where, outcome)
        if isinstance(outcome, Answer):
            return outcome
        # Raised out here, so that nothing hangs on it: the libraries' errors carry the address with its query.
        logger.debug("%s: %s", where, outcome.code)
        raise outcome

    def _outcome(self, request: requests.Request, where: str) -> Answer | SocialRegError:
        try:
            self._check(request.method, request.url, request.headers)
            return self._send(request, where)
        except Fault as fault:
            return error_of(fault, where)
        except requests.exceptions.InvalidURL:
            return error_of(Fault("address", "the address has no host, or none that can be looked up"), where)
        except Exception as unforeseen:  # noqa: BLE001 - whatever the libraries make of hostile bytes
            return error_of(Fault("malformed", f"it came to a {type(unforeseen).__name__}"), where)

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
        time.sleep(allow(random.uniform(0, JITTER_SECONDS)))  # noqa: S311 - no secret # nosec B311
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
        body = decompress(read(response.raw), response.headers.get("content-encoding", "").lower())
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


def _describe(method: str, url: str) -> str:
    """Return how a request is named in errors and logs: without user, password and query."""
    parts = split(url)
    if parts is None:
        return f"{method} (unreadable address)"
    return f"{method} {parts.netloc.rpartition('@')[2]}{parts.path}"
