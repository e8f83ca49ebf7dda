"""The guards of where a visitor is sent, each at its very edge."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import path

from socialreg.redirects import after_login, login_page, safe_next, start_page


def test_seven_hundred_characters_of_a_cookie_are_an_address_and_no_more():
    assert safe_next("/" + "a" * 699) == "/" + "a" * 699
    assert safe_next("/" + "a" * 700) == ""
    assert safe_next("/" + "ü" * 116) == "/" + "ü" * 116  # six characters each, in the cookie
    assert safe_next("/" + "ü" * 117) == ""


def test_the_address_of_a_button_names_its_errand_and_where_it_leads():
    begin = "/accounts/twitter/start/?intent=connect&errand=its+own%3A1"
    assert start_page("twitter", "its own:1", "/home/?a=b&c") == f"{begin}&next=%2Fhome%2F%3Fa%3Db%26c"
    assert start_page("twitter", "its own:1") == begin


@pytest.mark.parametrize("setting", ["/gone/", "gone", None, 7, "http://["])
def test_a_setting_that_leads_nowhere_leads_to_a_page_of_ours(settings, setting):
    settings.LOGIN_REDIRECT_URL = settings.LOGIN_URL = setting
    request = RequestFactory().get("/")
    assert after_login(request, "") == "/accounts/connections/"
    assert login_page(request) == "/accounts/"


@pytest.mark.parametrize(
    ("script", "setting", "leads"),
    [
        ("/shop", "/shop/home/", "/shop/home/"),
        ("/shop/", "/shop/home/", "/shop/home/"),
        ("", "/home/", "/home/"),
        ("/shop", "/shopping/", "/accounts/"),
        ("/home~", "/home~/home/", "/home~/home/"),
        ("/gone", "/gone", "/accounts/"),
    ],
)
def test_a_prefix_is_taken_off_once_and_whole(settings, script, setting, leads):
    settings.LOGIN_URL = setting
    assert login_page(RequestFactory().get("/", SCRIPT_NAME=script)) == leads


class Bare:
    """The URLs of a request, one of which is called as the prefix is."""

    urlpatterns = [path("shop", lambda request: None)]


def test_a_page_that_is_called_as_the_prefix_is_one_of_its_own(settings):
    settings.LOGIN_URL = "/shop"
    request = RequestFactory().get("/", SCRIPT_NAME="/shop")
    request.urlconf = Bare
    assert login_page(request) == "/shop"


def test_what_the_settings_name_on_another_site_is_taken_as_it_is(settings):
    settings.LOGIN_URL = "https://app.example.com/gone/"
    assert login_page(RequestFactory().get("/")) == "https://app.example.com/gone/"
