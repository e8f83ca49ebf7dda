"""Buttons for an organisation, a bot, an account: for whom they are, to whom they are shown, and what they say."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import RequestFactory
from django.urls import reverse

from socialreg import errands
from socialreg.models import SocialAccount
from socialreg.types import Errand
from tests.owners_app.models import Bot, Organisation
from tests.owning import HOOK, account, member_of
from tests.statements import recorded
from tests.test_templatetags import Page

pytestmark = pytest.mark.django_db

HERE = "/here/?page=2"


@pytest.fixture
def owned(site):
    site(MAY_CONNECT=HOOK)
    return member_of()


def render(tag: str, user: object, **values: object) -> Page:
    request = RequestFactory().get(HERE)
    if user is not None:
        request.user = user
    return Page(engines["django"].from_string(f"{{% load socialreg %}}{{% {tag} %}}").render(values, request))


def errand_of(page: Page, user: User) -> Errand | None:
    return errands.read(page.value("errand") or "", str(user.pk))


def test_the_button_is_for_what_stands_before_the_last_dot(owned):
    user, organisation = owned
    page = render("connect_button organisation.twitter", user, organisation=organisation)
    assert page.names == ["Connect X"]
    assert page.value("intent") == "connect"
    assert page.value("next") == HERE
    assert page.all("form")[0]["action"] == reverse("socialreg:start", args=["twitter"])
    name = f"owners_app.organisation:twitter:{organisation.pk}"
    assert errand_of(page, user) == Errand(str(user.pk), name)


def test_one_that_has_an_account_may_have_another(owned):
    user, organisation = owned
    organisation.twitter = account("1")
    page = render("connect_button o.twitter", user, o=organisation)
    assert page.names == ["Connect another X account"]
    assert errand_of(page, user).account == ""


@pytest.mark.parametrize(
    "tag", ["connect_button a.b.c.voice", "connect_button list.0.voice next='/x/' text='Go' class='w'"]
)
def test_longer_ways_lead_to_it_as_well(owned, tag):
    user, organisation = owned
    bot = Bot.objects.create(name="b", organisation=organisation)
    page = render(tag, user, a={"b": {"c": bot}}, list=[bot])
    assert errand_of(page, user).owner == f"owners_app.bot:voice:{bot.pk}"


def test_more_is_allowed_to_the_account_that_it_has(owned):
    user, organisation = owned
    organisation.twitter = account("1")
    page = render('connect_button o.twitter scope="tweet.write"', user, o=organisation)
    assert page.names == ["Allow more at X"]
    errand = errand_of(page, user)
    assert (errand.account, errand.scope) == (str(organisation.twitter_id), "tweet.write")


def test_a_users_own_account_is_connected_again_or_allowed_more(owned):
    user, _ = owned
    mine = account("1", user)
    again = render("connect_button account", user, account=mine)
    assert again.names == ["Connect X again"]
    assert errand_of(again, user) == Errand(str(user.pk), account=str(mine.pk))
    more = render("connect_button my.account scope=wanted", user, my={"account": mine}, wanted="tweet.write")
    assert more.names == ["Allow more at X"]
    assert errand_of(more, user) == Errand(str(user.pk), account=str(mine.pk), scope="tweet.write")


def test_a_slug_is_a_slug_as_before_also_where_it_is_dotted(owned):
    user, _ = owned
    for tag in ('connect_button "twitter"', "connect_button site.slug", "connect_button site.slug|lower"):
        page = render(tag, user, site={"slug": "twitter"})
        assert page.names == ["Connect X"]
        assert page.value("errand") is None


# To whom it is shown


TAGS = ["connect_button o.twitter", "disconnect_button o.twitter", 'connect_button o.twitter scope="w"']


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("who", ["nobody", "no user", "stranger", "hook fails"])
def test_who_may_not_press_it_does_not_see_it(owned, tag, who, site):
    user, organisation = owned
    Organisation.objects.update(twitter=account("1"))
    organisation.refresh_from_db()
    if who == "hook fails":
        site(MAY_CONNECT="tests.test_owners.raises")
    viewer = {"nobody": AnonymousUser(), "no user": None, "stranger": User.objects.create_user("s")}.get(who, user)
    assert render(tag, viewer, o=organisation).html == ""


@pytest.mark.parametrize("tag", TAGS)
def test_without_a_request_nobody_sees_it(owned, tag):
    _, organisation = owned
    assert Template(f"{{% load socialreg %}}{{% {tag} %}}").render(Context({"o": organisation})) == ""


def test_nobody_sees_a_button_for_somebody_elses_account(owned):
    user, _ = owned
    for other in (account("1"), account("2", User.objects.create_user("other"))):
        assert render("connect_button account", user, account=other).html == ""
        assert render('connect_button account scope="w"', user, account=other).html == ""


def test_what_is_not_saved_yet_has_no_button(owned, site):
    user, _ = owned
    site(MAY_CONNECT=lambda *_: True)
    assert render("connect_button o.twitter", user, o=Organisation(name="new")).html == ""


def test_the_page_around_stays_whole_whatever_is_wrong(owned, caplog):
    user, organisation = owned
    for tag in (
        "connect_button o.second",  # acme is not enabled here
        "connect_button o.name",
        "connect_button o.nothing",
        "connect_button nothing.twitter",
        "disconnect_button nothing.twitter",
        "disconnect_button o.name",
        'connect_button "twitter" scope="tweet.write"',
    ):
        assert render(tag, user, o=organisation).html == "", tag
    assert "is left out" in caplog.text


@pytest.mark.parametrize(
    "tag",
    [
        "disconnect_button",
        "disconnect_button organisation",
        'disconnect_button "a.b"',
        "disconnect_button o.twitter scope='x'",
        "disconnect_button o.twitter nothing",
        "disconnect_button o.twitter|lower",
        "login_button 'twitter' scope='x'",
        "connect_button o.twitter errand='x'",
    ],
)
def test_an_error_in_usage_shows_how_to_use_it(tag):
    with pytest.raises(TemplateSyntaxError, match=f"Use {{% {tag.split()[0]} "):
        render(tag, None)


HOSTILE = """"><script>alert('1')</script> & {{ 7|add:1 }}"""


@pytest.mark.parametrize("tag", ["connect_button", "disconnect_button"])
def test_what_is_given_is_escaped(owned, tag):
    user, organisation = owned
    organisation.twitter = account("1", username=HOSTILE)
    page = render(f"{tag} o.twitter next=bad text=bad class=bad", user, o=organisation, bad=HOSTILE)
    assert page.all("script") == []
    assert page.names == [HOSTILE]


# Disconnecting


def test_the_button_that_disconnects_is_shown_where_there_is_an_account_and_does_it(owned, browser):
    user, organisation = owned
    assert render("disconnect_button o.twitter", user, o=organisation).html == ""
    Organisation.objects.update(twitter=account("1"))
    organisation.refresh_from_db()
    page = render("disconnect_button o.twitter", user, o=organisation)
    assert page.names == ["Disconnect X"]
    browser.client.force_login(user)
    assert browser.client.post(page.all("form")[0]["action"])["Location"] == HERE
    assert not SocialAccount.objects.exists()


# What it costs


def test_the_buttons_ask_the_hook_and_nothing_else(owned):
    """Not the account whose owner they are for: its key says enough."""
    user, _ = owned
    Organisation.objects.update(twitter=account("1"))
    organisation = Organisation.objects.get()
    with recorded(connection) as statements:
        render("connect_button o.twitter", user, o=organisation)
        render("disconnect_button o.twitter", user, o=organisation)
    assert len(statements.queries) == 2
    assert all("organisation_members" in sql for sql, _ in statements.queries)
