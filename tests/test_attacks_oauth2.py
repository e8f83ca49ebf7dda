"""Attacks on OAuth 2.0 and OpenID Connect through the whole site; the ids are those of the named cases."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.exceptions import Veto
from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.messages import FORM, Delivery, Response
from socialreg.testing.visitor import Posted
from tests.providers.grid import Peer
from tests.test_attacks_answers import ANSWERS, ENDPOINTS, SPARED
from tests.test_attacks_everywhere import EVERY, changed, come_back, start
from tests.test_redirects import SENT
from tests.world import SERVER, World, begin, go, is_register

pytestmark = pytest.mark.django_db

SLUGS = ["acme", "corp", "mastodon"]
#: Who said who this is, in which field, for each of them.
SAID = {"acme": ("acme-profile", "id"), "corp": ("corp-claims", "sub"), "mastodon": ("mastodon-profile", "id")}
NAMED = {
    "acme": ("acme-profile", "username"),
    "corp": ("corp-claims", "preferred_username"),
    "mastodon": ("mastodon-profile", "username"),
}
TOKEN = {"acme": "/token", "corp": "/oidc-token", "mastodon": f"/{SERVER}/oauth/token"}
#: Neither PKCE nor a nonce in the ID token, whatever is asked for: their classes say why.
BARE = {"facebook", "linkedin", "twitter"}
_numbers = itertools.count()


def register(world: World, slug: str, client: Client | None = None) -> SocialAccount:
    client = client or Client()
    assert is_register(go(world, slug, client))
    name = f"user{next(_numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "first_name": "M", "last_name": "L"}
    assert client.post(reverse("socialreg:register"), form).status_code == 302
    return SocialAccount.objects.get(user__username=name)


@pytest.mark.parametrize("slug", SLUGS)
def test_a03_of_two_callbacks_at_once_exactly_one_brings_the_code(world: World, slug: str):
    client = Client()
    path, query = begin(world, slug, client)
    world.answers[TOKEN[slug]] = Response(500, b"", delivery=Delivery(hold=0.1))
    world.serve()
    cookies = {name: cookie.value for name, cookie in client.cookies.items()}

    def callback(_: int) -> int:
        browser = Client()
        browser.cookies.load(cookies)
        return browser.get(path, query).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(callback, range(6))) == [400] * 5 + [503]
    assert world.peer.asked().count(TOKEN[slug]) == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_a04_an_attempt_older_than_ten_minutes_makes_no_call(world: World, monkeypatch, slug: str):
    client = Client()
    path, query = begin(world, slug, client, next="/home/?a=b")
    before, now = len(world.peer.requests), time.time()
    monkeypatch.setattr("time.time", lambda: now + 601)
    response = client.get(path, query)
    assert response.status_code == 400
    assert b'value="/home/?a=b"' in response.content
    assert len(world.peer.requests) == before


@pytest.mark.parametrize("slug", [slug for slug in EVERY if slug not in BARE])
def test_a09_a_code_of_another_session_logs_nobody_in(standin: StandIn, slug: str):
    """PKCE stops it at the provider, or the nonce here."""
    attacker, visitor = Client(), Client()
    stolen = standin.approve(start(attacker, slug), "maralind")
    own = standin.approve(start(visitor, slug), "maralind")
    fields = stolen.fields if isinstance(stolen, Posted) else dict(parse_qsl(urlsplit(stolen).query))
    response = come_back(visitor, changed(own, code=fields["code"]))
    assert response.status_code in {400, 502}
    assert "_auth_user_id" not in visitor.session
    assert "socialreg_pending" not in visitor.session


TWINS = [
    ("AbC", "abc"),
    ("e\u0301", "\u00e9"),
    ("\uff21", "A"),
    ("\u0131", "i"),
    ("\u017f", "s"),
    ("stra\u00dfe", "strasse"),
    ("a.", "a"),
    ("a\u200b", "a"),
    ("7", "07"),
    ("7", "\u0667"),
    ("\u2167", "VIII"),
]


@pytest.mark.parametrize("twins", TWINS, ids=ascii)
@pytest.mark.parametrize("slug", ["acme", "mastodon"])
def test_a18_two_uids_that_look_alike_are_two_people_or_nobody(world: World, slug: str, twins: tuple[str, str]):
    logged_in = 0
    for uid in twins:
        world.fields[SAID[slug]] = uid
        client = Client()
        response = go(world, slug, client)
        assert response.status_code in {302, 502}
        assert response.status_code == 502 or is_register(response), "taken for the other"
        if is_register(response):
            register(world, slug)
            logged_in += 1
    assert SocialAccount.objects.count() == User.objects.count() == logged_in >= 1


@pytest.mark.parametrize("twins", [("AbC", "abc"), ("7", "07"), ("a.", "a")], ids=ascii)
def test_a18_two_subs_that_look_alike_are_two_people(world: World, twins: tuple[str, str]):
    for uid in twins:
        world.fields["corp-claims", "sub"] = world.fields["corp-userinfo", "sub"] = uid
        register(world, "corp")
    assert User.objects.count() == 2


@pytest.mark.parametrize("slug", SLUGS)
def test_a20_who_takes_over_a_name_reaches_nothing_of_its_old_owner(world: World, slug: str):
    account = register(world, slug)
    world.fields[NAMED[slug]] = "renamed"
    old = Client()
    assert not is_register(go(world, slug, old))
    assert old.session["_auth_user_id"] == str(account.user.pk)
    world.fields = {NAMED[slug]: "maralind", SAID[slug]: "8", ("corp-userinfo", "sub"): "8"}
    new = Client()
    assert is_register(go(world, slug, new))
    assert "_auth_user_id" not in new.session


ENCODINGS = ["true", "True", "TRUE", "1", 1, 1.0, "yes", "on", [True], {"verified": True}, "false", False, None]


@pytest.mark.parametrize("said", [*ENCODINGS, True], ids=repr)
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a21_an_address_is_verified_by_json_true_alone(world: World, slug: str, said: object):
    document = {"acme": "acme-profile", "corp": "corp-person"}[slug]
    world.answers["/emails"] = Response.json([])
    world.fields |= {(document, "email"): "mara@example.com", (document, "email_verified"): said}
    client = Client()
    assert is_register(go(world, slug, client))
    page = client.get(reverse("socialreg:register")).content.decode()
    assert 'value="mara@example.com"' in page
    assert ("socialreg-verified" in page) is (said is True)


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("slug", ["acme", "corp"])
def test_a22_a23_a_known_address_logs_nobody_in_and_links_nothing(world: World, slug: str, verified: bool):
    """Neither the one who was here first, nor the one who comes later, gets into the other's account."""
    User.objects.create_user("planted", "mara@example.com", "of-the-attacker")
    document = {"acme": "acme-profile", "corp": "corp-person"}[slug]
    world.answers["/emails"] = Response.json([])
    world.fields |= {(document, "email"): "mara@example.com", (document, "email_verified"): verified}
    client = Client()
    response = go(world, slug, client)
    assert response.status_code == 302
    assert response["Location"] in {reverse("socialreg:prove"), reverse("socialreg:register")}
    assert "_auth_user_id" not in client.session
    assert not SocialAccount.objects.exists()


def refuse(*_: object) -> None:
    raise Veto("Not you.")


@pytest.mark.parametrize("slug", SLUGS)
def test_a33_a_hook_that_says_no_leaves_no_session_and_no_row(world: World, settings, slug: str):
    known = register(world, slug)
    before = known.sealed_credentials
    settings.SOCIALREG = {**settings.SOCIALREG, "BEFORE_LOGIN": [refuse], "BEFORE_REGISTER": [refuse]}
    client = Client()
    assert go(world, slug, client).status_code == 403
    world.fields |= {SAID[slug]: "9", ("corp-userinfo", "sub"): "9"}
    assert go(world, slug, client).status_code == 403
    assert "_auth_user_id" not in client.session
    assert [each.sealed_credentials for each in SocialAccount.objects.all()] == [before]


@pytest.mark.parametrize("slug", SLUGS)
def test_a34_a_login_goes_nowhere_else_whatever_its_next(world: World, settings, slug: str):
    settings.ALLOWED_HOSTS = ["*"]
    register(world, slug)
    client = Client(HTTP_HOST="evil.example")
    for candidate in SENT:
        path, query = begin(world, slug, client, next=candidate)
        assert client.get(path, query)["Location"] == "/home/", candidate
        client.logout()


@pytest.mark.parametrize("slug", EVERY)
def test_a35_the_callback_is_the_sites_own_whatever_host_is_asked_for(standin: StandIn, settings, slug: str):
    settings.ALLOWED_HOSTS = ["*"]
    forged = Client(HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PROTO="ftp")
    location = start(forged, slug)
    assert "evil.example" not in location
    assert "ftp:" not in unquote(location)
    if slug != "twitter":
        sent = dict(parse_qsl(urlsplit(location).query))["redirect_uri"]
        assert sent.startswith(f"http://testserver/accounts/{slug}/callback/")


def headed(response: HttpResponse) -> None:
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_a36_every_page_is_kept_framed_and_told_to_nobody(world: World, settings):
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if not name.endswith(("XFrameOptionsMiddleware", "SecurityMiddleware"))
    ]
    client = Client()
    headed(client.post(reverse("socialreg:start", args=["mastodon"])))  # the question
    headed(client.post(reverse("socialreg:start", args=["corp"])))
    headed(go(world, "corp", client))
    headed(client.get(reverse("socialreg:register")))
    path, query = begin(world, "corp", client)
    headed(client.get(path, {**query, "code": ""}))


@pytest.mark.parametrize("slug", EVERY)
def test_a37_what_an_error_of_a_callback_says_is_on_no_page_and_in_no_log(standin: StandIn, caplog, slug: str):
    for error in ("<script>alert(1)</script>", "a\r\nWARNING forged", "javascript:alert(1)", "x" * 2000, "{callback}"):
        client = Client()
        back = standin.approve(start(client, slug), "maralind")
        said = {"error": error, "error_description": "<b>w0rds</b>", "error_uri": "javascript:alert(2)"}
        fields = {**(back.fields if isinstance(back, Posted) else dict(parse_qsl(urlsplit(back).query))), **said}
        path = urlsplit(back).path
        if isinstance(back, Posted):
            response = client.get(client.post(path, urlencode(fields), FORM)["Location"])
        else:
            response = client.get(path, fields)
        page = response.content.decode()
        if slug != "twitter":  # OAuth 1.0a knows no error in a callback
            assert response.status_code in {200, 400, 403, 502, 503}
            assert "<h1>" in page
        for said_there in ("<script>alert", "w0rds", "javascript:", "forged", "xxxxx"):
            assert said_there not in page
            assert said_there not in "\n".join(each for each in caplog.messages if "raised" not in each)
        assert not SocialAccount.objects.exists()


@pytest.fixture
def other() -> Iterator[Peer]:
    """A host that nobody allowed, which would answer anything."""
    with Peer() as other:
        yield other


DISCOVERED = ("token_endpoint", "jwks_uri", "userinfo_endpoint")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", DISCOVERED)
def test_a39_metadata_lead_to_no_host_inside(world: World, other: Peer, caplog, name: str, scheme: str):
    world.fields["corp-discovery", name] = f"{other.url.replace('http', scheme, 1)}/inside"
    client = Client()
    response = go(world, "corp", client)
    assert other.requests == []
    assert is_register(response) if name == "userinfo_endpoint" else response.status_code == 503
    assert "not named in PRIVATE_HOSTS" in caplog.text or "not a public address" in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *SPARED])
def test_a39_no_redirect_takes_a_secret_anywhere(world: World, other: Peer, endpoint: str, status: int):
    slug, path = {**ENDPOINTS, **SPARED}[endpoint]
    world.answers[path] = Response(status, b"{}", headers={"Location": f"{other.url}/elsewhere"})
    go(world, slug, Client())
    assert path in world.peer.asked()
    assert other.requests == []
    assert not [each for each in world.peer.requests if each.path == "/elsewhere"]


def test_f02_three_slow_hops_end_within_ten_seconds(world: World):
    client = Client()
    path, query = begin(world, "corp", client)
    for hop in ("/oidc-token", "/jwks", "/userinfo"):
        good = world.peer.answers[hop]
        world.peer.answers[hop] = Response(good.status, good.body, good.content_type, delivery=Delivery(hold=4))
    began = time.monotonic()
    response = client.get(path, query)
    assert time.monotonic() - began < 10.5
    assert response.status_code in {302, 503}
    assert world.peer.asked().count("/oidc-token") == 1


HEAVY = ["gzip-bomb", "20-megabytes", "deep-list", "deep-object", "350000-lists", "150000-objects", "twice"]


@pytest.mark.parametrize("answer", HEAVY)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_f03_no_answer_costs_sixteen_megabytes(world: World, endpoint: str, answer: str):
    slug, path = ENDPOINTS[endpoint]
    large = Response(200, b"{", "application/json", delivery=Delivery(padding=20_000_000))
    world.answers[path] = {**ANSWERS, "20-megabytes": large}[answer]
    client = Client()
    go(world, slug, client)  # what is imported and cached the first time is no cost of an answer
    tracemalloc.start()
    try:
        response = go(world, slug, client)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.status_code >= 400
    assert peak < 16 * 2**20, f"{peak / 2**20:.1f} MiB"


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_five_tabs_finish_in_any_order_and_keep_their_next(world: World, slug: str):
    register(world, slug)
    client = Client()
    tabs = [begin(world, slug, client, next=f"/home/?tab={tab}") for tab in range(5)]
    for tab in (3, 0, 4, 2, 1):
        path, query = tabs[tab]
        world.answers[TOKEN[slug]] = Response(503)  # the ID token is of the last tab's nonce
        world.serve()
        response = client.get(path, query)
        assert response.status_code == 503
        assert f'value="/home/?tab={tab}"' in response.content.decode()
        del world.answers[TOKEN[slug]]


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_without_the_cookie_there_is_a_page_with_a_button_and_no_call(world: World, slug: str):
    client = Client()
    path, query = begin(world, slug, client)
    before = len(world.peer.requests)
    client.cookies.clear()
    response = client.get(path, query)
    assert response.status_code == 400
    assert reverse("socialreg:start", args=[slug]) in response.content.decode()
    assert len(world.peer.requests) == before


@pytest.mark.parametrize("slug", SLUGS)
def test_f09_a_session_that_does_not_come_along_links_nothing_and_keeps_next(world: World, slug: str):
    """As with ``SESSION_COOKIE_SAMESITE = "Strict"``: a login works, connecting is a page that says what to do."""
    client = Client()
    client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    path, query = begin(world, slug, client, intent="connect", next="/home/?a=b")
    session = client.cookies.pop("sessionid")
    response = client.get(path, query)
    assert response.status_code == 403
    assert b'value="/home/?a=b"' in response.content
    assert not SocialAccount.objects.exists()
    client.cookies["sessionid"] = session.value
    assert client.session["_auth_user_id"]
    stranger = Client()
    path, query = begin(world, slug, stranger)
    assert is_register(stranger.get(path, query))


@pytest.mark.parametrize("intent", ["login", "connect"])
@pytest.mark.parametrize("slug", SLUGS)
def test_a05_two_entries_of_one_class_at_one_issuer_are_two(world: World, settings, slug: str, intent: str):
    entries = settings.SOCIALREG["PROVIDERS"]
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {**entries, "twin": {"PROVIDER": slug, **entries[slug]}}}
    client = Client()
    client.force_login(User.objects.create_user("ann"), backend="django.contrib.auth.backends.ModelBackend")
    _path, query = begin(world, slug, client, intent=intent)
    before = len(world.peer.requests)
    assert client.get(reverse("socialreg:callback", args=["twin"]), query).status_code == 400
    assert len(world.peer.requests) == before
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_callback_with_an_error_and_a_code_is_an_error_and_spends_no_code(world: World, slug: str):
    for error, status in (("access_denied", 200), ("server_error", 503), ("", 502)):
        client = Client()
        path, query = begin(world, slug, client)
        before = len(world.peer.requests)
        assert client.get(path, {**query, "error": error}).status_code == status
        assert client.get(path, query).status_code == 400  # it was claimed: a second try has to begin anew
        assert len(world.peer.requests) == before


@pytest.mark.parametrize(
    ("slug", "wrong"), [("mastodon", {"server": "two.example"}), ("corp", {"iss": "https://evil.example"})]
)
def test_a10_a_callback_of_one_issuer_is_never_taken_for_anothers(world: World, slug: str, wrong: dict[str, str]):
    client = Client()
    path, query = begin(world, slug, client)
    before = len(world.peer.requests)
    assert client.get(path, {**query, **wrong}).status_code == 400
    assert len(world.peer.requests) == before


def test_a10_an_issuer_that_promises_iss_is_missed_without(world: World):
    world.fields["corp-promises", "authorization_response_iss_parameter_supported"] = True
    client = Client()
    path, query = begin(world, "corp", client)
    before = len(world.peer.requests)
    assert client.get(path, query).status_code == 400
    assert len(world.peer.requests) == before
    path, query = begin(world, "corp", client)
    assert is_register(client.get(path, {**query, "iss": world.peer.url}))
