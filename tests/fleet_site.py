"""The site of :mod:`tests.fleets` as gunicorn serves it. A request may ask for its own process to be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connection

from socialreg.registry import providers
from tests.fleets import DEATH

providers.plain_http_for_tests = True
_site = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request, or die over it."""
    moment = environ.get(f"HTTP_{DEATH.upper().replace('-', '_')}")
    if moment is None:
        return _site(environ, start_response)
    with connection.execute_wrapper(_Death(int(moment))):
        return _site(environ, start_response)


class _Death:
    """Kills this process, as the kernel does that is out of memory: nothing is cleaned up, nothing is said."""

    def __init__(self, moment: int) -> None:
        self._left = moment

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            return execute(sql, params, many, context)
        self._pass()
        done = execute(sql, params, many, context)
        self._pass()
        return done

    def _pass(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
