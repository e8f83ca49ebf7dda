"""A35: nothing that a request says of its own host, scheme or origin changes where a provider sends anybody back to."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from socialreg.background import background
from socialreg.testing import StandIn
from tests.holding import held
from tests.security.visiting import REGISTER, owner
from tests.security.walking import EVERY, PROTOCOLS, SERVER, come_back, start

EVIL = "evil.example"
HEADERS = {
    "HTTP_HOST": EVIL,
    "HTTP_X_FORWARDED_HOST": EVIL,
    "HTTP_X_FORWARDED_SERVER": EVIL,
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_SCHEME": "https",
    "HTTP_X_FORWARDED_SSL": "on",
    "HTTP_X_FORWARDED_PORT": "8443",
    "HTTP_X_FORWARDED_PREFIX": "/evil.example",
    "HTTP_X_FORWARDED_FOR": "203.0.113.7",
    "HTTP_FORWARDED": f"for=203.0.113.7;host={EVIL};proto=https",
    "HTTP_X_HOST": EVIL,
    "HTTP_X_ORIGINAL_HOST": EVIL,
    "HTTP_X_ORIGINAL_URL": f"https://{EVIL}/",
    "HTTP_X_REWRITE_URL": f"//{EVIL}/",
    "HTTP_ORIGIN": f"https://{EVIL}",
    "HTTP_REFERER": f"https://{EVIL}/",
    "HTTP_X_REAL_IP": "203.0.113.7",
    "HTTP_VIA": f"1.1 {EVIL}",
}
#: Each by itself, and all at once. Two ports in one host, a name in capitals: whatever Django lets through.
FORGERIES = {**{name: {name: value} for name, value in HEADERS.items()}, "all of them": HEADERS}
FORGERIES |= {
    f"host {host}": {"HTTP_HOST": host} for host in ("testserver:8000", "TESTSERVER", "[::1]:80", "127.0.0.1")
}


@pytest.fixture(autouse=True)
def gullible(settings) -> None:
    """A site that believes every header that Django can be told to believe."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = settings.USE_X_FORWARDED_PORT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def redirect_uri(standin: StandIn, location: str) -> str:
    """Return where the provider will send the browser back to: as it is told, or as it does."""
    told = parse_qs(urlsplit(location).query).get("redirect_uri")
    return told[0] if told else standin.approve(location, "maralind").partition("?")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", EVERY)
def test_a35_the_callback_address_is_what_the_settings_say(standin: StandIn, slug):
    plain = redirect_uri(standin, start(Client(), slug))
    assert plain.partition("?")[0] == f"http://testserver/accounts/{slug}/callback/"
    for name, headers in FORGERIES.items():
        location = start(Client(**headers), slug)
        assert redirect_uri(standin, location) == plain, name
        assert EVIL not in unquote(location), name


@pytest.mark.django_db
@pytest.mark.parametrize("slug", EVERY)
def test_a35_so_it_is_when_the_code_is_exchanged(standin: StandIn, slug):
    """A provider compares the two: a login that comes back with other headers goes through all the same."""
    client = Client(**HEADERS)
    back = standin.approve(start(client, slug), "maralind")
    assert urlsplit(back).netloc == "testserver"
    assert come_back(client, back)["Location"] == REGISTER
    other = Client()
    back = standin.approve(start(other, slug), "maralind")
    other.defaults.update(HEADERS)
    assert come_back(other, back)["Location"] == REGISTER


@pytest.mark.django_db
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a35_so_it_is_for_a_script_of_the_sites(standin: StandIn, slug):
    said = Client(**HEADERS).post(reverse("socialreg:api-start", args=[slug]), SERVER, content_type="application/json")
    assert redirect_uri(standin, said.json()["authorization_url"]) == f"http://testserver/accounts/{slug}/callback/"


@pytest.mark.django_db
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a35_no_header_makes_a_cookie_more_or_less_than_it_is(standin: StandIn, slug):
    """``Secure`` and ``__Host-`` follow ``BASE_URL``: else a header would keep the attempt from coming back."""
    for headers in FORGERIES.values():
        client = Client(**headers)
        start(client, slug)
        (name,) = (name for name in client.cookies if "attempt" in name)
        assert not name.startswith("__Host-")
        assert not client.cookies[name]["secure"]
        assert not client.cookies[name]["domain"]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a35_no_header_says_who_is_counted(standin: StandIn, settings, slug):
    """Or everybody could be somebody new with every request."""
    limits = {"start": {"address": "3/h", "account": None}}
    settings.SOCIALREG = {**settings.SOCIALREG, "RATE_LIMITS": limits}
    came = []
    for number in range(5):
        address = f"9.9.9.{number}"
        said = {"HTTP_X_FORWARDED_FOR": address, "HTTP_FORWARDED": f"for={address}", "HTTP_X_REAL_IP": address}
        client = Client(REMOTE_ADDR="8.8.8.8", **said)
        came.append(client.post(reverse("socialreg:start", args=[slug]), SERVER).status_code)
    assert came == [302, 302, 302, 429, 429]


@pytest.mark.django_db(transaction=True)
def test_a35_a_link_in_a_mail_leads_to_the_address_in_the_settings(standin: StandIn, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "EMAIL_CONFIRMATION": "send"}
    client = Client(**HEADERS)
    client.force_login(owner())
    with held():
        client.post(reverse("socialreg:email"), {"change": "1", "email": "mara@elsewhere.example"})
    background.drain()
    assert len(mail.outbox) == 2
    for sent in mail.outbox:
        for text in (sent.body, sent.alternatives[0][0]):
            assert EVIL not in text
            assert {urlsplit(url).netloc for url in re.findall(r"https?://[^\s\"<]+", text)} == {"testserver"}
