"""What is sealed for one purpose opens for that purpose, on this site, in its time, and for nothing else."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from socialreg.encryption import Purpose, _cipher, seal, unseal
from socialreg.models import SocialAccount
from tests.test_way import MARA, register

PURPOSES = get_args(Purpose)
DATA = {"token": "s3cret", "name": "Åsa 🌊", "none": None, "list": [1, 2]}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_it_opens_as_it_was_and_nothing_can_be_read_in_it(purpose):
    sealed = seal(purpose, DATA)
    assert sealed.isascii()
    assert "s3cret" not in sealed
    assert unseal(purpose, sealed) == DATA
    assert sealed != seal(purpose, DATA)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_one_purpose_does_not_open_another(purpose):
    sealed = seal(purpose, DATA)
    assert [other for other in PURPOSES if unseal(other, sealed) is not None] == [purpose]


def test_one_changed_character_and_it_stays_closed():
    sealed = seal("attempt", DATA)
    for position in range(0, len(sealed) - 2, 3):  # the last characters are padding
        other = "A" if sealed[position] != "A" else "B"
        assert unseal("attempt", sealed[:position] + other + sealed[position + 1 :]) is None
    assert unseal("attempt", sealed[:-8]) is None


@given(st.text(max_size=200))
@effort(max_examples=200, deadline=None)
def test_what_was_never_sealed_stays_closed(junk):
    assert unseal("attempt", junk) is None


def test_it_opens_for_max_age_seconds_and_no_longer():
    now = int(time.time())
    old = _cipher("pending").encrypt_at_time(b"{}", now - 1000).decode()
    assert unseal("pending", old, max_age=1010) == {}
    assert unseal("pending", old, max_age=990) is None
    assert unseal("pending", old) == {}


def test_sealed_in_the_future_it_stays_closed():
    later = _cipher("pending").encrypt_at_time(b"{}", int(time.time()) + 3600).decode()
    assert unseal("pending", later, max_age=10_000) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_old_key_still_opens_and_a_new_one_seals(settings, purpose):
    before = seal(purpose, DATA)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 5
    assert unseal(purpose, before) == DATA
    after = seal(purpose, DATA)
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(purpose, after) == DATA
    assert unseal(purpose, before) is None


def test_the_key_is_not_secret_key_itself(settings):
    sealed = seal("credentials", DATA)
    with pytest.raises(ValueError, match="Fernet key"):
        Fernet(settings.SECRET_KEY.encode())
    settings.SECRET_KEY += "x"
    assert unseal("credentials", sealed) is None


def rotate(settings, *, keep: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
    settings.SECRET_KEY = "another-key-" * 5


@pytest.mark.django_db
def test_a_login_begun_before_the_key_was_rotated_is_finished_after_it(browser, settings):
    callback = browser.approve("maralind", next="/home/")
    rotate(settings, keep=True)
    assert browser.client.get(callback)["Location"] == reverse("socialreg:register")


@pytest.mark.django_db
def test_with_the_old_key_gone_a_login_begins_again(browser, settings):
    callback = browser.approve("maralind", next="/home/")
    rotate(settings, keep=False)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"Let us begin again" in response.content


@pytest.mark.django_db
def test_a_registration_that_waits_survives_the_rotation(browser, settings):
    browser.log_in("maralind", next="/home/")
    rotate(settings, keep=True)
    assert browser.client.post(reverse("socialreg:register"), MARA)["Location"] == "/home/"


@pytest.mark.django_db
def test_with_the_old_key_gone_a_registration_that_waits_is_a_page_of_ours(browser, settings):
    browser.log_in("maralind")
    rotate(settings, keep=False)
    response = browser.client.post(reverse("socialreg:register"), MARA)
    assert response.status_code == 400
    assert b"Nothing is waiting here" in response.content
    assert not User.objects.exists()


@pytest.mark.django_db
def test_credentials_survive_the_rotation_and_are_none_without_the_key_and_a_login_brings_new_ones(
    browser, other_browser, settings
):
    register(browser)
    before = SocialAccount.objects.get().credentials
    rotate(settings, keep=True)
    assert SocialAccount.objects.get().credentials == before
    settings.SECRET_KEY_FALLBACKS = []
    assert SocialAccount.objects.get().credentials is None
    assert other_browser.log_in("maralind", next="/home/")["Location"] == "/home/"
    assert SocialAccount.objects.get().credentials.token
