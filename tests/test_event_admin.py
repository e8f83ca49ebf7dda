"""The timeline in the admin: found by what stands on a visitor's page, never by reading a million rows, and fixed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils.timezone import now

from socialreg import events
from socialreg.floods import Flood
from socialreg.sign_in_events import SignInEvent
from tests import owning, stores
from tests.statements import Statement, recorded, scans
from tests.test_events import reference_of
from tests.test_way import register

pytestmark = pytest.mark.django_db

LIST = "/admin/socialreg/signinevent/"


def happen(event: str = "login", age: timedelta = timedelta(), **values: object) -> SignInEvent:
    """Let something have happened so long ago."""
    facts = {"provider": "twitter", "code": "ok", "at": now() - age, **values}
    return SignInEvent.objects.create(event=event, **facts)


def shown(client: Client, query: str = "") -> list[list[str]]:
    """Return the words in the cells of the list, row by row."""
    response = client.get(f"{LIST}{query}")
    assert response.status_code == 200
    rows = re.findall(r"<tr>(<t[dh] class=\"field-when.*?)</tr>", response.content.decode(), re.DOTALL)
    return [[unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.split(r"</t[dh]>", row)[:-1]] for row in rows]


def references(client: Client, query: str) -> list[str]:
    """Return the references of the rows that are shown, which here name them."""
    return [row[6] for row in shown(client, query)]


# What is shown -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_from_the_reference_on_a_visitors_page_to_what_happened(browser, x, site, staff, monkeypatch):
    monkeypatch.setattr(events, "_failures", Flood())
    site(EVENTS="afterwards")
    register(browser)
    callback = browser.approve("maralind", intent="connect")
    x.fault("server-error")
    reference = reference_of(browser.client.get(callback).content.decode())
    ((when, *facts),) = shown(staff, f"?q={reference}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", when)
    assert facts == ["X", "failure", "500", "maralind", "-", reference, "-", "-"]
    assert len(shown(staff)) == 2
    assert shown(staff, f"?q=+{reference.upper()}+") == [[when, *facts]]


def test_users_and_accounts_are_links_as_long_as_they_are_there(staff):
    user = User.objects.create_user("mara")
    account = owning.account("7", user, username="maralind")
    happen(user=str(user.pk), account=account.pk)
    page = staff.get(LIST).content.decode()
    assert f'<a href="/admin/auth/user/{user.pk}/change/"><bdi>mara</bdi></a>' in page
    assert f'<a href="/admin/socialreg/socialaccount/{account.pk}/change/"><bdi>maralind</bdi></a>' in page
    number, key = str(user.pk), str(account.pk)
    account.delete()
    user.delete()
    assert shown(staff)[0][4:6] == [number, key]


@pytest.mark.parametrize("user", ["", "not-a-number", "9" * 64, "\u0663"])
def test_the_id_of_another_user_model_breaks_nothing(staff, user):
    happen(user=user)
    assert shown(staff)[0][4] == (user or "-")


def test_nothing_in_it_is_markup(staff):
    user = User.objects.create(username="<script>1</script>")
    account = owning.account("7", user, username="<script>2</script>")
    happen(user=str(user.pk), account=account.pk, provider="<script>3</script>", code="<script>4</script>")
    happen(reference="<script>5", address="<script>6", agent="<script>7", user="<script>8")
    page = staff.get(LIST).content.decode()
    assert not re.search(r"<script>\d", page)
    assert len(re.findall(r"&lt;script&gt;[1-8]", page)) >= 8


def test_newest_first_whatever_the_order_in_which_they_were_written(staff):
    happen(reference="second", age=timedelta(minutes=1))
    happen(reference="first")
    happen(reference="third", age=timedelta(minutes=2))
    assert references(staff, "") == ["first", "second", "third"]


# Who may what --------------------------------------------------------------------------------------------------------


def test_it_is_for_staff_with_the_permission_alone(client):
    event = happen()
    for user in (None, User.objects.create_user("somebody"), User.objects.create_user("staff", is_staff=True)):
        if user:
            client.force_login(user)
        assert client.get(f"{LIST}{event.pk}/change/").status_code in {302, 403}
        with recorded(connection) as statements:
            assert client.get(LIST).status_code in {302, 403}
        assert not [sql for sql, _ in statements.queries if "signinevent" in sql]  # nor for the chart
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_signinevent"))
    client.force_login(viewer)
    assert len(shown(client)) == 1


def test_nobody_changes_what_happened(staff):
    event = happen(reference="5f0c9a3e")
    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}add/", {"event": "login", "code": "ok"}).status_code == 403
    detail = f"{LIST}{event.pk}/change/"
    assert 'name="_save"' not in staff.get(detail).content.decode()
    assert staff.post(detail, {"code": "ok", "reference": "another"}).status_code == 403
    assert staff.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    assert SignInEvent.objects.get().reference == "5f0c9a3e"
    assert not Permission.objects.filter(content_type__model="signinevent").exclude(codename="view_signinevent")


# Finding -------------------------------------------------------------------------------------------------------------


def test_a_user_is_found_by_name_address_or_number_and_nobody_by_a_part_of_one(staff):
    mara = User.objects.create_user("mara", email="Mara@Example.com")
    juno = User.objects.create_user("mara2", email="juno@example.com")
    happen(user=str(mara.pk), reference="of-mara")
    happen(user=str(juno.pk), reference="of-juno")
    for words in ("mara", "mara@example.com", "MARA@EXAMPLE.COM", str(mara.pk), "%20mara%20"):
        assert references(staff, f"?q={words}") == ["of-mara"], words
    assert references(staff, "?q=mara2") == ["of-juno"]
    for words in ("mar", "example.com", "of-mara", "%25", "' OR 1=1", "mara juno", "x" * 10_000):
        assert references(staff, f"?q={words}") == [], words
    assert len(references(staff, "?q=")) == len(references(staff, "?q=+")) == 2


def test_a_user_whose_name_looks_like_a_reference_is_found_as_well(staff):
    user = User.objects.create_user("deadbeef")
    happen(user=str(user.pk), reference="12345678")
    assert references(staff, "?q=deadbeef") == ["12345678"]
    assert references(staff, "?q=12345678") == ["12345678"]


def test_who_is_gone_is_found_by_the_number(staff):
    happen(user="4711", reference="of-nobody")
    assert references(staff, "?q=4711") == ["of-nobody"]


def test_each_filter_leaves_what_it_says(staff):
    happen(reference="fine")
    happen("failure", reference="down", code="timeout", age=timedelta(hours=3))
    happen("failure", reference="gone", code="403", provider="closed", age=timedelta(days=3))
    happen("confirm", reference="mail", provider="", age=timedelta(days=40))
    found = {
        "?provider=twitter": ["fine", "down"],
        "?provider=-": ["gone"],
        "?provider=closed": ["fine", "down", "gone", "mail"],  # no choice
        "?event__exact=confirm": ["mail"],
        "?outcome=ok": ["fine", "mail"],
        "?outcome=-": ["down", "gone"],
        "?outcome=timeout": ["down"],
        "?outcome=never": [],
        "?period=hour": ["fine"],
        "?period=day": ["fine", "down"],
        "?period=week": ["fine", "down", "gone"],
        "?period=month": ["fine", "down", "gone"],
        "?period=century": ["fine", "down", "gone", "mail"],
        "?provider=twitter&outcome=-&period=day": ["down"],
    }
    assert {query: references(staff, query) for query in found} == found


def test_the_codes_to_choose_from_are_those_of_late(staff, monkeypatch):
    monkeypatch.setattr("socialreg.event_filters._NEWEST", 3)
    happen("failure", code="long-ago", age=timedelta(days=1))
    for code in ("timeout", "ok", "403"):
        happen("failure", code=code)
    page = staff.get(LIST).content.decode()
    assert re.findall(r"\?outcome=([\w-]+)", page) == ["ok", "-", "403", "timeout"]
    assert "?outcome=long-ago" in staff.get(f"{LIST}?outcome=long-ago").content.decode()


# A million rows ------------------------------------------------------------------------------------------------------


def test_fifty_cost_as_many_queries_as_one(staff):
    """Session, user; the codes of late, count, page, users, accounts; and the chart."""

    def count() -> int:
        with recorded(connection) as statements:
            staff.get(LIST)
        return len(statements.queries)

    for number in range(50):
        user = User.objects.create_user(f"person{number}")
        happen(user=str(user.pk), account=owning.account(str(number), user).pk)
        if number == 0:
            one = count()
    assert count() == one == 8


@pytest.mark.parametrize("query", ["", "?q=mara", "?outcome=-", "?provider=twitter", "?period=day", "?_facets=1"])
def test_every_question_about_them_has_a_bound(staff, query):
    """Of a million rows a count reads ten thousand, a page fifty, the filter a thousand, and the chart two weeks."""
    user = User.objects.create_user("mara")
    SignInEvent.objects.bulk_create(
        SignInEvent(event="failure", provider="twitter", code="timeout", user=str(user.pk)) for _ in range(60)
    )
    with recorded(connection) as statements:
        assert staff.get(f"{LIST}{query}").status_code == 200
    about = [sql for sql, _ in statements.queries if "socialreg_signinevent" in sql]
    assert sorted(int(each) for sql in about for each in re.findall(r"LIMIT (\d+)", sql)) == [50, 1000, 10_000]
    unbounded = [sql for sql in about if "LIMIT" not in sql]
    assert ["GROUP BY" in sql for sql in unbounded] == ([] if "q=" in query else [True])


def a_year(users: list[User]) -> None:
    """Let thirty thousand things have happened in almost two years, few of them to these users."""
    moment = now()
    SignInEvent.objects.bulk_create(
        (
            SignInEvent(
                event="login",
                provider="twitter",
                code="ok" if number % 9 else "timeout",
                at=moment - timedelta(minutes=number * 30),
                user=str(users[number % len(users)].pk) if number % 100 == 0 else str(number + 10_000),
                reference=f"{number:08x}",
            )
            for number in range(30_000)
        ),
        batch_size=2_000,
    )


def analyze(database: BaseDatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE TABLE socialreg_signinevent" if database.vendor == "mysql" else "ANALYZE")


def reads_all(database: BaseDatabaseWrapper, statement: Statement) -> list[str]:
    """Return the steps that visit every row. A walk along an index that ends after a page of rows does not.

    Nor does one of the filter's, along the key, which SQLite calls the table.
    """
    # What a count found is counted without a table.
    steps = [step for step in scans(database, statement) if not re.search("subquery|derived", step)]
    along = {"50": "INDEX|^Index|: index", "1000": r"INDEX|^Index|: index|^SCAN \w+$"}
    ends = re.search(r"LIMIT (50|1000)$", statement[0])
    return [step for step in steps if not (ends and re.search(along[ends[1]], step))]


@stores.on("sqlite", "postgres", "mysql")
def test_no_way_to_an_event_reads_them_all(database):
    """The newest and the chart; by a reference, one that is none, a name, an address. Without the indexes all do."""
    users = [User.objects.create_user(f"person{number}", email=f"p{number}@example.com") for number in range(20)]
    a_year(users)
    call_command("socialreg_index", database=stores.ALIAS, verbosity=0)
    analyze(database)
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    sent = {query: ask(client, database, query) for query in ("", *WAYS)}
    read = {query: [each for each in sent[query] if reads_all(database, each)] for query in sent}
    # How many there are of all is counted as far as ten thousand, whichever they are.
    assert [sql[-21:] for sql, _ in read.pop("")] == ["LIMIT 10000) subquery"]
    assert read == {query: [] for query in WAYS}
    with database.schema_editor() as editor:
        for index in SignInEvent._meta.indexes:
            editor.remove_index(SignInEvent, index)
    analyze(database)
    assert all(any(reads_all(database, each) for each in sent[query]) for query in WAYS)
    page, chart = (next(each for each in sent[""] if words in each[0]) for words in ("LIMIT 50", "GROUP BY"))
    assert reads_all(database, page)
    assert reads_all(database, chart)


WAYS = ("?q=000003e8", "?q=deadbeef", "?q=person0", "?q=p0@example.com")


def ask(client: Client, database: BaseDatabaseWrapper, query: str) -> list[Statement]:
    """Open the list; return what is asked about events."""
    with recorded(database) as statements:
        assert client.get(f"{LIST}{query}").status_code == 200
    return [each for each in statements.queries if "socialreg_signinevent" in each[0]]
