"""Somebody who may change an organisation, and the buttons of its page."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from socialreg.models import SocialAccount, identity_digest
from socialreg.owners import connect_url, disconnect_url
from socialreg.types import Credentials
from tests.conftest import Browser
from tests.owners_app.models import Organisation
from tests.test_way import shown

HOOK = "tests.owners_app.models.is_member"


def member_of(name: str = "Cartographers", username: str = "juno") -> tuple[User, Organisation]:
    """Return somebody, and an organisation that they may change."""
    user, organisation = User.objects.create_user(username), Organisation.objects.create(name=name)
    organisation.members.add(user)
    return user, organisation


def request_of(user: AbstractBaseUser, path: str = "/") -> HttpRequest:
    """Return a request as a view of the site's own has it."""
    request = RequestFactory().get(path)
    request.user = user
    return request


def errand_in(url: str) -> str:
    """Return the errand in an address."""
    return parse_qs(urlsplit(url).query)["errand"][0]


def press(
    browser: Browser, user: AbstractBaseUser, instance: Model, field: str = "twitter", **more: str
) -> HttpResponse:
    """Post to the address that connects, and to nothing else."""
    return browser.client.post(connect_url(request_of(user), instance, field, **more))


def connect(
    browser: Browser, user: AbstractBaseUser, instance: Model, who: str = "ines_moreau", **more: str
) -> HttpResponse:
    """Press the button, consent as somebody, come back; return our answer."""
    response = press(browser, user, instance, **more)
    assert response.status_code == 302, response.content.decode()
    return browser.client.get(browser.x.approve(response["Location"], who))


def disconnect(browser: Browser, user: AbstractBaseUser, instance: Model, **more: str) -> HttpResponse:
    """Post to the address that disconnects."""
    return browser.client.post(disconnect_url(request_of(user), instance, more.pop("field", "twitter"), **more))


def account(subject: str = "7", user: AbstractBaseUser | None = None, **values: Any) -> SocialAccount:
    """Return an account that is there already."""
    issuer = values.pop("issuer", "https://x.com")
    made = SocialAccount(user=user, provider=values.pop("provider", "twitter"), issuer=issuer, subject=subject)
    made.identity = identity_digest(issuer, subject)
    made.credentials = Credentials(subject, token=f"token-{subject}", secret="s", scope=values.pop("scope", ""))
    for name, value in values.items():
        setattr(made, name, value)
    made.save()
    return made


def says(response: HttpResponse) -> str:
    """Return the headline of a page of ours."""
    return unescape(response.content.decode().partition("<h1>")[2].partition("</h1>")[0])


def button_on(response: HttpResponse) -> dict[str, str]:
    """Return what the form on a page would post."""
    return {name: unescape(value) for name, value in shown(response.content.decode()).items()}


START = reverse("socialreg:start", args=["twitter"])
