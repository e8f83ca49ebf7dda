"""What is sealed for one purpose opens for that purpose, on this site, in its time, and for nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core import checks
from django.test import RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from socialreg import address_link, conf, errands, shelves
from socialreg.encryption import Purpose, _cipher, reseal, seal, unseal
from socialreg.exceptions import ConfigurationError, Mismatch
from socialreg.models import Kept, SocialAccount, UserAddress
from socialreg.shared import SharedStore
from socialreg.shelves import Shelf
from socialreg.types import Errand
from tests.test_shared import rotate
from tests.test_way import MARA, register

PURPOSES = get_args(Purpose)
ROOT = Path(__file__).parent.parent
#: Three secrets of a site's own, the newest first.
NEW, OLD, OLDEST = "new-" * 16, "old-" * 16, "oldest-" * 10
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


# -- keys of the site's own


def own(settings, *keys: object) -> None:
    """Give the site secrets of its own."""
    settings.SOCIALREG = {**settings.SOCIALREG, "ENCRYPTION_KEYS": list(keys) or None}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_with_keys_of_its_own_too_one_purpose_does_not_open_another(settings, purpose):
    own(settings, NEW, OLD)
    sealed = seal(purpose, DATA)
    assert [other for other in PURPOSES if unseal(other, sealed) is not None] == [purpose]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_where_there_are_keys_of_its_own_the_secret_key_seals_and_opens_nothing(settings, purpose):
    by_django = seal(purpose, DATA)
    own(settings, NEW)
    assert unseal(purpose, by_django) is None
    by_own = seal(purpose, DATA)
    settings.SECRET_KEY = "another-key-" * 5
    assert unseal(purpose, by_own) == DATA
    own(settings)
    assert unseal(purpose, by_own) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_first_of_its_own_seals_all_of_them_open_and_one_that_is_removed_opens_no_more(settings, purpose):
    own(settings, OLDEST)
    oldest = seal(purpose, DATA)
    own(settings, OLD, OLDEST)
    old = seal(purpose, DATA)
    own(settings, NEW, OLD, OLDEST)
    new = seal(purpose, DATA)
    assert [unseal(purpose, each) for each in (new, old, oldest)] == [DATA] * 3
    own(settings, NEW)
    assert [unseal(purpose, each) for each in (new, old, oldest)] == [DATA, None, None]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_moving_over_from_the_secret_key_is_naming_it_behind_the_new_one(settings, purpose):
    before = seal(purpose, DATA)
    own(settings, NEW, settings.SECRET_KEY)
    assert unseal(purpose, before) == DATA
    after = reseal(purpose, before)
    own(settings, NEW)
    assert unseal(purpose, after) == DATA
    assert unseal(purpose, before) is None


def test_what_is_sealed_with_the_newest_key_is_not_sealed_again_and_what_nobody_opens_is_left(settings):
    own(settings, OLD)
    old = seal("kept", DATA)
    own(settings, NEW, OLD)
    new = seal("kept", DATA)
    assert reseal("kept", new) == new
    assert reseal("kept", old) not in {old, None}
    own(settings, NEW)
    for closed in (old, "", "é", "junk", old[:-8], seal("credentials", DATA)):
        assert reseal("kept", closed) is None


def test_sealing_anew_makes_nothing_younger(settings):
    old = _cipher("pending").encrypt_at_time(b"{}", int(time.time()) - 1000).decode()
    own(settings, NEW, settings.SECRET_KEY)
    assert unseal("pending", reseal("pending", old), max_age=990) is None
    assert unseal("pending", reseal("pending", old), max_age=1010) == {}


def test_a_key_may_be_bytes_and_is_the_same_key_as_text(settings):
    own(settings, NEW)
    sealed = seal("kept", DATA)
    own(settings, NEW.encode())
    assert unseal("kept", sealed) == DATA
    random = bytes(range(224, 256))
    own(settings, random)
    assert unseal("kept", seal("kept", DATA)) == DATA
    settings.SOCIALREG = {**settings.SOCIALREG, "ENCRYPTION_KEYS": (random,)}
    assert unseal("kept", seal("kept", DATA)) == DATA


# -- keys that are none

SHORT = "h4lf-a-s3cret-of-31-characters-"
WRONG = {
    "short": [SHORT],
    "short behind a good one": [NEW, SHORT],
    "short bytes": [SHORT.encode()],
    "empty": [""],
    "an empty list, as an empty variable makes": [],
    "none": [NEW, None],
    "a number": [NEW, 10**40],
    "no list": NEW,
    "bytes": NEW.encode(),
    "a dict": {NEW: NEW},
    "a set, which has no first": {NEW},
}


@pytest.fixture(params=WRONG.values(), ids=WRONG)
def wrong(request, settings) -> list[str]:
    """Keys that cannot be used; returns what nobody may read of them."""
    settings.SOCIALREG = {**settings.SOCIALREG, "ENCRYPTION_KEYS": request.param}
    return [SHORT, NEW, str(10**40)]


def test_a_key_that_is_none_is_e003_and_nobody_reads_it_there(wrong):
    found = [each for each in checks.run_checks(tags=["socialreg"]) if "ENCRYPTION_KEYS" in each.msg]
    assert [each.id for each in found] == ["socialreg.E003"]
    assert "token_urlsafe" in found[0].hint
    assert not [each for each in wrong if each in f"{found[0]!r} {found[0]}"]


def test_a_key_that_is_none_seals_and_opens_nothing_and_no_debug_page_shows_it(wrong, settings):
    settings.DEBUG = True
    for act in (lambda: seal("kept", {}), lambda: unseal("kept", "x"), lambda: reseal("kept", "x")):
        with pytest.raises(ConfigurationError) as caught:
            act()
        reporter = ExceptionReporter(RequestFactory().get("/"), caught.type, caught.value, caught.tb.tb_next)
        shown = f"{caught.value} {reporter.get_traceback_html()} {reporter.get_traceback_text()}"
        assert "encryption_keys" in shown
        assert not [each for each in wrong if each in shown]


def test_as_short_as_a_key_may_be(settings):
    own(settings, "x" * 31)
    with pytest.raises(ConfigurationError):
        conf.encryption_keys()
    own(settings, "x" * 32, b"y" * 32)
    assert conf.encryption_keys() == ("x" * 32, b"y" * 32)


# -- what waits, and what is kept, while keys change

Change = Callable[..., None]


def rotate_own(settings, *, keep: bool) -> None:
    own(settings, NEW, *(settings.SOCIALREG["ENCRYPTION_KEYS"] if keep else []))


def move_over(settings, *, keep: bool) -> None:
    own(settings, NEW, *([settings.SECRET_KEY] if keep else []))


@pytest.fixture(params=[rotate, rotate_own, move_over])
def change(request, site, settings) -> Change:
    """The three ways in which keys change."""
    if request.param is rotate_own:
        own(settings, OLD)
    return request.param


@pytest.mark.django_db
def test_a_login_begun_before_the_keys_changed_is_finished_after_it(change, browser, settings):
    callback = browser.approve("maralind", next="/home/")
    change(settings, keep=True)
    assert browser.client.get(callback)["Location"] == reverse("socialreg:register")


@pytest.mark.django_db
def test_with_the_old_key_gone_a_login_begins_again(change, browser, settings):
    callback = browser.approve("maralind", next="/home/")
    change(settings, keep=False)
    response = browser.client.get(callback)
    assert response.status_code == 400
    assert b"Let us begin again" in response.content


@pytest.mark.django_db
def test_a_registration_that_waits_survives_the_change(change, browser, settings):
    browser.log_in("maralind", next="/home/")
    change(settings, keep=True)
    assert browser.client.post(reverse("socialreg:register"), MARA)["Location"] == "/home/"


@pytest.mark.django_db
def test_with_the_old_key_gone_a_registration_that_waits_is_a_page_of_ours(change, browser, settings):
    browser.log_in("maralind")
    change(settings, keep=False)
    response = browser.client.post(reverse("socialreg:register"), MARA)
    assert response.status_code == 400
    assert b"Nothing is waiting here" in response.content
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("shelf", get_args(Shelf))
def test_what_waits_in_a_session_survives_the_change_and_is_taken_away_once_nobody_can_open_it(
    change, settings, shelf: Shelf
):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    shelves.put(request, shelf, {"user": "7", "next": "/home/"})
    change(settings, keep=True)
    assert shelves.find(request, shelf) == {"user": "7", "next": "/home/"}
    settings.SECRET_KEY_FALLBACKS = []
    own(settings, OLDEST)
    assert shelves.find(request, shelf) is None
    assert not shelves.is_taken(request, shelf)


@pytest.mark.django_db
def test_credentials_survive_the_change_and_are_none_without_the_key_and_a_login_brings_new_ones(
    change, browser, other_browser, settings
):
    register(browser)
    before = SocialAccount.objects.get().credentials
    change(settings, keep=True)
    assert SocialAccount.objects.get().credentials == before
    settings.SECRET_KEY_FALLBACKS = []
    own(settings, OLDEST)
    assert SocialAccount.objects.get().credentials is None
    assert other_browser.log_in("maralind", next="/home/")["Location"] == "/home/"
    assert SocialAccount.objects.get().credentials.token


@pytest.mark.django_db
def test_what_is_kept_for_a_provider_survives_the_change_and_is_kept_anew_without_the_key(change, settings):
    first, second = {"client_id": "1", "client_secret": "a"}, {"client_id": "2", "client_secret": "b"}
    SharedStore().keep("mastodon:https://one.example", first)
    change(settings, keep=True)
    assert SharedStore().keep("mastodon:https://one.example", second) == first
    settings.SECRET_KEY_FALLBACKS = []
    own(settings, OLDEST)
    assert SharedStore().kept("mastodon:https://one.example") is None
    assert SharedStore().keep("mastodon:https://one.example", second) == second
    assert unseal("kept", Kept.objects.get().sealed) == second


# -- what follows SECRET_KEY whatever the site's own keys are


def test_errands_follow_the_secret_key_alone(settings):
    signed = errands.sign(Errand("7"))
    own(settings, NEW)
    assert errands.read(signed, "7") == Errand("7")
    settings.SECRET_KEY = "another-key-" * 5
    with pytest.raises(Mismatch):
        errands.read(signed, "7")


def test_links_in_mails_follow_the_secret_key_alone(settings):
    user, row = User(pk=7), UserAddress(pk=1, address="mara@example.com")
    token = address_link.token(user, row)
    own(settings, NEW)
    assert address_link.fits(address_link.read(token), user, row)
    settings.SECRET_KEY = "another-key-" * 5
    assert address_link.read(token) is None
