"""Settings are read when they are needed, typed; a wrong one is an error of ours that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from socialreg import conf
from socialreg.exceptions import ConfigurationError
from socialreg.finders import by_email
from socialreg.forms import RegistrationForm

READERS = (
    conf.base_url,
    conf.is_secure,
    conf.provider_settings,
    conf.finders,
    conf.before_login,
    conf.before_register,
    conf.registration_form,
    conf.ask_for,
    conf.profile_max_age,
    conf.private_hosts,
)


def own(*_: object) -> None:
    """Stand for a hook of a site's own."""


def test_everything_but_the_address_has_a_default(settings):
    del settings.SOCIALREG
    assert conf.provider_settings() == {}
    assert conf.finders() == [by_email]
    assert conf.registration_form() is RegistrationForm
    assert conf.ask_for() == "everything"
    assert (conf.before_login(), conf.before_register()) == ([], [])
    assert conf.profile_max_age() == timedelta(hours=24)
    assert conf.private_hosts() == frozenset()
    with pytest.raises(ConfigurationError, match="BASE_URL"):
        conf.base_url()


@pytest.mark.parametrize(
    ("value", "address", "secure"),
    [
        ("https://example.com", "https://example.com", True),
        ("https://example.com/", "https://example.com", True),
        ("HTTPS://Example.com:8443/", "https://example.com:8443", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", False),
    ],
)
def test_the_address_comes_without_a_slash_and_in_lower_case(settings, value, address, secure):
    settings.SOCIALREG = {"BASE_URL": value}
    assert conf.base_url() == address
    assert conf.is_secure() is secure


def test_a_password_in_the_address_is_not_repeated(settings):
    settings.SOCIALREG = {"BASE_URL": "https://user:hunter2@example.com"}
    with pytest.raises(ConfigurationError) as caught:
        conf.base_url()
    assert "hunter2" not in str(caught.value)
    assert "user name" in caught.value.cause


@pytest.mark.parametrize("entries", [["tests.test_conf.own"], (own,), [own]])
def test_hooks_are_given_by_dotted_name_or_as_they_are_in_order(settings, entries):
    settings.SOCIALREG = {
        "FINDERS": [*entries, by_email],
        "BEFORE_LOGIN": entries,
        "BEFORE_REGISTER": entries,
    }
    assert conf.finders() == [own, by_email]
    assert conf.before_login() == [own]
    assert conf.before_register() == [own]


def test_no_finders_at_all_is_a_choice(settings):
    settings.SOCIALREG = {"FINDERS": []}
    assert conf.finders() == []


def test_the_form_is_given_by_dotted_name_or_as_it_is(settings):
    for value in ("socialreg.forms.RegistrationForm", RegistrationForm):
        settings.SOCIALREG = {"REGISTRATION_FORM": value}
        assert conf.registration_form() is RegistrationForm


@pytest.mark.parametrize(
    ("value", "age"),
    [(timedelta(days=7), timedelta(days=7)), (60, timedelta(minutes=1)), (0.5, timedelta(milliseconds=500))],
)
def test_an_age_is_a_timedelta_or_seconds(settings, value, age):
    settings.SOCIALREG = {"PROFILE_MAX_AGE": value}
    assert conf.profile_max_age() == age


def test_settings_are_read_when_they_are_needed(settings):
    settings.SOCIALREG = {"ASK_FOR": "missing"}
    assert conf.ask_for() == "missing"
    settings.SOCIALREG = {"ASK_FOR": "everything"}
    assert conf.ask_for() == "everything"


_junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.binary(max_size=9),
    st.lists(st.one_of(st.text(max_size=9), st.integers(), st.lists(st.integers(), max_size=1)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@given(value=_junk)
@effort(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_setting_holds_it_is_read_or_refused_with_cause_and_remedy(settings, value):
    for given_settings in (value, dict.fromkeys(conf.DEFAULTS, value)):
        settings.SOCIALREG = given_settings
        for read in READERS:
            error = refused(read)
            assert error is None or (error.cause and error.remedy)


def refused(read: Callable[[], object]) -> ConfigurationError | None:
    try:
        read()
    except ConfigurationError as error:
        return error
    return None
