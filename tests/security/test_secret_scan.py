"""A38, the search itself: whatever is planted in clear, in whichever place and form, is found."""

from __future__ import annotations

import base64
import html
import json
import logging
import pickle
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import reverse

from socialreg.models import Kept, SignInEvent, SocialAccount, UserAddress
from socialreg.registry import providers
from socialreg.signature import Consumer, SignedRequest, sign
from tests.owning import account as make_account
from tests.security.conftest import forget
from tests.security.secret_scan import Scan, Shown, cached, dump, error_pages, forms, log_at_debug, opened_session

SECRET = "pl4nted: 100 % & <secret>/of+ÅÄ='31'"
SCAN = Scan({"planted": {SECRET}})
FOUND = {"planted"}

database = pytest.mark.django_db

BEARING = {
    "clear": SECRET,
    "reversed": SECRET[::-1],
    "quoted": quote(SECRET),
    "quoted whole": quote(SECRET, safe=""),
    "quoted as a form": quote_plus(SECRET),
    "quoted twice": quote(quote(SECRET, safe=""), safe=""),
    "in a page": html.escape(SECRET),
    "in JSON": json.dumps({"it": SECRET}),
    "in a repr": repr([SECRET]),
    "as bytes in a repr": repr(SECRET.encode()),
    "hexadecimal": SECRET.encode().hex(),
    "hexadecimal, large": SECRET.encode().hex().upper(),
    "Basic authentication": base64.b64encode(f"client-id:{SECRET}".encode()).decode(),
    "Basic authentication of a client": base64.b64encode(f"client-id:{quote_plus(SECRET)}".encode()).decode(),
    "pickled": repr(pickle.dumps({"it": SECRET})),
}


@pytest.mark.parametrize("text", BEARING.values(), ids=BEARING)
def test_a38_the_scan_finds_a_secret_in_every_form(text):
    assert SCAN.find(f"before {text} after") == FOUND


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_a38_the_scan_finds_a_secret_in_base64_wherever_it_begins_and_ends(encode, before, after):
    inside = encode(b"x" * before + SECRET.encode() + b"y" * after).decode()
    assert SCAN.find(inside) == FOUND
    assert SCAN.find(quote(inside, safe="")) == FOUND
    assert SCAN.find(inside.rstrip("=")) == FOUND


def test_a38_the_scan_finds_nothing_where_nothing_is():
    other = SECRET.replace("pl4nted", "planted").replace("31", "32")
    assert SCAN.find(" ".join(forms(other))) == set()


# -- in every place


@pytest.mark.parametrize("name", ["", "socialreg.http", "urllib3.connectionpool", "requests", "django.request"])
def test_a38_the_scan_finds_it_in_the_log_at_debug(name):
    logger = logging.getLogger(name)
    with log_at_debug() as log:
        logger.debug("token %s", SECRET)
        logger.debug("nothing in the text", extra={"context": {"token": SECRET}})
        try:
            failing("", SECRET)
        except RuntimeError:
            logger.debug("in the traceback", exc_info=True)
    assert [SCAN.find(line) for line in log.lines] == [FOUND] * 3


def test_a38_the_scan_finds_it_in_the_log_of_the_library_that_signs(settings):
    """Its room turns that log down; where somebody turns it up, there they are."""
    signing = logging.getLogger("oauthlib.oauth1")
    level = signing.level
    signing.setLevel(logging.DEBUG)
    try:
        with log_at_debug() as log:
            sign(Consumer("k", "s"), SignedRequest("POST", "https://x.com/", token=SECRET, secret="s"), None, 1)
    finally:
        signing.setLevel(level)
    assert SCAN.find(log.text) == FOUND


def failing(secret: str, words: str = "nobody foresaw this") -> None:
    raise RuntimeError(words)


def failing_over(secret: str, words: str) -> None:
    try:
        failing(secret, words)
    except RuntimeError as error:
        raise ValueError("something else") from error


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("act", [failing, failing_over])
@pytest.mark.parametrize(("secret", "words", "code"), [(SECRET, "", ""), ("", SECRET, ""), ("", "", SECRET)])
def test_a38_the_scan_finds_it_in_variables_words_and_requests_of_errors(settings, debug, act, secret, words, code):
    settings.DEBUG = debug
    request = RequestFactory().get("/", {"code": code})
    with pytest.raises((RuntimeError, ValueError)) as caught:
        act(secret, words)
    # Beneath this function, which has them all.
    assert SCAN.find(error_pages(request, caught.value, caught.tb.tb_next)) == FOUND
    assert SCAN.find(error_pages(RequestFactory().get("/"), ValueError(), None)) == set()


@dataclass(frozen=True)
class Careless:
    token: str


@dataclass(frozen=True)
class Careful:
    token: str = field(repr=False)


@pytest.mark.parametrize(("kind", "found"), [(Careless, FOUND), (Careful, set())])
def test_a38_the_scan_finds_it_in_what_is_shown_of_a_thing_of_ours(kind, found):
    """As soon as a function of ours has one in hand, or returns one."""
    made = type(kind.__name__, (kind,), {"__module__": "socialreg.made_up"})(SECRET)
    shown = Shown()
    with shown.watching():
        providers.label(made)  # whatever is at hand there
    assert SCAN.find(shown.text) == found
    assert type(made) in shown.types


COLUMNS = [
    (model, column)
    for model in (SocialAccount, Kept, SignInEvent, UserAddress)
    for column in model._meta.concrete_fields
    if column.get_internal_type() in {"TextField", "JSONField"} or (getattr(column, "max_length", 0) or 0) >= 16
]


@database
@pytest.mark.parametrize(("model", "column"), COLUMNS, ids=[f"{m.__name__}-{c.name}" for m, c in COLUMNS])
def test_a38_the_scan_finds_it_in_every_column_of_every_table(model, column):
    user = User.objects.create(username="mara")
    made = {
        SocialAccount: lambda: make_account("7", user),
        Kept: lambda: Kept.objects.create(digest="d", sealed="s"),
        SignInEvent: lambda: SignInEvent.objects.create(event="login", code="ok"),
        UserAddress: lambda: UserAddress.objects.create(user=user, address="mara@example.com"),
    }[model]()
    scan = Scan({"short": {SECRET[:16]}})
    assert scan.find(dump()) == set()
    value = {"deep": [SECRET]} if column.get_internal_type() == "JSONField" else SECRET[: column.max_length]
    model.objects.filter(pk=made.pk).update(**{column.attname: value})
    assert scan.find(dump()) == {"short"}


@database
@pytest.mark.parametrize("size", [1, 5000], ids=["short", "so long that it is compressed"])
def test_a38_the_scan_finds_it_in_the_row_of_a_session(client, size):
    session = client.session
    session["mine"] = {"token": SECRET, "more": "x" * size}
    session.save()
    assert SCAN.find(dump()) == FOUND


@pytest.mark.parametrize("size", [1, 5000], ids=["short", "so long that it is compressed"])
def test_a38_the_scan_finds_it_in_a_session_that_is_a_cookie(settings, size):
    session = CookieSession()
    session["mine"] = {"token": SECRET, "more": "x" * size}
    session.save()
    assert SCAN.find(opened_session(session.session_key)) == FOUND


@pytest.mark.parametrize("value", [SECRET, {"token": SECRET}, SECRET.encode(), [Careless(SECRET)]])
def test_a38_the_scan_finds_it_in_the_cache(memory, value):
    cache.set("key", value, 60)
    assert SCAN.find(cached()) == FOUND
    cache.delete("key")
    cache.set(base64.urlsafe_b64encode(SECRET.encode()).decode(), 1, 60)
    assert SCAN.find(cached()) == FOUND
    forget()
    assert SCAN.find(cached()) == set()


@database
def test_a38_the_scan_finds_it_on_a_page_of_the_admin(admin_client):
    made = make_account("7", username=SECRET)
    for path in (
        reverse("admin:socialreg_socialaccount_changelist"),
        reverse("admin:socialreg_socialaccount_change", args=[made.pk]),
    ):
        assert SCAN.find(admin_client.get(path).content.decode()) == FOUND


def test_a38_the_scan_finds_it_in_a_cookie(client):
    client.cookies["mine"] = base64.b64encode(SECRET.encode()).decode()
    assert SCAN.find(str(client.cookies)) == FOUND


def test_a38_the_scan_finds_it_in_an_address_that_was_asked_for(watched):
    providers.client.send("GET", f"{watched.url}/?{'access_token=' + quote_plus(SECRET)}")
    providers.client.send("GET", f"{watched.url}/{quote(SECRET, safe='')}")
    for record in watched.requests:
        assert SCAN.find(f"{record.path}?{record.query}") == FOUND
