"""A34: no address that a visitor brings along leads off this site: not by any route, not by any protocol.

Each candidate is sent where an address is taken, and, as if it had come through there, laid where one waits: what leads
away is looked at where the redirect goes out, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import attempt, pending, set_aside, shelves
from socialreg.conf import Action
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from tests.effort import either
from tests.keep import make_account
from tests.owning import HOOK, account, connect_url, disconnect_url, member_of, request_of
from tests.parsed import Page
from tests.security.visiting import CONNECTIONS, LINK, PASSWORD, PROVE, REGISTER, arrive, owner, user_of, waiting_in
from tests.security.walking import EVERY, PROTOCOLS, SERVER, come_back
from tests.test_redirects import BASE, FORGED, SENT, where

pytestmark = pytest.mark.django_db

HOME, AGAIN = "/home/", reverse("socialreg:again")
#: OpenID Connect goes out where OAuth 2.0 does.
WAYS_OUT = either(["twitter", "github", "apple"], at_night=PROTOCOLS)
#: Names of settings and of views: here they are plain words, and no place.
NAMES = ["SECRET_KEY", "LOGIN_URL", "LOGIN_REDIRECT_URL", "admin:index", "home", "socialreg:connections"]
#: Names that are looked up nowhere, though they stand in a path.
PATHS = ["/SECRET_KEY", "/LOGIN_URL", "/home/?next=SECRET_KEY", "/admin:index"]


@pytest.fixture(autouse=True)
def any_host(settings) -> None:
    """A site that lets everything through and believes every header; where nobody counts, for the corpus is long."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    off = dict.fromkeys(("address", "account"))
    settings.SOCIALREG = {**settings.SOCIALREG, "RATE_LIMITS": dict.fromkeys(get_args(Action), off)}


@pytest.fixture
def client() -> Client:
    """A browser whose requests say that another host is asked."""
    return Client(**FORGED)


def stays(location: str, candidate: str) -> None:
    """Assert that a redirect leads to this site, and so does what it hands on."""
    assert where(location) == BASE, (candidate, location)
    for name, value in parse_qsl(urlsplit(location).query):
        if name == "next":
            assert where(value) == BASE, (candidate, location)


def leads_home(response: HttpResponse, candidate: str, home: str = HOME) -> None:
    assert response.status_code == 302, (candidate, response.status_code)
    assert response["Location"] == home, candidate


def links(page: Page) -> list[str]:
    """Return every address that a page leads to, sends a form to, or hands on; pictures lead nowhere."""
    found = [attrs[name] for _, attrs in page.elements for name in ("href", "action", "formaction") if name in attrs]
    return [*found, *[attrs.get("value", "") for _, attrs in page.elements if attrs.get("name") == "next"]]


def has_no_way_out(response: HttpResponse, candidate: str) -> None:
    page = Page(response)
    assert not [attrs for _, attrs in page.of("meta", "base") if "http-equiv" in attrs or "href" in attrs]
    for address in links(page):
        assert where(address) == BASE or address == "https://x.com/kestrel", (candidate, address)


# -- where an address comes in


@pytest.mark.parametrize("slug", EVERY)
def test_a34_what_a_button_brings_along_is_dropped_at_the_start(standin: StandIn, client, slug):
    for candidate in SENT + NAMES:
        client.cookies.clear()
        response = client.post(reverse("socialreg:start", args=[slug]), {**SERVER, "next": candidate})
        assert response.status_code == 302
        assert waiting_in(client).next == "", candidate


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a34_a_script_of_the_sites_brings_no_other_along(standin: StandIn, client, slug):
    url = reverse("socialreg:api-start", args=[slug])
    for candidate in SENT + NAMES:
        client.cookies.clear()
        said = client.post(url, {**SERVER, "next": candidate}, content_type="application/json")
        assert said.status_code == 200
        assert waiting_in(client).next == "", candidate
        said = client.post(url, {"next": candidate, "intent": "connect"}, content_type="application/json")
        stays(said.json()["error"]["login_url"], candidate)


def test_a34_a_button_for_users_leads_whoever_is_not_logged_in_to_the_login_page(standin: StandIn, client):
    """With where the browser says that it comes from: it may say anything."""
    url = reverse("socialreg:start", args=["twitter"])
    for candidate in SENT + NAMES:
        given = {"next": candidate, "intent": "connect"}
        stays(client.post(url, given)["Location"], candidate)
        if candidate.isprintable():
            stays(client.post(url, given, HTTP_REFERER=candidate)["Location"], candidate)


def test_a34_an_errands_page_and_its_button(standin: StandIn, settings, client):
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": HOOK}
    member, organisation = member_of()
    client.force_login(member)
    for candidate in SENT:
        url = connect_url(request_of(member), organisation, "twitter", next=candidate)
        page = client.get(url)
        assert "next" not in Page(page).form(), candidate
        has_no_way_out(page, candidate)
        client.post(url)
        assert waiting_in(client).next == "", candidate
        gone = disconnect_url(request_of(member), organisation, "twitter", next=candidate)
        has_no_way_out(client.post(gone), candidate)
        organisation.twitter = account("7")
        organisation.save()
        gone = disconnect_url(request_of(member), organisation, "twitter", next=candidate)
        leads_home(client.post(gone), candidate)
        organisation.twitter = None
        stays(Client().get(url)["Location"], candidate)


def test_a34_the_pages_that_are_told_where_to_go_on(standin: StandIn, client):
    """The page of the accounts, logging in again, and our own login page."""
    owner()
    login = reverse("socialreg:login")
    for candidate in SENT + NAMES:
        query = urlencode({"next": candidate})
        for path in (CONNECTIONS, AGAIN, LINK, reverse("socialreg:email"), reverse("socialreg:changes")):
            stays(Client().get(f"{path}?{query}")["Location"], candidate)
        client.cookies.clear()
        sent = {"username": "mara", "password": PASSWORD, "next": candidate}
        leads_home(client.post(f"{login}?{query}", sent), candidate)
        has_no_way_out(client.get(f"{CONNECTIONS}?{query}"), candidate)
        leads_home(client.get(f"{AGAIN}?{query}"), candidate, CONNECTIONS)
        has_no_way_out(Client().get(f"{login}?{query}"), candidate)


def test_a34_logging_in_again_goes_on_here(standin: StandIn, client):
    client.force_login(owner())
    for candidate in SENT + NAMES:
        session = client.session
        session["socialreg_since"] = 0
        session.save()
        url = f"{AGAIN}?{urlencode({'next': candidate})}"
        has_no_way_out(client.get(url), candidate)
        leads_home(client.post(url, {"password": PASSWORD}), candidate, CONNECTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("slug", WAYS_OUT)
def test_a34_error_pages_hand_nothing_on(standin: StandIn, client, slug):
    """That of a start that fails, of a callback that fails, of a form without its token, and of no attempt at all."""
    strict = Client(enforce_csrf_checks=True, **client.defaults)
    start = reverse("socialreg:start", args=[slug])
    callback = reverse("socialreg:callback", args=[slug])
    for candidate in SENT + NAMES:
        client.cookies.clear()
        location = client.post(start, {"next": candidate})["Location"]
        has_no_way_out(come_back(client, standin.deny(location)), candidate)
        has_no_way_out(client.get(callback, {"next": candidate, "state": candidate}), candidate)
        has_no_way_out(strict.post(start, {"next": candidate}), candidate)
        has_no_way_out(client.get(start, {"next": candidate}), candidate)
    standin.fault("server-error")
    for candidate in SENT if slug == "twitter" else []:
        has_no_way_out(client.post(start, {"next": candidate}), candidate)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a34_the_name_of_a_setting_in_a_path_is_a_path(standin: StandIn, client, slug, path):
    make_account(standin, slug, user="mara")
    assert arrive(standin, client, slug, next=path)["Location"] == path


# -- where one goes out


@pytest.mark.slow
@pytest.mark.parametrize("slug", WAYS_OUT)
def test_a34_on_a_site_that_knows_its_hosts_it_is_the_same(standin: StandIn, settings, slug):
    settings.ALLOWED_HOSTS, settings.USE_X_FORWARDED_HOST = ["testserver"], False
    settings.SECURE_PROXY_SSL_HEADER = None
    make_account(standin, slug, user="mara")
    for candidate in SENT + NAMES:
        leads_home(arrive(standin, Client(), slug, next=candidate), candidate)


@pytest.mark.slow
@pytest.mark.parametrize("slug", WAYS_OUT)
def test_a34_a_login_leads_home_whatever_waited(standin: StandIn, client, slug):
    """The whole way for each: the button, consent, the callback, with another address in the sealed attempt."""
    make_account(standin, slug, user="mara")
    for candidate in SENT + NAMES:
        client.cookies.clear()
        sent = client.post(reverse("socialreg:start", args=[slug]), {"next": candidate})["Location"]
        _swap(client, candidate)
        back = standin.approve(sent, "maralind")
        leads_home(come_back(client, back), candidate)
        assert user_of(client) is not None


@pytest.mark.slow
@pytest.mark.parametrize(("intent", "home"), [("connect", CONNECTIONS), ("prefill", HOME)])
@pytest.mark.parametrize("slug", WAYS_OUT)
def test_a34_so_do_connecting_and_filling_in(standin: StandIn, client, slug, intent, home):
    client.force_login(owner())
    for candidate in SENT + NAMES:
        sent = client.post(reverse("socialreg:start", args=[slug]), {"next": candidate, "intent": intent})["Location"]
        _swap(client, candidate)
        leads_home(come_back(client, standin.approve(sent, "maralind")), candidate, home)


def _swap(client: Client, candidate: str) -> None:
    """Put another address into the attempt that waits in a browser."""
    response = HttpResponse()
    request = HttpRequest()
    request.META["SERVER_NAME"], request.META["SERVER_PORT"] = "testserver", "80"
    attempt.keep(request, response, replace(waiting_in(client), next=candidate))
    client.cookies.update(response.cookies)


@pytest.fixture
def planted(standin: StandIn) -> Callable[..., Client]:
    """Return a browser in whose session something waits, to go on to an address that nobody could have sent."""

    def plant(candidate: str, user: User | None = None, **changes: Any) -> Client:
        client = Client(**FORGED)
        if user is not None:
            client.force_login(user)
        _in_session(client, lambda request: pending.keep(request, replace(known, next=candidate, **changes)))
        return client

    begun = Client()
    arrive(standin, begun, "twitter", "kestrel")
    found: list[pending.Pending] = []
    _in_session(begun, lambda request: found.append(pending.load(request)))
    (known,) = found
    return plant


def _in_session(client: Client, act: Callable[[HttpRequest], object]) -> None:
    request = HttpRequest()
    request.session = client.session
    act(request)
    request.session.save()


FORM = {"username": "kestrel", "email": "kestrel@example.org", "first_name": "K", "last_name": "L"}


def test_a34_a_registration_leads_home(planted):
    for candidate in SENT + NAMES:
        first, second = planted(candidate), planted(candidate)
        leads_home(first.post(REGISTER, FORM), candidate)
        leads_home(second.post(REGISTER, FORM), candidate)  # the second tab, which logs in
        leads_home(first.get(REGISTER), candidate)
        User.objects.all().delete()


@pytest.mark.parametrize("answer", ["link", "cancel"])
def test_a34_the_answer_whether_to_link_leads_to_the_accounts(planted, answer):
    user = owner(address="kestrel@example.org")
    for candidate in SENT + NAMES:
        client = planted(candidate, user, purpose="prove", proof="proof")
        leads_home(client.post(f"{LINK}?proof=proof", {answer: "1"}), candidate, CONNECTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False])
def test_a34_neither_does_a_first_proof_that_removes_something(planted, first):
    for candidate in SENT + NAMES:
        user = owner(address="kestrel@example.org")
        if first:
            SocialAccount.objects.create(user=user, provider="github", issuer="i", subject="1", identity="1")
        client = planted(candidate, user, purpose="prove", proof="proof")
        leads_home(client.post(f"{LINK}?proof=proof", {"link": "1"}), candidate, CONNECTIONS)
        has_no_way_out(client.get(CONNECTIONS), candidate)
        User.objects.all().delete()
        SocialAccount.objects.all().delete()


def test_a34_proving_by_another_account_comes_back_to_the_question(planted):
    for candidate in SENT + NAMES:
        client = planted(candidate, purpose="prove")
        stays(client.post(PROVE, {"prove": "1"})["Location"], candidate)
        client.post(PROVE, {"prove_by": "github"})
        assert urlsplit(waiting_in(client).next).path == LINK
        has_no_way_out(client.get(PROVE), candidate)


def test_a34_whoever_answered_what_changed_goes_home(standin: StandIn, client):
    user = owner()
    client.force_login(user)
    for candidate in SENT + NAMES:
        asked = {"account_id": 1, "slug": "twitter", "next": candidate, "questions": [], "which": "w"}

        def keep(request: HttpRequest, asked: dict[str, Any] = asked) -> None:
            request.user = user
            set_aside.keep(request, "changes", asked)

        _in_session(client, keep)
        leads_home(client.post(reverse("socialreg:changes"), {"which": "w"}), candidate)


@pytest.mark.slow
def test_a34_whoever_waits_for_a_confirmation_goes_home_once_they_may(standin: StandIn, settings, client):
    settings.SOCIALREG = {**settings.SOCIALREG, "EMAIL_CONFIRMATION": "required"}
    user = owner()
    account = make_account(standin, "github")
    account.user = user
    account.save()
    for candidate in SENT + NAMES:
        client.cookies.clear()
        held = {"user": str(user.pk), "next": candidate}
        _in_session(client, lambda request, held=held: shelves.put(request, "held", held))
        form = Page(client.get(reverse("socialreg:email"))).form()
        sent = client.post(reverse("socialreg:start", args=["github"]), {"next": form.get("next", candidate)})
        leads_home(come_back(client, standin.approve(sent["Location"], "maralind")), candidate)
