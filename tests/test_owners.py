"""An organisation and a bot get accounts: who may give them one, what is written, and what a button may not do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from socialreg import attaching, errands, owners
from socialreg.attaching import Task
from socialreg.exceptions import ConfigurationError, NotAllowed
from socialreg.models import SocialAccount
from socialreg.ownership import owner_of
from socialreg.types import Arrival, Credentials, Errand, Profile
from tests.owners_app.models import Bot, Club, Organisation, Sister
from tests.owning import (
    HOOK,
    START,
    account,
    button_on,
    connect,
    disconnect,
    errand_in,
    member_of,
    press,
    request_of,
    says,
)
from tests.statements import recorded
from tests.test_signals import heard
from tests.test_way import register

pytestmark = pytest.mark.django_db


@pytest.fixture
def owned(site, browser):
    """A member of an organisation, logged in."""
    site(MAY_CONNECT=HOOK)
    user, organisation = member_of()
    browser.client.force_login(user)
    return user, organisation


# The way


def test_a_member_connects_the_organisation_and_gets_no_account_by_it(owned, browser):
    user, organisation = owned
    assert connect(browser, user, organisation, next="/home/?org")["Location"] == "/home/?org"
    organisation.refresh_from_db()
    account = organisation.twitter
    assert (account.username, account.user, account.provider) == ("ines_moreau", None, "twitter")
    assert account.credentials.token
    assert not user.social_accounts.exists()
    assert browser.user() == user


def test_the_field_is_named_by_its_name_or_by_its_provider_if_no_other_has_it(owned, rf):
    user, organisation = owned
    request = request_of(user)
    assert owners.connect_url(request, organisation, "twitter").startswith(f"{START}?intent=connect&errand=")
    assert owners.connect_url(request, organisation, "acme") == owners.connect_url(request, organisation, "second")
    bot = Bot.objects.create(name="b")
    assert owners.connect_url(request, bot, "voice")
    for name in ("twitter", "name", "voice ", ""):  # two fields have the first one
        with pytest.raises(ConfigurationError) as caught:
            owners.connect_url(request, bot, name)
        assert caught.value.code == "owner-field"
    with pytest.raises(ConfigurationError) as caught:
        owners.connect_url(request, Organisation(name="unsaved"), "twitter")
    assert caught.value.code == "owner-unsaved"


@pytest.mark.parametrize("kind", [Club, Sister, Bot])
def test_whatever_inherits_or_belongs_to_an_organisation_can_be_connected_too(owned, browser, kind):
    user, organisation = owned
    instance = kind.objects.create(name="it", **({"organisation": organisation} if kind is Bot else {}))
    if kind is not Bot:
        instance.members.add(user)
    field = "voice" if kind is Bot else "twitter"
    connect(browser, user, instance, field=field)
    instance.refresh_from_db()
    assert getattr(instance, field).username == "ines_moreau"
    disconnect(browser, user, instance, field=field)
    instance.refresh_from_db()
    assert getattr(instance, field) is None


def test_one_account_serves_a_user_and_several_owners_and_its_tokens_are_there_once(owned, browser, other_browser):
    user, organisation = owned
    register(other_browser, "ines_moreau")
    sealed = SocialAccount.objects.get().sealed_credentials
    connect(browser, user, organisation)
    bot = Bot.objects.create(name="b", organisation=organisation)
    connect(browser, user, bot, field="voice")
    account = SocialAccount.objects.get()
    assert account.user == other_browser.user()
    assert account.sealed_credentials != sealed  # renewed by whoever has just proved that it is theirs
    assert Organisation.objects.get().twitter == Bot.objects.get().voice == account


def test_another_account_takes_the_place_of_the_first_which_goes(owned, browser):
    user, organisation = owned
    connect(browser, user, organisation)
    connect(browser, user, organisation, "kestrel")
    assert SocialAccount.objects.get().username == "kestrel"
    organisation.refresh_from_db()
    assert organisation.twitter == SocialAccount.objects.get()


def test_a_field_that_is_unique_lets_an_account_serve_its_first_owner_alone(owned, browser):
    user, organisation = owned
    connect(browser, user, organisation)
    other = Organisation.objects.create(name="Printers")
    other.members.add(user)
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX one_owner ON owners_app_organisation (twitter_id)")
    before = SocialAccount.objects.values().get()
    response = connect(browser, user, other)
    assert (response.status_code, says(response)) == (403, "Already in use")
    other.refresh_from_db()
    assert other.twitter is None
    assert SocialAccount.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_connected_and_disconnected_name_owner_and_field_once_each(owned, browser):
    user, organisation = owned
    with heard() as calls:
        connect(browser, user, organisation)
        connect(browser, user, organisation)  # its own already: no news
        organisation.refresh_from_db()
        disconnect(browser, user, organisation)
        browser.log_in("kestrel", intent="connect")
    assert [name for name, _ in calls] == ["connected", "disconnected", "connected"]
    assert [(values["owner"], values["field"]) for _, values in calls] == [
        (organisation, "twitter"),
        (organisation, "twitter"),
        (None, None),
    ]
    assert {values["user"] for _, values in calls} == {user}
    assert calls[0][1]["profile"].username == calls[0][1]["account"].username == "ines_moreau"
    assert not any(values["in_transaction"] for _, values in calls)


def test_whoever_has_the_account_may_register_with_it_gets_no_right_and_takes_nothing(owned, browser, other_browser):
    user, organisation = owned
    connect(browser, user, organisation)
    register(other_browser, "ines_moreau")
    newcomer = other_browser.user()
    organisation.refresh_from_db()
    assert organisation.twitter == SocialAccount.objects.get() == newcomer.social_accounts.get()
    assert press(other_browser, newcomer, organisation).status_code == 403
    assert disconnect(other_browser, newcomer, organisation).status_code == 403


def test_a_user_who_connects_an_organisations_account_to_themselves_shares_it(owned, browser):
    user, organisation = owned
    connect(browser, user, organisation)
    browser.log_in("ines_moreau", intent="connect")
    assert user.social_accounts.get() == Organisation.objects.get().twitter


def test_the_session_key_changes(owned, browser):
    user, organisation = owned
    before = browser.client.session.session_key
    connect(browser, user, organisation)
    assert browser.client.session.session_key != before


# Disconnecting


def test_disconnecting_empties_the_field_and_removes_an_account_that_is_nobodys_then(owned, browser):
    user, organisation = owned
    connect(browser, user, organisation)
    organisation.refresh_from_db()
    assert disconnect(browser, user, organisation, next="/home/?gone")["Location"] == "/home/?gone"
    organisation.refresh_from_db()
    assert organisation.twitter is None
    assert not SocialAccount.objects.exists()


def test_an_account_that_a_user_or_another_owner_has_stays(owned, browser, other_browser):
    user, organisation = owned
    register(other_browser, "ines_moreau")
    connect(browser, user, organisation)
    organisation.refresh_from_db()
    disconnect(browser, user, organisation)
    assert SocialAccount.objects.get().user == other_browser.user()


def test_disconnecting_is_not_done_by_a_link_without_a_token_or_without_a_login(owned, browser):
    user, organisation = owned
    connect(browser, user, organisation)
    organisation.refresh_from_db()
    url = owners.disconnect_url(request_of(user), organisation, "twitter")
    opened = browser.client.get(url)
    assert (opened.status_code, opened["Allow"]) == (405, "POST")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(url).status_code == 403
    assert Client().post(url)["Location"].startswith("/login/?next=")
    assert SocialAccount.objects.exists()


@pytest.mark.parametrize("errand", ["", "x", "connect", "other", "stale", "account-alone"])
def test_an_address_that_disconnects_can_be_put_to_no_other_use(owned, browser, errand):
    """Not one that connects, nor somebody else's, nor one from before another account was connected."""
    user, organisation = owned
    connect(browser, user, organisation)
    organisation.refresh_from_db()
    stale = errand_in(owners.disconnect_url(request_of(user), organisation, "twitter"))
    connect(browser, user, organisation, "kestrel")
    organisation.refresh_from_db()
    mine = SocialAccount.objects.get()
    SocialAccount.objects.update(user=user)
    given = {
        "connect": errand_in(owners.connect_url(request_of(user), organisation, "twitter")),
        "other": errand_in(owners.disconnect_url(request_of(User.objects.create()), organisation, "twitter")),
        "stale": stale,
        "account-alone": owners.errand(request_of(user), mine),
    }.get(errand, errand)
    response = browser.client.post(reverse("socialreg:disconnect-owner"), query_params={"errand": given})
    assert response.status_code in {400, 403}
    assert Organisation.objects.get().twitter == mine


# The page behind a link in a mail


def test_the_address_opened_as_a_page_shows_the_button_that_carries_everything_and_starts_nothing(owned, browser, x):
    user, organisation = owned
    url = owners.connect_url(request_of(user), organisation, "twitter", next="/home/?mail")
    page = browser.client.get(url)
    assert (page.status_code, says(page)) == (405, "One more click")
    assert x.requests == []
    assert not [name for name in page.cookies if "attempt" in name]
    form = button_on(page)
    assert (form["intent"], form["errand"], form["next"]) == ("connect", errand_in(url), "/home/?mail")
    began = browser.client.post(START, form)
    assert browser.client.get(x.approve(began["Location"], "ines_moreau"))["Location"] == "/home/?mail"
    assert Organisation.objects.get().twitter.username == "ines_moreau"


def test_who_is_not_logged_in_logs_in_first_and_comes_back_to_the_button(owned, browser):
    user, organisation = owned
    user.set_password("secret")
    user.save()
    browser.client.logout()
    url = owners.connect_url(request_of(user), organisation, "twitter", next="/home/")
    login = browser.client.get(url)["Location"]
    form = button_on(browser.client.get(login))
    back = browser.client.post("/login/", {**form, "username": "juno", "password": "secret"})["Location"]
    assert back == url
    assert says(browser.client.get(back)) == "One more click"


def test_what_the_address_says_besides_reaches_nobody(owned, browser, x):
    """A08: no option of the provider's, no state, no address elsewhere."""
    user, organisation = owned
    url = owners.connect_url(request_of(user), organisation, "twitter", next="https://elsewhere.example/")
    plain = browser.client.post(url)["Location"]
    assert "force_login" in browser.client.post(url, {"force_login": "true"})["Location"]
    assert "force_login" not in browser.client.post(f"{url}&force_login=true&oauth_token=x&state=y")["Location"]
    callback = x.approve(plain, "ines_moreau")
    assert browser.client.get(callback)["Location"] == "/home/"


def test_without_an_errand_the_address_says_nothing(owned, browser):
    page = browser.client.get(f"{START}?intent=connect&next=/home/")
    assert "intent" not in button_on(page)
    assert "next" not in button_on(page)


def test_a_login_that_is_not_recent_comes_back_to_the_button_of_the_mail(owned, browser, site):
    user, organisation = owned
    site(RECENT_LOGIN=0)
    url = owners.connect_url(request_of(user), organisation, "twitter")
    session = browser.client.session
    session["socialreg_since"] = 1
    session.save()
    page = browser.client.get(url)
    held = browser.client.post(START, button_on(page), headers={"referer": f"http://testserver{url}"})
    assert held["Location"].startswith(f"{reverse('socialreg:again')}?next=")
    assert "errand" in held["Location"]
    for address in (url, owners.disconnect_url(request_of(user), organisation, "twitter")):
        assert browser.client.post(address)["Location"].startswith(reverse("socialreg:again"))


# Who may


def test_by_default_djangos_permission_to_change_decides(site, browser):
    user, organisation = member_of()
    browser.client.force_login(user)
    assert press(browser, user, organisation).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_organisation"))
    assert press(browser, User.objects.get(), organisation).status_code == 302


def test_the_permission_of_an_object_backend_counts(site, browser, settings):
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, "tests.test_owners.OneByOne"]
    user, organisation = member_of()
    other = Organisation.objects.create(name="Other")
    browser.client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert press(browser, user, organisation).status_code == 302
    assert press(browser, user, other).status_code == 403


class OneByOne:
    """A backend that knows permissions for single objects."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user, permission, obj=None) -> bool:
        return permission == "owners_app.change_organisation" and obj is not None and obj.name == "Cartographers"


def raises(user, instance, field):
    raise RuntimeError("no database of members today")


async def forgotten(user, instance, field):
    return True


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("hook", [raises, forgotten, lambda *_: None, lambda *_: 1, "tests.nothing.here"])
def test_a_hook_that_fails_or_does_not_say_true_is_a_no(owned, browser, site, hook, caplog):
    user, organisation = owned
    site(MAY_CONNECT=hook)
    response = press(browser, user, organisation)
    assert (response.status_code, says(response)) == (403, "You cannot change this")
    assert ("MAY_CONNECT" in caplog.text) is (hook in {raises, "tests.nothing.here"})


ASKED: list[tuple[object, ...]] = []


def noting(user, instance, field):
    ASKED.append((user, instance, field))
    return True


def test_the_hook_is_asked_at_the_start_and_again_at_the_callback(owned, browser, site):
    user, organisation = owned
    ASKED.clear()
    site(MAY_CONNECT=noting)
    began = press(browser, user, organisation)
    assert [(user, organisation, "twitter")] == ASKED
    browser.client.get(browser.x.approve(began["Location"], "ines_moreau"))
    assert [(user, organisation, "twitter")] * 2 == ASKED


# What can happen between the start and the callback


def leave(user, organisation):
    organisation.members.remove(user)


def delete(user, organisation):
    organisation.delete()


def close(user, organisation):
    Organisation.objects.update(is_closed=True)


@pytest.mark.parametrize("change", [leave, delete, close])
def test_a_permission_or_an_owner_that_is_gone_meanwhile_gets_nothing(owned, browser, change, x):
    """The same words for what is not there and for what is not theirs, at the start and at the callback."""
    user, organisation = owned
    began = press(browser, user, organisation)
    url = owners.connect_url(request_of(user), organisation, "twitter")
    callback = x.approve(began["Location"], "ines_moreau")
    change(user, organisation)
    for response in (browser.client.get(callback), browser.client.post(url)):
        assert (response.status_code, says(response)) == (403, "You cannot change this")
        assert "Cartographers" not in response.content.decode()
    assert not SocialAccount.objects.exists()


def test_a27_somebody_else_who_is_here_at_the_callback_gets_nothing_and_gives_nothing(owned, browser, x):
    user, organisation = owned
    callback = x.approve(press(browser, user, organisation)["Location"], "ines_moreau")
    other = User.objects.create_user("other")
    organisation.members.add(other)
    browser.client.force_login(other)
    response = browser.client.get(callback)
    assert (response.status_code, says(response)) == (403, "Somebody else is logged in now")
    assert browser.user() == other
    assert not SocialAccount.objects.exists()


def test_a27_nobody_who_is_here_at_the_callback_connects_nothing(owned, browser, x):
    user, organisation = owned
    callback = x.approve(press(browser, user, organisation)["Location"], "ines_moreau")
    del browser.client.cookies["sessionid"]
    assert browser.client.get(callback).status_code == 403
    assert not SocialAccount.objects.exists()
    assert browser.user() is None


def test_a28_an_account_of_somebody_elses_is_shared_and_nothing_is_told_of_them(owned, browser, other_browser):
    """Who is here has just proved at the provider that it is theirs as well; and learns nothing of the other."""
    user, organisation = owned
    register(other_browser, "maralind")
    other = other_browser.user()
    response = connect(browser, user, organisation, "maralind")
    assert response["Location"] == "/home/"
    page = browser.client.get("/home/").content.decode()
    assert other.email not in page
    assert other.username not in page
    assert SocialAccount.objects.get().user == other
    assert browser.user() == user


def test_a_callback_that_comes_twice_is_done_once(owned, browser, x):
    user, organisation = owned
    callback = x.approve(press(browser, user, organisation)["Location"], "ines_moreau")
    cookies = dict(browser.client.cookies)
    browser.client.get(callback)
    calls = len(x.requests)
    browser.client.cookies.update(cookies)
    assert says(browser.client.get(callback)) == "This step is done already"
    assert len(x.requests) == calls


# What an errand may not say


def test_an_errand_of_somebody_else_is_refused_at_the_start(owned, browser, x):
    _, organisation = owned
    other = User.objects.create_user("other")
    organisation.members.add(other)
    response = press(browser, other, organisation)
    assert (response.status_code, says(response)) == (403, "Somebody else is logged in now")
    assert x.requests == []


@pytest.mark.parametrize("change", ["cut", "longer", "swapped", "unsigned", "empty-object"])
def test_an_errand_that_was_not_signed_here_is_refused_before_any_query_for_it(owned, browser, x, change):
    user, organisation = owned
    errand = errand_in(owners.connect_url(request_of(user), organisation, "twitter"))
    other = Organisation.objects.create(name="Other")
    payload, _, signature = errand.rpartition(":")
    elsewhere = errand_in(owners.connect_url(request_of(user), other, "twitter")).rpartition(":")[0]
    bad = {
        "cut": errand[:-1],
        "longer": f"{errand}{'A' * 900}",
        "swapped": f"{elsewhere}:{signature}",
        "unsigned": payload,
        "empty-object": "e30:x",
    }[change]
    with recorded(connection) as statements:
        response = browser.client.post(START, {"intent": "connect", "errand": bad})
    assert (response.status_code, says(response)) == (400, "Let us begin again")
    assert not any("owners_app" in sql for sql, _ in statements.queries)
    assert x.requests == []


OWNERS = {
    "no such model": "owners_app.nothing:twitter:1",
    "no such app": "nothing.organisation:twitter:1",
    "no such field": "owners_app.organisation:nothing:1",
    "no field for accounts": "owners_app.organisation:name:1",
    "another model": "auth.user:twitter:1",
    "no key": "owners_app.organisation:twitter",
    "key of another kind": "owners_app.organisation:twitter:one",
    "nothing": "",
    "another provider": "owners_app.organisation:second:{pk}",
    "gone": "owners_app.organisation:twitter:999999",
}


@pytest.mark.parametrize("owner", OWNERS)
def test_an_errand_for_what_is_not_there_or_not_of_this_provider_is_refused_in_the_same_words(owned, browser, x, owner):
    user, organisation = owned
    signed = errands.sign(Errand(str(user.pk), OWNERS[owner].format(pk=organisation.pk)))
    response = browser.client.post(START, {"intent": "connect", "errand": signed})
    assert (response.status_code, says(response)) == (403, "You cannot change this")
    assert x.requests == []


def test_an_errand_says_nothing_where_nothing_is_connected(owned, browser, x, other_browser):
    """With another intent it is as if it were not there: a login logs in, and gives nothing to anybody."""
    user, organisation = owned
    errand = errand_in(owners.connect_url(request_of(user), organisation, "twitter"))
    register(other_browser, "ines_moreau")
    browser.client.logout()
    browser.log_in("ines_moreau", errand=errand)
    assert browser.user() == other_browser.user()
    assert Organisation.objects.get().twitter is None


# One's own account once more


def test_a_users_own_account_is_connected_again_after_its_tokens_were_lost(owned, browser):
    user, _ = owned
    browser.log_in("ines_moreau", intent="connect")
    SocialAccount.objects.update(lost_at="2026-01-01T00:00Z", lost_code="revoked")
    mine = SocialAccount.objects.get()
    began = browser.client.post(owners.connect_url(request_of(user), mine, next="/home/"))
    assert browser.client.get(browser.x.approve(began["Location"], "ines_moreau"))["Location"] == "/home/"
    renewed = SocialAccount.objects.get()
    assert (renewed.lost_at, renewed.lost_code) == (None, "")
    assert renewed.sealed_credentials != mine.sealed_credentials


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("whose", ["user", "owner"])
def test_another_account_than_the_one_meant_changes_nothing(owned, browser, whose, known):
    user, organisation = owned
    mine = account("1", user if whose == "user" else None)
    if known:
        account("1400000000000000004", username="kestrel")
    Organisation.objects.update(twitter=mine)
    organisation.refresh_from_db()
    more = {"instance": mine} if whose == "user" else {"instance": organisation, "field": "twitter", "scope": "write"}
    before = list(SocialAccount.objects.values())
    began = browser.client.post(owners.connect_url(request_of(user), **more))
    response = browser.client.get(browser.x.approve(began["Location"], "kestrel"))
    assert (response.status_code, says(response)) == (403, "You chose another account")
    assert list(SocialAccount.objects.values()) == before


def test_nobody_connects_an_account_again_that_is_not_theirs(owned, browser, x):
    user, _ = owned
    for other in (account("1"), account("2", User.objects.create_user("other"))):
        response = browser.client.post(owners.connect_url(request_of(user), other))
        assert (response.status_code, says(response)) == (403, "You cannot change this")
    assert x.requests == []


def test_more_is_asked_for_the_account_that_the_button_was_shown_for_and_for_no_other(owned, browser, x):
    user, organisation = owned
    Organisation.objects.update(twitter=account("1"))
    organisation.refresh_from_db()
    stale = owners.connect_url(request_of(user), organisation, "twitter", scope="write")
    for now in (account("2"), None):
        Organisation.objects.update(twitter=now)
        response = browser.client.post(stale)
        assert (response.status_code, says(response)) == (403, "You cannot change this")
    assert x.requests == []


def take_away(user, mine):
    SocialAccount.objects.update(user=None)


def remove(user, mine):
    mine.delete()


@pytest.mark.parametrize("change", [take_away, remove])
def test_an_account_that_is_gone_meanwhile_is_not_made_anew(owned, browser, x, change):
    user, _ = owned
    browser.log_in("ines_moreau", intent="connect")
    mine = SocialAccount.objects.get()
    began = browser.client.post(owners.connect_url(request_of(user), mine))
    callback = x.approve(began["Location"], "ines_moreau")
    change(user, mine)
    before = list(SocialAccount.objects.values())
    response = browser.client.get(callback)
    assert (response.status_code, says(response)) == (403, "You cannot change this")
    assert list(SocialAccount.objects.values()) == before


# What it costs


def test_a_users_own_start_asks_nothing_more_and_an_owners_start_three_at_most(owned, browser, site):
    """Besides session and user: the organisation, and what the hook asks; Django's permissions are two."""
    user, organisation = owned
    site(MAY_CONNECT="socialreg.owners.may_change")
    user.user_permissions.add(Permission.objects.get(codename="change_organisation"))
    url = owners.connect_url(request_of(user), organisation, "twitter")
    with recorded(connection) as own:
        browser.start(intent="connect")
    with recorded(connection) as owners_start:
        assert browser.client.post(url).status_code == 302
    assert len(own.queries) == 2
    assert len(owners_start.queries) - len(own.queries) <= 3
    assert all(sql.startswith("SELECT") for sql, _ in owners_start.queries)


def test_the_account_that_comes_back_is_looked_for_with_the_owner_in_one_query(owned, browser):
    user, organisation = owned
    Organisation.objects.update(twitter=account("1"))
    organisation.refresh_from_db()
    url = owners.connect_url(request_of(user), organisation, "twitter", scope="write")
    with recorded(connection) as statements:
        assert browser.client.post(url).status_code == 302
    assert len(statements.queries) == 4  # session, user, organisation with account, the hook's own


def test_the_profile_of_another_person_at_the_provider_is_never_written_to_the_account(owned, browser, x):
    """A rename there is followed; the identity is what counts."""
    user, organisation = owned
    connect(browser, user, organisation)
    x.people["acme_new"] = replace(x.people["ines_moreau"], screen_name="acme_new")
    del x.people["ines_moreau"]
    connect(browser, user, organisation, "acme_new")
    assert SocialAccount.objects.get().username == "acme_new"


# What changes in the very moment between judging and writing


@pytest.mark.parametrize("whose", ["user", "owner", "owner that is gone", "owner that lets go"])
def test_what_was_judged_is_looked_at_again_under_the_lock(owned, whose):
    user, organisation = owned
    mine = account("1", user if whose == "user" else None)
    organisation.twitter = mine
    organisation.save()
    owner = owner_of(organisation, "twitter") if whose.startswith("owner") else None
    task = Task(Errand(str(user.pk), owner.name if owner else "", str(mine.pk)), owner, mine)
    if whose == "user":
        SocialAccount.objects.update(user=None)
    elif whose.endswith("gone"):
        Organisation.objects.all().delete()
        mine.save(force_insert=True)
    else:
        Organisation.objects.update(twitter=account("2"))
    arrival = Arrival("twitter", "https://x.com", Credentials("1", token="new"), Profile("1"), fetched=True)
    before = list(SocialAccount.objects.values())
    with pytest.raises(NotAllowed) as caught:
        attaching.detach(task) if whose.endswith("lets go") else attaching.attach(task, arrival)
    assert caught.value.code == "not-theirs"
    assert list(SocialAccount.objects.values()) == before
