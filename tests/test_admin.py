"""In the admin accounts are looked at: staff alone, no secret, nothing edited, as many queries for fifty as for one."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from socialreg.admin_filters import BoundedPaginator
from socialreg.attempt import Attempt
from socialreg.models import SocialAccount, UserAddress, identity_digest
from socialreg.pending import Pending
from socialreg.token_state import SOON, TokenState, condition, in_words, state
from socialreg.types import Arrival, Credentials, Profile, Redirect
from tests.owners_app.models import Bot, Organisation

pytestmark = pytest.mark.django_db

TOKEN, SECRET, REFRESH = "tok-en-4711", "sec-ret-4712", "ref-resh-4713"
LIST = "/admin/socialreg/socialaccount/"


def account(number: int = 1) -> SocialAccount:
    user = User.objects.create_user(f"person{number}")
    made = SocialAccount(
        user=user,
        provider="twitter",
        issuer="https://x.com",
        subject=str(1000 + number),
        identity=identity_digest("https://x.com", str(1000 + number)),
        username=f"handle{number}",
        email=f"p{number}@example.com",
        profile={"private_note": "raw-4714"},
    )
    made.credentials = Credentials(made.subject, made.username, TOKEN, SECRET, REFRESH)
    made.save()
    return made


def test_list_search_and_detail_show_who_it_is_and_no_secret(staff):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    for url in (LIST, f"{LIST}?q=handle1", f"{LIST}?q=person1", f"{LIST}?q=1001", f"{LIST}?q=p1@example.com", detail):
        response = staff.get(url)
        assert response.status_code == 200
        page = response.content.decode()
        assert "handle1" in page, url
        for secret in (TOKEN, SECRET, REFRESH, made.sealed_credentials, made.identity, "raw-4714"):
            assert secret not in page, url
    assert "handle1" not in staff.get(f"{LIST}?q=nobody").content.decode().replace("?q=handle1", "")


def test_where_there_is_nothing_the_page_says_so_and_the_list_names_days_alone(staff):
    """An empty line looks like a mistake; with the hour the list would be wider than a screen."""
    made = put(account(), used_at=datetime(2026, 3, 4, 15, 6, tzinfo=UTC))
    page = staff.get(f"{LIST}{made.pk}/change/").content.decode()
    for name in ("owners", "addresses"):
        assert re.search(rf'field-{name}.*?<div class="readonly">-</div>', page, re.DOTALL), name
    cell = re.search(r'<td class="field-used_on">(.*?)</td>', staff.get(LIST).content.decode())
    assert cell[1] == "March 4, 2026"


def test_nothing_is_added_or_edited(staff):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    assert staff.get(f"{LIST}add/").status_code == 403
    page = staff.get(detail).content.decode()
    form = page[page.index('id="socialaccount_form"') : page.rindex("</form>")]
    names = set(re.findall(r'<(?:input|select|textarea)[^>]*name="(\w+)"', form))
    assert names <= {"csrfmiddlewaretoken"}
    assert 'name="_save"' not in page
    other = User.objects.create_user("other")
    assert staff.post(detail, {"user": other.pk, "subject": "1", "sealed_credentials": ""}).status_code == 403
    again = SocialAccount.objects.get()
    assert (again.user, again.subject, again.credentials) == (made.user, made.subject, made.credentials)


def test_it_can_be_removed(staff):
    made = account()
    assert staff.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SocialAccount.objects.exists()


def test_fifty_cost_as_many_queries_as_one(staff):
    """Session, user, count, page, and one for each of the four fields by which something owns accounts."""
    Organisation.objects.create(name="Club 1", twitter=account(1))
    with CaptureQueriesContext(connection) as one:
        staff.get(LIST)
    for number in range(2, 52):
        Organisation.objects.create(name=f"Club {number}", twitter=account(number))
    with CaptureQueriesContext(connection) as fifty:
        page = staff.get(LIST).content.decode()
    assert "Organisation: Club 51" in page
    assert len(fifty) == len(one) == 8


@pytest.mark.parametrize(
    "query", ["", "?_facets=1", "?q=handle1", "?state=lost", "?provider=twitter", "?used=30", "?state=nobodys"]
)
def test_counting_is_bounded_and_no_filter_reads_all_rows_to_be_drawn(staff, query):
    """Of a million rows a count reads ten thousand, and the filters know what they offer."""
    account()
    with CaptureQueriesContext(connection) as queries:
        assert staff.get(f"{LIST}{query}").status_code == 200
    about = [each["sql"] for each in queries if 'FROM "socialreg_socialaccount"' in each["sql"]]
    assert [sql.endswith("LIMIT 10000) subquery") for sql in about] == [True, False]  # the count; the page
    assert not any("DISTINCT" in sql for sql in about)


def test_no_more_is_counted_than_is_said(monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "most", 3)
    for number in range(5):
        account(number)
    assert BoundedPaginator(SocialAccount.objects.order_by("-pk"), 2).count == 3
    assert BoundedPaginator(SocialAccount.objects.filter(username="handle1").order_by("-pk"), 2).count == 1


def test_it_is_for_staff_with_the_permission_alone(client):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    for user in (None, made.user, User.objects.create_user("staff", is_staff=True)):
        if user:
            client.force_login(user)
        for url in (LIST, detail):
            assert client.get(url).status_code in {302, 403}
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_socialaccount"))
    client.force_login(viewer)
    assert client.get(detail).status_code == 200
    assert client.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403


def test_no_secret_in_any_representation():
    made = account()
    credentials = made.credentials
    arrival = Arrival("twitter", "https://x.com", credentials, Profile("1", raw={"note": "raw-4714"}), fetched=True)
    things = [
        made,
        credentials,
        arrival,
        Pending(arrival, "prove", "/", proof="pro-of-4715"),
        Redirect(f"https://x.com/?oauth_token={TOKEN}", TOKEN, {"secret": SECRET}),
        Attempt("twitter", "https://x.com", "login", None, "/", key=TOKEN, pending={"secret": SECRET}),
    ]
    for thing in things:
        for text in (repr(thing), str(thing), f"{thing}", f"{thing!r:>300}", f"{[thing]}", f"{thing!a}"):
            assert not re.search(r"-471[1-5]", text), type(thing)
    assert reverse("admin:socialreg_socialaccount_changelist") == LIST


# -- what is found and said

#: Columns, where a span is one from the moment of the test: collecting all tests may take longer than a token lives.
STATES = {
    "fine, never ends": ({}, TokenState.FINE, "Lives until it is revoked"),
    "fine, ends late": ({"expires_at": timedelta(days=1)}, TokenState.FINE, "Lives until "),
    "fine, can be refreshed": (
        {"expires_at": timedelta(days=1), "refreshable": True},
        TokenState.FINE,
        ", can be refreshed",
    ),
    "soon": ({"expires_at": SOON / 2}, TokenState.EXPIRED, "Lives until "),
    "ended": ({"expires_at": -timedelta(days=1)}, TokenState.EXPIRED, "Expired "),
    "ended, can be refreshed": (
        {"expires_at": -timedelta(days=1), "refreshable": True},
        TokenState.REFRESHABLE,
        ", can be refreshed",
    ),
    "lost": ({"lost_at": -timedelta(days=3), "lost_code": "revoked"}, TokenState.LOST, "Lost: revoked, since "),
}


def put(made: SocialAccount, **columns: object) -> SocialAccount:
    """Put columns in place of what the credentials have set."""
    for name, value in columns.items():
        setattr(made, name, value)
    made.save()
    return made


@pytest.mark.parametrize("case", STATES)
def test_the_state_of_the_tokens_is_said_in_words_and_filtered_by(staff, case):
    columns, expected, words = STATES[case]
    moment = now()
    known = {name: moment + value if isinstance(value, timedelta) else value for name, value in columns.items()}
    made = put(account(), **{"refreshable": False, **known})
    assert state(made, moment) is expected
    assert words in in_words(made, moment)
    for url in (LIST, f"{LIST}{made.pk}/change/", f"{LIST}?state={expected}"):
        assert words in unescape(staff.get(url).content.decode()), url
    for other in set(TokenState) - {expected}:
        assert "handle1" not in staff.get(f"{LIST}?state={other}").content.decode()


def test_every_account_is_in_exactly_one_state():
    moment = now()
    lost = [None, moment]
    ends = [None, moment - SOON, moment, moment + SOON, moment + SOON + timedelta(microseconds=1)]
    for number, (lost_at, expires_at, refreshable) in enumerate(itertools.product(lost, ends, [False, True])):
        made = put(account(number), lost_at=lost_at, expires_at=expires_at, refreshable=refreshable)
        found = [each for each in TokenState if SocialAccount.objects.filter(condition(each, moment), pk=made.pk)]
        assert found == [state(made, moment)]


def test_nobodys_are_those_that_neither_a_user_nor_anything_of_the_sites_has(staff):
    users, owned, nobodys = account(1), account(2), account(3)
    SocialAccount.objects.exclude(pk=users.pk).update(user=None)
    Bot.objects.create(name="Robin", ear=owned)
    page = staff.get(f"{LIST}?state=nobodys").content.decode()
    assert [name for name in ("handle1", "handle2", "handle3") if name in page] == [nobodys.username]
    everything = staff.get(LIST).content.decode()
    assert all(each.username in everything for each in (users, owned, nobodys))


def test_owners_are_named_in_the_list_and_on_the_page(staff):
    made = account()
    organisation = Organisation.objects.create(name="<b>Growers</b>", twitter=made, is_closed=True)
    Bot.objects.create(name="Robin", voice=made, organisation=organisation)
    for url in (LIST, f"{LIST}{made.pk}/change/"):
        page = staff.get(url).content.decode()
        assert "Organisation: &lt;b&gt;Growers&lt;/b&gt;, Bot: Robin" in page, url


@pytest.mark.parametrize("term", ["handle1", "person1", "person1@here.example", "twitter handle1", "1001"])
def test_it_is_found_by_handle_provider_and_the_users_name_and_address(staff, term):
    made, _other = account(1), account(2)
    User.objects.filter(pk=made.user_id).update(email="Person1@here.example")
    page = staff.get(LIST, {"q": term}).content.decode()
    assert "handle1</a>" in page
    assert "handle2</a>" not in page


def test_it_is_filtered_by_provider_and_those_not_enabled_any_more_are_together(staff):
    account(1)
    put(account(2), provider="myspace")
    assert "handle2" not in staff.get(f"{LIST}?provider=twitter").content.decode()
    gone = staff.get(f"{LIST}?provider=-").content.decode()
    assert "handle2" in gone
    assert "handle1" not in gone


def test_it_is_filtered_by_when_it_was_last_used(staff):
    put(account(1), used_at=now() - timedelta(days=2))
    put(account(2), used_at=now() - timedelta(days=400))
    shown = {
        used: [name for name in ("handle1", "handle2") if name in staff.get(f"{LIST}?used={used}").content.decode()]
        for used in ("1", "30", "not-90", "not-365", "nonsense")
    }
    late = {"not-90": ["handle2"], "not-365": ["handle2"]}
    assert shown == {"1": [], "30": ["handle1"], **late, "nonsense": ["handle1", "handle2"]}


# -- nothing secret

LINK = "li-nk-4716"


def planted() -> SocialAccount:
    """An account, lost, owned, of somebody whose address waits for its confirmation."""
    made = put(account(), lost_at=now(), lost_code="revoked")
    Organisation.objects.create(name="Growers", twitter=made)
    given = {"user": made.user, "address": "p1@here.example", "secret": LINK, "digest": "di-gest-4717"}
    UserAddress.objects.create(sent_at=now(), **given)
    return made


def test_no_page_of_the_admin_shows_a_secret(staff):
    made = planted()
    chosen = {"_selected_action": made.pk, "index": 0}
    user = f"/admin/auth/user/{made.user_id}/"
    pages = [
        *("/admin/", "/admin/socialreg/", LIST, f"{LIST}?state=lost", f"{LIST}?q=handle1", f"{LIST}?provider=twitter"),
        *(f"{LIST}{made.pk}/{page}/" for page in ("change", "delete", "history")),
        *(f"{user}change/", f"{user}delete/"),
    ]
    shown = {url: staff.get(url) for url in pages}
    for action in ("verify", "refresh", "delete_selected"):
        shown[action] = staff.post(LIST, {"action": action, **chosen}, follow=True)
    for url, response in shown.items():
        assert response.status_code == 200, url
        page = response.content.decode()
        assert not re.search(r"-471[1-7]", page), url
        assert made.sealed_credentials not in page, url
        assert made.identity not in page, url
    assert "handle1" in shown["delete_selected"].content.decode()
    assert "p1@here.example (not confirmed, last mail" in shown[f"{LIST}{made.pk}/change/"].content.decode()


def test_neither_tokens_nor_the_providers_answer_leave_the_database_for_a_page(staff):
    made = account()
    with CaptureQueriesContext(connection) as queries:
        staff.get(LIST)
        staff.get(f"{LIST}{made.pk}/change/")
    assert not any('"sealed_credentials"' in each["sql"] or '"profile",' in each["sql"] for each in queries)


def test_whoever_may_delete_users_and_accounts_is_not_kept_from_it_by_their_addresses(client):
    made = planted()
    deleter = User.objects.create_user("deleter", is_staff=True)
    codenames = ["view_user", "delete_user", "delete_socialaccount"]
    deleter.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(deleter)
    assert client.post(f"/admin/auth/user/{made.user_id}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=made.user_id).exists()
