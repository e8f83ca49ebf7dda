"""The steps of a login, each measured by itself; what the visitor does at the provider is not measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from .standin import StandIn, strangers

#: Measures whatever is done inside, under the name of a step.
Measure = Callable[[str], AbstractContextManager[object]]

_START = "/accounts/twitter/start/"
_REGISTER = "/accounts/register/"
RETURNING = ("start", "callback, returning")
NEW = ("start", "callback, new", "form", "submit")
STEPS = ("start", "callback, returning", "callback, new", "form", "submit")


def browser() -> Client:
    """Return a new browser, the site behind it being up already."""
    client = Client()
    client.handler.load_middleware()
    return client


def _post(client: Client, address: str, data: Mapping[str, str]) -> Any:
    """Send a form as browsers do."""
    return client.post(address, urlencode(data), content_type="application/x-www-form-urlencoded")


class Visits:
    """Visitors of the site, who are new again and again, or come back."""

    def __init__(self, x: StandIn) -> None:
        self._x = x
        self._known = ""

    def new(self, measure: Measure) -> None:
        """Somebody presses the button for the first time, sees the form and sends it."""
        somebody = next(strangers)
        client = browser()
        callback = self._start(client, somebody.screen_name, measure)
        with measure("callback, new"):
            _must(client.get(callback), _REGISTER)
        with measure("form"):
            client.get(_REGISTER)
        data = {"username": somebody.screen_name, "email": somebody.email or ""}
        with measure("submit"):
            _must(_post(client, _REGISTER, data), settings.LOGIN_REDIRECT_URL)
        self._known = somebody.screen_name

    def returning(self, measure: Measure) -> None:
        """The last one of the new visitors comes back, in another browser."""
        client = browser()
        callback = self._start(client, self._known, measure)
        with measure("callback, returning"):
            _must(client.get(callback), settings.LOGIN_REDIRECT_URL)

    def _start(self, client: Client, screen_name: str, measure: Measure) -> str:
        with measure("start"):
            response = _post(client, _START, {"next": ""})
        return self._x.approve(response["Location"], screen_name)


def _must(response: Any, location: str) -> None:
    if response.get("Location") != location:
        raise SystemExit(f"The way is broken and cannot be measured: {response.status_code}, {response.headers}")
