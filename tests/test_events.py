"""The audit trail: what is written down of whom, that nothing in it is secret, and that a flood of it is bounded.

When it is written down, and what becomes of it where something fails, is for ``test_events_when``.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.test import Client
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import now

from socialreg import codes, disconnecting, events, floods, signals
from socialreg.agents import family
from socialreg.asking import blame_race
from socialreg.client_addresses import of_connection, prefix
from socialreg.exceptions import LoginRequired, LostRace
from socialreg.failures import report
from socialreg.floods import Flood
from socialreg.forms import RegistrationForm
from socialreg.models import SocialAccount
from socialreg.sign_in_events import Event, SignInEvent
from socialreg.testing.messages import Response
from socialreg.transactions import announce, record
from tests import owning
from tests.keep import make_account
from tests.test_form_post import Poster
from tests.test_server_question import Islands
from tests.test_way import MARA, register
from tests.world import CODE, go, is_register

pytestmark = pytest.mark.django_db(transaction=True)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ADDRESS = "8.8.4.77"


@pytest.fixture(autouse=True)
def _written(site, monkeypatch):
    site(EVENTS="afterwards")
    monkeypatch.setattr(events, "_failures", Flood())


@pytest.fixture
def walker(browser):
    """A visitor who comes from a public network, in a browser that everybody knows."""
    browser.client = Client(REMOTE_ADDR=ADDRESS, headers={"user-agent": FIREFOX})
    return browser


def told() -> list[tuple[str, str, str]]:
    """Return what is written down, oldest first: the event, the provider, the outcome."""
    return list(SignInEvent.objects.order_by("pk").values_list("event", "provider", "code"))


def last() -> SignInEvent:
    return SignInEvent.objects.latest("pk")


def reference_of(html: str) -> str:
    found = re.search(r"\b[0-9a-f]{8}\b", html[html.index("<main") :])
    assert found, html
    return found[0]


# What happens --------------------------------------------------------------------------------------------------------


def test_a_life_with_an_account_is_told_from_the_registration_to_the_end(walker):
    """Each once, of this user and this account; of one that is removed, the id that it had."""
    before = now()
    register(walker)
    user, account = User.objects.get(), SocialAccount.objects.get().pk
    walker.client.cookies.clear()
    walker.log_in("maralind")
    walker.log_in("kestrel", intent="connect")
    other = SocialAccount.objects.latest("pk").pk
    walker.log_in("kestrel", intent="connect")
    walker.log_in("maralind", intent="prefill", next="/home/")
    walker.client.post(reverse("socialreg:disconnect", args=[other]))
    assert told() == [
        (event, "twitter", "ok") for event in ("register", "login", "connect", "reconnect", "prefill", "disconnect")
    ]
    rows = list(SignInEvent.objects.order_by("pk"))
    assert {row.user for row in rows} == {str(user.pk)}
    assert [row.account for row in rows] == [account, account, other, other, None, other]
    assert {(row.address, row.agent, row.reference) for row in rows} == {("8.8.4.0/24", "Firefox", "")}
    assert before <= rows[0].at <= rows[-1].at <= now()
    assert not SocialAccount.objects.filter(pk=other).exists()


def test_a_failure_has_the_reference_of_the_page_and_the_code_of_the_log(walker, x, caplog):
    callback = walker.approve("maralind")
    x.fault("server-error")
    page = walker.client.get(callback).content.decode()
    row = SignInEvent.objects.get()
    assert (row.event, row.provider, row.reference) == ("failure", "twitter", reference_of(page))
    assert f"[reference {row.reference}]" in caplog.text
    assert f"[{row.code}]" in caplog.text
    assert (row.user, row.account, row.address, row.agent) == ("", None, "8.8.4.0/24", "Firefox")


def test_a_failure_is_of_whoever_is_logged_in(walker):
    user = User.objects.create_user("somebody")
    walker.client.force_login(user)
    assert walker.client.get("/accounts/twitter/callback/?oauth_token=x").status_code == 400
    assert (last().code, last().user, last().account) == ("mismatch", str(user.pk), None)


def test_a_failure_is_of_the_user_whose_account_came_where_nobody_is_logged_in(walker):
    """Who asks why they cannot log in is found by their name, and they are not logged in."""
    register(walker)
    account = SocialAccount.objects.get()
    User.objects.update(is_active=False)
    walker.client.cookies.clear()
    assert walker.log_in("maralind").status_code == 403
    assert (last().event, last().code) == ("failure", "inactive")
    assert (last().user, last().account) == (str(account.user_id), account.pk)


def test_one_page_says_nothing_of_another(walker):
    register(walker)
    User.objects.update(is_active=False)
    walker.client.cookies.clear()
    walker.log_in("maralind")
    Client().get("/accounts/twitter/callback/?oauth_token=x")
    assert (last().code, last().user, last().account) == ("mismatch", "", None)


def test_whoever_has_to_confirm_their_address_first_came_in_vain(walker, site):
    site(EMAIL_CONFIRMATION="required", ASK_FOR="everything")
    walker.log_in("tomas_ok")
    walker.client.post(reverse("socialreg:register"), {**MARA, "username": "tomas", "email": "tomas@example.com"})
    walker.client.cookies.clear()
    assert walker.log_in("tomas_ok")["Location"] == reverse("socialreg:email")
    account = SocialAccount.objects.get()
    assert told() == [("register", "twitter", "ok"), ("login", "twitter", "unconfirmed")]
    assert (last().user, last().account) == (str(account.user_id), account.pk)


def test_a_linked_account_is_connected_and_what_a_stranger_left_behind_is_disconnected(walker):
    """All of it in one page, and by the ids that the accounts had."""
    mara = User.objects.create_user("mara", email=MARA["email"], password="pass-4711")
    stranger = owning.account("666", mara, provider="twitter").pk
    walker.log_in("maralind", next="/home/")
    following = QueryDict(walker.client.post(reverse("socialreg:prove"), {"prove": "1"})["Location"].partition("?")[2])
    question = walker.client.post(
        f"/login/?next={quote(following['next'])}", {"username": "mara", "password": "pass-4711"}
    )
    walker.client.post(question["Location"], {"link": "1"})
    linked = SocialAccount.objects.get().pk
    assert set(SignInEvent.objects.values_list("event", "account", "user")) == {
        ("connect", linked, str(mara.pk)),
        ("disconnect", stranger, str(mara.pk)),
    }


def test_an_organisations_account_comes_comes_again_and_goes(walker, site):
    site(MAY_CONNECT=owning.HOOK)
    user, club = owning.member_of("Club")
    walker.client.force_login(user)
    owning.connect(walker, user, club, "kestrel")
    account = SocialAccount.objects.get().pk
    owning.connect(walker, user, club, "kestrel")
    club.refresh_from_db()
    owning.disconnect(walker, user, club)
    assert told() == [(event, "twitter", "ok") for event in ("connect", "reconnect", "disconnect")]
    assert set(SignInEvent.objects.values_list("user", "account")) == {(str(user.pk), account)}


def test_what_is_done_outside_a_page_is_told_without_a_network(standin):
    """Tokens that a command finds dead; an account that staff remove."""
    account = make_account(standin, "x", "maralind", user="mara")
    user, key = str(account.user_id), account.pk
    standin.people.pop("maralind")
    call_command("socialreg_maintain", "--quiet")
    assert told() == [("lost", "x", SocialAccount.objects.get().lost_code)]
    assert (last().user, last().account, last().address, last().agent) == (user, key, "", "")
    disconnecting.remove(key)
    assert (last().event, last().provider, last().code) == ("disconnect", "x", "ok")
    assert (last().user, last().account) == (user, key)


def test_what_is_undone_has_not_happened(rf):
    request = rf.get("/")
    with events.noting(request):
        with transaction.atomic():
            record(Event("reconnect", "twitter"))
            announce(signals.disconnected, {"user": User(pk=1), "account": SocialAccount(provider="twitter")}, 7)
            transaction.set_rollback(True)
        record(Event("prefill", "twitter"))
    request.close()
    assert told() == [("prefill", "twitter", "ok")]


def test_it_has_the_time_at_which_it_happened_and_not_that_at_which_it_was_written(rf):
    request = rf.get("/")
    with events.noting(request):
        events.note(Event("login", "twitter"))
    moment = now()
    assert told() == []
    request.close()
    assert last().at <= moment


# What is written of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 10_000])
def test_every_value_fits_its_column(length):
    text = "x" * length
    events.note(Event("login", text, text, 2**63 - 1, text, text))
    row = last()
    for field in SignInEvent._meta.concrete_fields:
        value = getattr(row, field.attname)
        assert field.max_length is None or len(value) <= field.max_length, field.name
    row.full_clean()


def test_the_columns_are_wide_enough_for_what_is_ours():
    widest = {name: SignInEvent._meta.get_field(name).max_length for name in ("event", "code", "address", "agent")}
    assert max(map(len, SignInEvent.Kind)) <= widest["event"]
    assert max(map(len, codes.OURS)) <= widest["code"]
    assert len("ffff:ffff:ffff::/48") <= widest["address"]


@pytest.mark.parametrize("code", ["", "Bad client secret: s3cr3t", "<b>", "x\ny", "ünï", "x" * 65, "a" * 64 + "\n"])
def test_a_code_that_is_none_is_not_repeated(code, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    events.note(Event("failure", "twitter", code=code))
    events.note(Event("lost", "twitter", code=code))
    assert {row.code for row in SignInEvent.objects.all()} == {"unknown-code"}
    assert not code or code not in caplog.text
    assert {record.socialreg_code for record in caplog.records} == {"unknown-code"}


@pytest.mark.parametrize("code", ["ok", "215", "invalid_grant", "token-revoked", "a.b:c", "x" * 64])
def test_a_code_of_a_provider_is_kept(code):
    events.note(Event("lost", "twitter", code=code))
    assert last().code == code


WORDS = "Planted by the provider"


def test_neither_a_row_nor_a_log_record_holds_a_secret_or_a_providers_text(world, settings, caplog):
    """Of what a provider, a stranger and a browser say in all places that there are."""
    caplog.set_level(logging.DEBUG)
    settings.SOCIALREG = {**settings.SOCIALREG, "EVENTS": "afterwards"}
    client = Client(REMOTE_ADDR=ADDRESS, headers={"user-agent": FIREFOX})
    assert is_register(go(world, "acme", client))
    client.post(reverse("socialreg:register"), MARA)
    assert go(world, "acme", Client(REMOTE_ADDR=ADDRESS))["Location"] == "/home/"
    for error in (WORDS, "invalid_grant"):
        said = {"error": error, "error_description": WORDS, "error_uri": f"https://acme.example/{WORDS}"}
        world.answers["/token"] = Response.json(said, 400)
        assert go(world, "acme", Client(REMOTE_ADDR=ADDRESS)).status_code in {400, 502}
    stranger = {"error": WORDS, "error_description": WORDS, "state": WORDS, "code": "planted-4712"}
    assert client.get(reverse("socialreg:callback", args=["acme"]), stranger).status_code == 400
    codes_told = [code for _event, _provider, code in told()]
    assert codes_told == ["ok", "ok", "unknown-code", "invalid_grant", "mismatch"]
    rows = "\n".join(str(row) for row in SignInEvent.objects.values())
    records = "\n".join(f"{vars(each)}" for each in caplog.records if each.name.startswith("socialreg"))
    for secret in ("t0ken", "the-s3cret", CODE, WORDS, "planted-4712", ADDRESS, FIREFOX):
        assert secret not in rows
        assert secret not in records


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("8.8.4.77", "8.8.4.0/24"),
        (" 8.8.4.77 ", "8.8.4.0/24"),
        ("2a00:1450:4001:82f::200e", "2a00:1450:4001::/48"),
        ("::ffff:8.8.4.77", "8.8.4.0/24"),
        ("10.0.0.7", ""),
        ("", ""),
        ("8.8.4.77:1234", ""),
        ("unix:", ""),
        ("8.8.4.77, 1.1.1.1", ""),
        ("fe80::1%eth0", ""),
    ],
)
def test_of_an_address_the_network_is_kept(rf, told, kept):
    request = rf.get("/", REMOTE_ADDR=told)
    assert prefix(request) == kept
    assert bool(of_connection(request)) == bool(kept)


def test_a_scope_that_a_function_of_the_sites_returns_with_an_address_is_left_out(rf, site):
    site(CLIENT_ADDRESS=lambda _: "2a00:1450:4001:82f::200e%eth0")
    assert prefix(rf.get("/")) == "2a00:1450:4001::/48"


@pytest.mark.parametrize(
    ("says", "known_as"),
    [
        (FIREFOX, "Firefox"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome"),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge"),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera"),
        ("Mozilla/5.0 (Android) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "Safari"),
        ("curl/8.9.1", "script"),
        ("Python/3.13 aiohttp/3.12", "script"),
        ("Lynx/2.9", "other"),
        ("", ""),
    ],
)
def test_of_a_browser_the_family_is_kept(says, known_as):
    assert family(says) == known_as


# Log records ---------------------------------------------------------------------------------------------------------


def test_every_record_about_an_event_or_a_failure_has_the_same_attributes(walker, x, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    register(walker)
    user, account = User.objects.get(), SocialAccount.objects.get()
    x.fault("server-error")
    page = walker.start(intent="connect").content.decode()
    told = [record for record in caplog.records if hasattr(record, "socialreg_event")]
    facts = [{name: value for name, value in vars(each).items() if name.startswith("socialreg_")} for each in told]
    of_both = {"socialreg_provider": "twitter", "socialreg_user": str(user.pk)}
    registered = {"socialreg_event": "register", "socialreg_code": "ok", "socialreg_account": account.pk}
    failed = {"socialreg_event": "failure", "socialreg_code": last().code, "socialreg_account": None}
    assert facts == [
        {**of_both, **registered, "socialreg_reference": ""},
        {**of_both, **failed, "socialreg_reference": reference_of(page)},
    ]
    assert told[0].getMessage() == f"twitter: register [ok], user {user.pk}, account {account.pk}"


def wrong_server(client: Client) -> None:
    client.post("/accounts/islands/start/", {"server": "no such!"})


def posted_by_nobody(client: Client) -> None:
    client.post("/accounts/poster/callback/", "state=x", content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (wrong_server, ("socialreg", "failure", "islands", "no-such-server", "")),
        (posted_by_nobody, ("socialreg.posted", "failure", "poster", "mismatch", "")),
    ],
)
def test_so_has_a_failure_that_is_told_without_an_error_page(walker, site, caplog, act, said):
    """On a form, or on the page that follows. It has no reference, and is no event."""
    caplog.set_level(logging.INFO, "socialreg")
    site(PROVIDERS={"islands": {"PROVIDER": Islands}, "poster": {"PROVIDER": Poster}})
    act(walker.client)
    names = ("name", "socialreg_event", "socialreg_provider", "socialreg_code", "socialreg_reference")
    assert [tuple(getattr(record, name) for name in names) for record in caplog.records if record.name == said[0]] == [
        said
    ]
    assert told() == []


def test_so_has_a_race_that_was_lost(caplog):
    caplog.set_level(logging.INFO, "socialreg")
    form = RegistrationForm({"username": "mara"})
    form.fields = {name: form.fields[name] for name in ("username",)}
    blame_race(form, LostRace("It was taken"))
    assert (caplog.records[-1].socialreg_event, caplog.records[-1].socialreg_code) == ("failure", "lost-race")


def test_so_has_an_account_whose_tokens_are_lost(standin, caplog):
    account = make_account(standin, "x", "maralind", user="mara")
    standin.people.pop("maralind")
    caplog.set_level(logging.INFO, "socialreg")
    call_command("socialreg_maintain", "--quiet")
    (record,) = [record for record in caplog.records if getattr(record, "socialreg_event", "") == "lost"]
    facts = (record.socialreg_event, record.socialreg_provider, record.socialreg_user, record.socialreg_account)
    assert facts == ("lost", "x", str(account.user_id), account.pk)
    assert record.socialreg_code == SocialAccount.objects.get().lost_code


def test_a_failure_is_one_line(walker, caplog):
    """The one with cause and remedy."""
    caplog.set_level(logging.INFO, "socialreg")
    walker.client.get("/accounts/twitter/callback/?oauth_token=x")
    assert [record.name for record in caplog.records if record.name.startswith("socialreg")] == ["socialreg"]


def test_switched_off_nothing_is_written_and_the_log_tells_it_all_the_same(walker, site, caplog):
    caplog.set_level(logging.INFO, "socialreg")
    site(EVENTS="off")
    register(walker)
    events.note(Event("lost", "twitter", code="revoked"))
    assert told() == []
    assert [record.socialreg_event for record in caplog.records if record.name == "socialreg.events"] == [
        "register",
        "lost",
    ]


def test_who_is_logged_in_cannot_be_asked_of_a_store_that_is_down_and_the_page_is_made_all_the_same(rf):
    def broken() -> User:
        raise ConnectionError

    request: HttpRequest = rf.get("/")
    request.user = SimpleLazyObject(broken)
    assert report(request, LoginRequired("Nobody is here")).reference == last().reference
    assert last().user == ""


# Floods --------------------------------------------------------------------------------------------------------------


def test_a_flood_of_failures_fills_no_table_and_hides_nothing_else(walker, monkeypatch, caplog):
    monkeypatch.setattr(floods, "MOST", 3)
    for _ in range(5):
        walker.client.get("/accounts/nobody/callback/")
    walker.client.get("/accounts/twitter/callback/?oauth_token=x")
    register(walker)
    assert told() == [
        *[("failure", "unknown", "unknown-provider")] * 3,
        ("failure", "twitter", "mismatch"),
        ("register", "twitter", "ok"),
    ]
    warnings = [record.getMessage() for record in caplog.records if record.name == "socialreg.events"]
    assert [text for text in warnings if "stands in the log alone" in text] == [
        "More than 3 failures [unknown-provider] or 300 in all, in a minute: the rest stands in the log alone"
    ]
    assert (
        sum("unknown-provider" in record.getMessage() for record in caplog.records if record.name == "socialreg") == 5
    )


def test_codes_that_a_provider_makes_up_are_one_kind(monkeypatch, rf):
    """Else whoever makes up codes would have as many rows, and a process would remember all of them."""
    monkeypatch.setattr(floods, "MOST", 3)
    request = rf.get("/")
    with events.noting(request):
        for number in range(5):
            events.note(Event("failure", "twitter", code=f"made-up-{number}"))
    request.close()
    assert [code for _event, _provider, code in told()] == ["made-up-0", "made-up-1", "made-up-2"]
    assert list(events._failures._written) == ["provider"]


def test_many_of_one_kind_take_no_room_from_another(monkeypatch, caplog):
    """Anybody can make one kind fail as often as they like: what an operator looks for is another one."""
    monkeypatch.setattr(floods, "MOST", 3)
    monkeypatch.setattr(floods, "MOST_OF_ALL", 5)
    flood = Flood()
    assert sum(flood.lets("csrf") for _ in range(20)) == 3
    assert [flood.lets("mismatch"), flood.lets("database"), flood.lets("timeout")] == [True, True, False]
    assert len(caplog.records) == 2


def test_nor_do_many_kinds_together(monkeypatch, caplog):
    monkeypatch.setattr(floods, "MOST_OF_ALL", 10)
    flood = Flood()
    assert sum(flood.lets(kind) for kind in [f"kind-{number}" for number in range(20)]) == 10
    assert len(caplog.records) == 1


def test_what_goes_well_is_no_flood(monkeypatch, rf):
    monkeypatch.setattr(floods, "MOST", 3)
    request = rf.get("/")
    with events.noting(request):
        for _ in range(5):
            events.note(Event("login", "twitter"))
    request.close()
    assert len(told()) == 5


def test_a_new_minute_has_room_again(monkeypatch):
    monkeypatch.setattr(floods, "MOST", 1)
    flood = Flood()
    assert [flood.lets("csrf"), flood.lets("csrf")] == [True, False]
    flood._window -= 1
    assert flood.lets("csrf")


@pytest.mark.parametrize("code", ["ok", "database", "cache", "configuration", "certificate", "denied"])
def test_no_browser_says_what_only_this_site_can(walker, world, code):
    """A login that went well, or an alert in the night: by a callback that anybody can write."""
    begun = walker.client.post(reverse("socialreg:start", args=["acme"]))
    state = parse_qs(urlsplit(begun["Location"]).query)["state"][0]
    callback = reverse("socialreg:callback", args=["acme"])
    assert walker.client.get(callback, {"state": state, "error": code}).status_code >= 400
    assert told()[-1] == ("failure", "acme", "unknown-code")


def test_a_failure_is_never_one_that_went_well():
    """Whatever the class of a site's own says."""
    assert events.failure("twitter", "", "ok").code == "unknown-code"
