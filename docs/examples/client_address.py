"""Where a request comes from, on a site behind one proxy that appends the address it saw to X-Forwarded-For."""

from __future__ import annotations

from django.http import HttpRequest


def behind_one_proxy(request: HttpRequest) -> str:
    """Return the address that the proxy saw: the last one, which no visitor can write."""
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
