"""The base class: facts as attributes, overridden by their upper-case names."""

from __future__ import annotations

import typing
from typing import ClassVar

import pytest

from socialreg.exceptions import ConfigurationError
from socialreg.lookup import find_class
from socialreg.oauth2 import OAuth2Provider
from socialreg_providers.twitter import Twitter
from tests import shipped
from tests.test_oauth1 import Example, Scripted


def test_every_fact_of_a_class_can_be_overridden_by_its_upper_case_name():
    options = {"LABEL": "Other", "COLOR": "#123456", "AUTHORIZE_URL": "https://elsewhere.example/a"}
    example = Example(options, Scripted())
    assert (example.label, example.color, example.authorize_url) == ("Other", "#123456", "https://elsewhere.example/a")
    assert Example.label == "Example"


def test_two_instances_of_a_class_share_nothing():
    one, other = Example({"LABEL": "One"}, Scripted()), Example({"CLIENT_ID": "2"}, Scripted())
    assert (one.label, other.label, one.client_id, other.client_id) == ("One", "Example", "", "2")


@pytest.mark.parametrize(
    "name", ["label", "Label", "SLUG", "UID_CLAIM", "TRANSPORT", "_OVERRIDE", "VERIFY", "NOPE", "__CLASS__"]
)
def test_what_is_no_fact_cannot_be_overridden(name):
    with pytest.raises(ConfigurationError) as raised:
        Example({name: "x"}, Scripted())
    assert "CLIENT_ID" in raised.value.remedy


class Strict(OAuth2Provider):
    """Its own business in all the ways to say so; ``pkce`` is that by the base, whatever a subclass annotates."""

    slug = "strict"
    label = "Strict"
    issuer = "https://strict.example"
    pkce: bool = True
    plain: ClassVar[str] = "x"
    dotted: typing.ClassVar[str] = "x"
    bare: ClassVar = "x"
    option: str = "x"


#: Annotations are objects in a module that does not put them off.
Strict.__annotations__["by_object"] = ClassVar[str]
Strict.by_object = "x"


@pytest.mark.parametrize("name", ["PKCE", "PLAIN", "DOTTED", "BARE", "BY_OBJECT"])
def test_a_class_var_is_no_setting_and_all_other_data_is(name):
    assert Strict({"OPTION": "y"}, Scripted()).option == "y"
    assert name not in Strict.option_names()
    with pytest.raises(ConfigurationError, match="unknown-option"):
        Strict({name: getattr(Strict, name.lower())}, Scripted())


@pytest.mark.parametrize("slug", shipped.slugs())
def test_nothing_that_decides_about_safety_is_a_setting_of_any_provider(slug):
    decisive = {"PKCE", "NONCE_IN_ID_TOKEN", "EMAILS_VERIFIED", "TRUE_STRINGS", "DENIED_ERRORS", "REQUEST_OPTIONS"}
    decisive |= {"REQUIRED_OPTIONS", "ANSWERS_BY_POST", "UID_CLAIM", "SLUG", "MEANINGS", "SERVER_EXAMPLE"}
    assert decisive & set(find_class(slug, {}).option_names()) == set()


@pytest.mark.parametrize(
    ("name", "value"), [("LABEL", 1), ("CLIENT_ID", None), ("FORCE_LOGIN", "yes"), ("API_HOST", ["x"])]
)
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(ConfigurationError) as raised:
        Twitter({name: value}, Scripted())
    assert raised.value.code == "option-type"


def test_addresses_fill_in_the_attributes_that_they_name():
    twitter = Twitter({"API_HOST": "https://proxy.example"}, Scripted())
    assert twitter.request_token_url == "https://proxy.example/oauth/request_token"
    assert twitter.authenticate_url == "https://api.x.com/oauth/authenticate"
    overridden = Twitter({"REQUEST_TOKEN_URL": "https://one.example/x"}, Scripted())
    assert overridden.request_token_url == "https://one.example/x"


def test_the_picture_lies_beside_the_class():
    assert Twitter.icon().startswith("<svg")
    assert "script" not in Twitter.icon()
    assert "style=" not in Twitter.icon()
    assert Example.icon() == ""


@pytest.mark.parametrize("cls", [Twitter])
def test_identity_is_never_a_name_or_an_address(cls):
    assert not {"name", "screen_name", "username", "login", "email", "handle"} & {cls({}, Scripted()).uid_claim}
