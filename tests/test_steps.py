"""A provider may be anybody's class: nothing that it raises or returns breaks the site."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.provider import Provider
from socialreg.types import Credentials, Profile, Redirect

pytestmark = pytest.mark.django_db


class Plugin(Provider):
    """Makes no call; says what it is told to say."""

    slug = "plugin"
    label = "Plugin"
    issuer = "https://plugin.example"
    uid_claim = "id"
    uid: object = "7"
    profile_uid: object = "7"
    fails_at = ""

    def correlate(self, params):
        return params.get("state", "")

    def authorize(self, redirect_uri, intent, options):
        self.fail_at("authorize")
        return Redirect("https://plugin.example/", "the-state", {"secret": "s3cr3t"})

    def verify(self, pending, params):
        self.fail_at("verify")
        return Credentials(self.uid, token="t0k3n")

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
    return (
        client.get(reverse("socialreg:callback", args=["plugin"]), {"state": "the-state"})
        if response.status_code == 302
        else response
    )


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
