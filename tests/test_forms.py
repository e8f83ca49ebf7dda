"""The form that comes with socialreg, and the user name that it suggests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from socialreg.exceptions import ConfigurationError
from socialreg.forms import RegistrationForm, answers, initial_values
from socialreg.types import Email, Profile
from socialreg.usernames import free_username

from . import statements, stores

pytestmark = pytest.mark.django_db

MARA = Profile("1", "maralind", "Mara Lindqvist", "Mara", "Lindqvist", Email("mara@example.com", verified=True))
VALID = {"username": "maralind", "email": "mara@example.com"}


# The form


def test_it_asks_for_name_address_and_names_and_for_no_password():
    form = RegistrationForm()
    assert {name: field.required for name, field in form.fields.items()} == {
        "username": True,
        "email": True,
        "first_name": False,
        "last_name": False,
    }


def test_it_is_filled_in_from_the_profile():
    assert initial_values(RegistrationForm(), MARA) == {
        "username": "maralind",
        "email": "mara@example.com",
        "first_name": "Mara",
        "last_name": "Lindqvist",
    }


def test_name_and_address_are_judged_in_one_query():
    with CaptureQueriesContext(connection) as queries:
        assert RegistrationForm(VALID).is_valid()
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, {"username", "email"}),
        ({"username": "other"}, {"email"}),
        ({"email": "other@example.com"}, {"username"}),
        ({"username": "other", "email": "MARA@Example.com"}, {"email"}),
        ({"username": "ma ra", "email": "other@example.com"}, {"username"}),
        ({"username": "", "email": "no"}, {"username", "email"}),
        ({"username": "other", "email": "other@example.com"}, set()),
    ],
)
def test_what_is_taken_is_refused_once(changes, wrong):
    User.objects.create_user("maralind", "Mara@example.com")
    User.objects.create(username="", email="")  # whom an empty answer must not be taken for
    form = RegistrationForm({**VALID, **changes})
    assert set(form.errors) == wrong
    assert all(len(errors) == 1 for errors in form.errors.values())


def test_the_user_model_composes_name_and_address():
    form = RegistrationForm({"username": "\N{FULLWIDTH LATIN SMALL LETTER M}ara", "email": "Mara@EXAMPLE.com"})
    user = form.save()
    assert (user.username, user.email) == ("mara", "Mara@example.com")


def test_a_name_that_is_taken_once_composed_is_refused():
    User.objects.create_user("mara")
    assert (
        "username"
        in RegistrationForm({"username": "\N{FULLWIDTH LATIN SMALL LETTER M}ara", "email": "a@example.com"}).errors
    )


class Shorter(RegistrationForm):
    class Meta(RegistrationForm.Meta):
        fields = ["email"]
        widgets = {"email": forms.EmailInput({"autocomplete": "off"})}


def test_a_subclass_may_leave_fields_out_and_keep_its_own_attributes():
    User.objects.create(username="")
    form = Shorter({"email": "a@example.com"})
    assert form.is_valid()
    assert form.fields["email"].widget.attrs["autocomplete"] == "off"
    assert form.fields["email"].required


def test_a_user_model_without_a_user_name_registers_too():
    """In a process of its own, for a process has one user model."""
    command = [sys.executable, "-m", "pytest", "tests/email_user", "--ds=tests.email_user.settings", "-q"]
    root = Path(__file__).parent.parent
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"\b[1-9]\d* passed", run.stdout)


# Answers


class Mapped(forms.Form):
    nickname = forms.CharField()
    number = forms.CharField()
    first_name = forms.CharField()
    last_name = forms.CharField()
    site = forms.CharField()
    list = forms.MultipleChoiceField()
    box = forms.BooleanField(required=False)
    consent = forms.BooleanField()
    picture = forms.ImageField()
    locale = forms.BooleanField(required=False)

    profile_map = {
        "nickname": "username",
        "number": "uid",
        "first_name": lambda profile: profile.first_name.upper(),
        "last_name": lambda profile: None,
        "site": lambda profile: "",
        "list": lambda profile: ["a", "b"],
        "box": lambda profile: True,
        "consent": lambda profile: True,
        "no_such_field": "username",
    }


def test_a_map_answers_by_names_and_functions_before_the_fields_name_does():
    profile = Profile("1", "maralind", first_name="Mara", last_name="L", picture="https://x/p.png", locale="sv")
    assert answers(Mapped(), profile) == {
        "nickname": "maralind",
        "number": "1",
        "first_name": "MARA",
        "list": ["a", "b"],
        "box": True,
    }


def test_a_map_may_name_the_address_of_a_field_of_another_name():
    form = type("Mail", (forms.Form,), {"mail": forms.EmailField(), "profile_map": {"mail": "email"}})()
    assert answers(form, MARA) == {"mail": "mara@example.com"}
    assert answers(form, Profile("1")) == {}


@pytest.mark.parametrize("source", ["nickname", "", None, "__class__", "raw.name"])
def test_a_map_of_what_no_profile_has_is_a_mistake_of_the_site(source):
    form = type("Wrong", (forms.Form,), {"name": forms.CharField(), "profile_map": {"name": source}})()
    with pytest.raises(ConfigurationError, match="Use a function of the profile, or one of email"):
        answers(form, MARA)


# User names


@pytest.mark.parametrize(
    ("username", "full_name", "address", "expected"),
    [
        ("maralind", "Mara Lindqvist", "m@example.com", "maralind"),
        ("Kestrel", "", "", "Kestrel"),
        ("mara lind", "", "", "mara_lind"),
        ("Tomás Okafor", "", "", "tomas_okafor"),
        ("\N{FULLWIDTH LATIN SMALL LETTER M}ara", "", "", "mara"),
        ("", "Mara Lindqvist", "m@example.com", "mara_lindqvist"),
        ("", "山田太郎", "y@example.com", "山田太郎"),
        ("", "山田 太郎", "y@example.com", "山田_太郎"),
        ("\N{FOX FACE}", "\N{FOX FACE}\N{FOX FACE}", "juno.park@example.com", "juno.park"),
        ("\N{FOX FACE}", "Juno \N{FOX FACE} Park", "", "juno_park"),
        ("\N{FOX FACE}", "!!!", "", "user"),
        ("", "", "", "user"),
        ("x" * 300, "", "", "x" * 150),
        ("admin'; DROP TABLE", "", "", "admin_drop_table"),
    ],
)
def test_an_unfit_user_name_becomes_a_fit_one(username, full_name, address, expected):
    profile = Profile("1", username, full_name, email=Email(address) if address else None)
    found = free_username(username, profile)
    assert found == expected
    assert RegistrationForm({"username": found, "email": "free@example.com"}).is_valid()


@pytest.mark.parametrize(
    ("there", "wanted", "expected"),
    [
        (["mara"], "mara", "mara2"),
        (["mara", "mara2", "mara3"], "mara", "mara4"),
        (["mara2"], "mara", "mara"),
        (["kestrel"], "Kestrel", "Kestrel2"),
        (["x" * 150], "x" * 150, "x" * 149 + "2"),
        (["x" * 150, *("x" * 149 + str(number) for number in range(2, 10))], "x" * 150, "x" * 148 + "10"),
    ],
)
def test_a_taken_user_name_becomes_a_free_one_of_the_right_length(there, wanted, expected):
    for name in there:
        User.objects.create_user(name)
    assert free_username(wanted, Profile("1")) == expected


@stores.on("sqlite", "postgres", "mysql")
def test_a_suggestion_is_free_by_the_collation_of_the_database(database):
    for there, wanted in (("kestrel", "Kestrel"), ("Falcon", "falcon"), ("tomas", "tomás"), ("strasse", "straße")):
        User.objects.create_user(there)
        User.objects.create_user(free_username(wanted, Profile("1")))


def test_where_all_numbers_are_taken_six_digits_follow():
    for name in ("mara", *(f"mara{number}" for number in range(2, 11))):
        User.objects.create_user(name)
    found = free_username("mara", Profile("1"))
    assert found.startswith("mara")
    assert len(found) == len("mara123456")


def test_a_suggestion_costs_one_query_by_the_index():
    User.objects.create_user("mara")
    with statements.recorded(connection) as sent:
        free_username("mara", Profile("1"))
    assert len(sent.queries) == 1
    assert statements.scans(connection, sent.queries[0]) == []


def test_only_a_name_is_suggested_and_only_where_the_form_asks_for_one():
    form = type("Short", (forms.Form,), {"email": forms.EmailField()})()
    with CaptureQueriesContext(connection) as queries:
        assert initial_values(form, MARA) == {"email": "mara@example.com"}
    assert len(queries) == 0
