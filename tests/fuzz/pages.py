"""What must be true of every answer to a browser; and how a browser writes what no keyboard types."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpResponse


def check_page(response: HttpResponse) -> None:
    """Assert that an answer is a page of ours or the way on. What is raised, Django's client raises."""
    assert response.status_code != 500
    assert response.status_code < 600
    assert "no-store" in response.get("Cache-Control", "no-store")


def raw(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()
