"""A provider may be anybody's class: nothing that it raises or returns breaks the site."""

from __future__ import annotations

import itertools

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.provider import Provider
from socialreg.types import Credentials, Profile, Redirect

pytestmark = pytest.mark.django_db
#: An attempt is good once: each has a state of its own.
STATES = itertools.count()


class Plugin(Provider):
    """Makes no call; says what it is told to say."""

    slug = "plugin"
    label = "Plugin"
    issuer = "https://plugin.example"
    uid_claim = "id"
    uid: object = "7"
    whose: object = ""
    extra: object = None
    profile_uid: object = "7"
    fails_at = ""

    def correlate(self, params):
        return params.get("state", "")

    def authorize(self, redirect_uri, intent, options):
        self.fail_at("authorize")
        state = f"state-{next(STATES)}"
        return Redirect(f"https://plugin.example/?{state}", state, {"secret": "s3cr3t"})

    def verify(self, pending, params):
        self.fail_at("verify")
        return Credentials(self.uid, token="t0k3n", issuer=self.whose, extra={"claims": self.extra})

    def fetch_profile(self, credentials):
        self.fail_at("fetch_profile")
        return Profile(self.profile_uid, "ann", raw={"id": self.profile_uid})

    def fail_at(self, step):
        if step == self.fails_at:
            raise KeyError(f"t0k3n of {step}")


def walk(client, site, **facts):
    """Press the button and come back; return the last answer."""
    cls = type("Plugin", (Plugin,), facts)
    site(PROVIDERS={"plugin": {"PROVIDER": cls, "CLIENT_ID": "id", "CLIENT_SECRET": "x"}})
    response = client.post(reverse("socialreg:start", args=["plugin"]), {"next": "/home/"})
    if response.status_code != 302:
        return response
    state = response["Location"].partition("?")[2]
    return client.get(reverse("socialreg:callback", args=["plugin"]), {"state": state})


def test_a_class_that_does_its_part_leads_to_the_form(client, site):
    assert walk(client, site)["Location"] == reverse("socialreg:register")


@pytest.mark.parametrize("step", ["authorize", "verify", "fetch_profile"])
def test_a_class_that_fails_is_a_page_of_ours_and_a_line_that_says_where(client, site, caplog, step):
    response = walk(client, site, fails_at=step)
    assert response.status_code == 502
    assert b'name="next" value="/home/"' in response.content
    assert "Plugin raised KeyError" in caplog.text
    assert f'self.fail_at("{step}")' in caplog.text
    assert "t0k3n" not in caplog.text.replace('f"t0k3n of {step}"', "")
    assert not User.objects.exists()


@pytest.mark.parametrize("uid", [None, "", " ", True, 7, [], {}, "a\0", "x" * 256, "7 "], ids=repr)
def test_whoever_names_nobody_gets_no_rows(client, site, uid):
    assert walk(client, site, uid=uid, profile_uid=uid).status_code == 502
    assert not SocialAccount.objects.exists()
    assert "socialreg_pending" not in client.session


@pytest.mark.parametrize("uid", ["8", None, 7], ids=repr)
def test_another_persons_profile_stops_the_login(client, site, uid):
    assert walk(client, site, profile_uid=uid).status_code == 502
    assert "socialreg_pending" not in client.session


@pytest.mark.parametrize("whose", [" ", "x" * 256, "a\0", 7, ["https://a.example"]], ids=repr)
def test_an_issuer_that_is_none_gets_no_rows(client, site, whose):
    assert walk(client, site, whose=whose).status_code == 502
    assert not SocialAccount.objects.exists()
    assert "socialreg_pending" not in client.session


def test_nobody_vouches_where_neither_the_class_nor_the_credentials_say_who(client, site):
    assert walk(client, site, issuer="").status_code == 502
    assert walk(client, site, issuer="", whose="https://one.example")["Location"] == reverse("socialreg:register")


FORM = {"username": "ann", "email": "ann@example.com", "first_name": "A", "last_name": "N"}


def test_the_issuer_of_the_credentials_is_part_of_who_somebody_is(client, site):
    """The same uid under two issuers is two people, whatever the class's own issuer is."""
    walk(client, site, whose="https://one.example")
    assert client.post(reverse("socialreg:register"), FORM).status_code == 302
    client.logout()
    assert walk(client, site, whose="https://two.example")["Location"] == reverse("socialreg:register")
    assert walk(client, site, whose="https://one.example")["Location"] == "/home/"
    account = SocialAccount.objects.get()
    assert (account.issuer, account.credentials.issuer) == ("https://one.example", "https://one.example")


def test_what_came_along_is_stored_nowhere(client, site):
    walk(client, site, extra="a-claim-of-theirs")
    response = client.post(reverse("socialreg:register"), FORM)
    assert response.status_code == 302
    assert SocialAccount.objects.get().credentials.extra == {}


def test_somebody_who_is_known_is_asked_about_by_fetch_again(client, site):
    """And another person's profile stops the login there too."""
    walk(client, site)
    client.post(reverse("socialreg:register"), FORM)
    client.logout()
    SocialAccount.objects.update(profile_at=None)
    seen = []

    def fetch_again(self, credentials, stored):
        seen.append((stored.uid, stored.username))
        return Profile(self.profile_uid, "annie", raw={"id": 1})

    assert walk(client, site, fetch_again=fetch_again, profile_uid="8").status_code == 502
    assert walk(client, site, fetch_again=fetch_again)["Location"] == "/home/"
    assert seen == [("7", "ann")] * 2
    assert SocialAccount.objects.get().username == "annie"
