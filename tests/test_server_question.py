"""Providers of whom there are many servers: the visitor is asked for theirs, and again if there is no such one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import ClassVar
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg.encryption import unseal
from socialreg.exceptions import Denied, NoSuchServer, Unavailable
from socialreg.provider import Provider
from socialreg.registry import providers
from socialreg.server_question import SERVER_LENGTH
from socialreg.types import Credentials, Profile, Redirect
from tests.parsed import Page
from tests.security.test_rooms import COOKIE_BYTES
from tests.statements import recorded
from tests.test_pages import failures, press, reference_on
from tests.test_way import shown

pytestmark = pytest.mark.django_db

START, CALLBACK = "/accounts/islands/start/", "/accounts/islands/callback/"
NEXT = "/home/?a=b"
QUESTION = "Where is your Islands account?"
NOT_FOUND = "There is no Islands server of this name, or it gave no answer. Please look at its name again."


class Islands(Provider):
    """Goes to the server that was named, unless that is no host name, or one that is out of order."""

    slug = "islands"
    label = "Islands"
    issuer = "https://islands.example"
    uid_claim = "uid"
    server_example = "harbour.example"
    request_options = ("lang", "server")
    required_options = ()
    told: ClassVar[list[dict[str, str]]] = []

    def correlate(self, params: Mapping[str, str]) -> str:
        return params.get("state", "")

    def authorize(self, redirect_uri, intent, options):
        self.told.append(dict(options))
        server = options["server"]
        if server == "down.example":
            raise Unavailable("It gave no answer")
        if not re.fullmatch(r"[a-z0-9.-]+", server):
            raise NoSuchServer("The visitor named no server", cause="it is no host name")
        return Redirect(f"https://{server}/authorize?{urlencode({'state': 'state'})}", "state", {"server": server})

    def verify(self, pending, params):
        raise Denied("The visitor declined")

    def fetch_profile(self, credentials: Credentials) -> Profile:
        raise NotImplementedError


class Lone(Islands):
    """Does not let us ask, and complains all the same."""

    slug = "lone"
    server_example = ""
    request_options = ()

    def authorize(self, redirect_uri, intent, options):
        self.told.append(dict(options))
        raise NoSuchServer("No server")


class Repeating(Islands):
    """Writes into its error what nobody should."""

    slug = "repeating"

    def authorize(self, redirect_uri, intent, options):
        raise NoSuchServer(f"No server {options['server']}")


@pytest.fixture(autouse=True)
def _site(settings) -> Iterator[None]:
    cache.clear()
    entries = {each.slug: {"PROVIDER": each} for each in (Islands, Lone, Repeating)}
    settings.SOCIALREG = {"BASE_URL": "http://testserver", "PROVIDERS": entries}
    Islands.told.clear()
    yield
    providers.clear()


def send(page: Page, client: Client, **answers: str) -> HttpResponse:
    """Fill in the form that a page shows, and press its button."""
    ((_, form),) = page.of("form")
    return client.post(form["action"], page.form(**answers))


def attempts(client: Client) -> dict[str, str]:
    return {name: cookie.value for name, cookie in client.cookies.items() if "attempt" in name and cookie.value}


def test_the_button_leads_to_the_question_and_its_answer_to_the_server(client):
    response = client.post(START, {"next": NEXT})
    assert response.status_code == 200
    page = Page(response)
    assert page.text.count(QUESTION) == 2  # the title, and the heading
    assert Islands.told == []
    assert attempts(client) == {}
    response = send(page, client, server=" harbour.example\t")
    assert response["Location"] == "https://harbour.example/authorize?state=state"
    assert Islands.told == [{"server": "harbour.example"}]
    (sealed,) = attempts(client).values()
    waiting = unseal("attempt", sealed)
    assert (waiting["next"], waiting["intent"], waiting["pending"]) == (NEXT, "login", {"server": "harbour.example"})


def test_the_question_can_be_heard_typed_and_needs_no_script(client):
    page = Page(client.post(START))
    field = page.named("server")
    assert field["type"] == "text"
    wanted = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false", "inputmode": "url", "dir": "ltr"}
    assert wanted.items() <= field.items()
    assert field["maxlength"] == str(SERVER_LENGTH)
    assert {"required", "autofocus"} <= field.keys()
    assert [attrs["for"] for _, attrs in page.of("label")] == [field["id"]]
    (described,) = [attrs for _, attrs in page.elements if attrs.get("id") == field["aria-describedby"]]
    assert described["class"] == "socialreg-help"
    assert "For example harbour.example" in page.text
    assert page.asked() == {"server"}
    assert [attrs["type"] for _, attrs in page.of("button")] == ["submit"]
    assert page.of("script") == []


def test_the_question_carries_what_the_button_said(client):
    client.force_login(User.objects.create_user("somebody"))
    page = Page(client.post(START, {"next": NEXT, "intent": "connect", "lang": 'f"r', "other": "x"}))
    assert page.form().keys() == {"csrfmiddlewaretoken", "intent", "next", "lang", "server"}
    for server, status in (("no such", 400), ("harbour.example", 302)):
        response = send(page, client, server=server)
        assert response.status_code == status
    assert Islands.told[-1] == {"lang": 'f"r', "server": "harbour.example"}
    (sealed,) = attempts(client).values()
    assert (unseal("attempt", sealed)["next"], unseal("attempt", sealed)["intent"]) == (NEXT, "connect")


def test_the_question_makes_no_query(client):
    with recorded(connection) as statements:
        assert client.post(START).status_code == 200
        assert client.post(START, {"server": "no such"}).status_code == 400
        assert client.post(START, {"server": "harbour.example"}).status_code == 302
    assert statements.queries == []


def test_connecting_without_a_login_asks_for_that_first(client):
    assert client.post(START, {"intent": "connect"})["Location"].startswith("/login/")


def test_the_question_and_its_answer_want_a_token(client):
    strict = Client(enforce_csrf_checks=True)
    for data in ({}, {"server": "harbour.example"}):
        assert strict.post(START, data).status_code == 403
    token = shown(strict.get(reverse("socialreg:login")).content.decode())["csrfmiddlewaretoken"]
    page = Page(strict.post(START, {"csrfmiddlewaretoken": token}))
    assert send(page, strict, server="harbour.example").status_code == 302


def test_a_foreign_form_cannot_fill_in_the_question():
    """What comes without a token is not brought back: nobody picks a server for somebody else."""
    strict = Client(enforce_csrf_checks=True)
    for name in ("server", "server_before"):
        response = strict.post(START, {name: "evil.example"})
        assert response.status_code == 403
        assert b"evil.example" not in response.content


@pytest.mark.parametrize("answer", ["", "  ", "\t"])
def test_no_answer_is_asked_for_again(client, answer):
    response = client.post(START, {"server": answer, "next": NEXT})
    assert response.status_code == 200
    assert "This field is required." in Page(response).text
    assert shown(response.content.decode())["next"] == NEXT
    assert Islands.told == []


def test_no_such_server_is_told_at_the_field_which_keeps_what_was_typed(client, caplog):
    caplog.set_level(logging.INFO)
    with failures() as told:
        response = client.post(START, {"server": "Harbour, I think", "next": NEXT})
    assert response.status_code == 400
    page = Page(response)
    field = page.named("server")
    assert field["value"] == "Harbour, I think"
    assert field["aria-invalid"] == "true"
    texts = {attrs["id"]: attrs for _, attrs in page.elements if "id" in attrs}
    assert set(field["aria-describedby"].split()) <= texts.keys()
    assert f"{field['id']}_error" in field["aria-describedby"]
    assert NOT_FOUND in page.text
    assert [attrs["class"] for _, attrs in page.elements if attrs.get("role") == "alert"] == ["socialreg-alert"]
    assert told == []  # nothing has failed yet
    (line,) = [record for record in caplog.records if record.name == "socialreg"]
    assert (line.levelno, "[no-such-server]" in line.getMessage()) == (logging.INFO, True)
    assert attempts(client) == {}
    assert send(page, client, server="harbour.example").status_code == 302


@pytest.mark.parametrize("answer", ["x" * (SERVER_LENGTH + 1), "a\0b", "x" * 100_000])
def test_what_cannot_be_a_server_does_not_reach_the_provider(client, answer):
    response = client.post(START, {"server": answer})
    assert response.status_code == 400
    assert Page(response).named("server")["aria-invalid"] == "true"
    assert Islands.told == []


def test_what_was_typed_is_text_on_the_page(client):
    typed = "\"><script>alert(1)</script>'&amp;{{ 7 }}"
    response = client.post(START, {"server": typed})
    assert Page(response).named("server")["value"] == typed
    assert b"<script" not in response.content


def test_what_was_typed_is_in_no_line_of_the_log(client, caplog):
    caplog.set_level(logging.DEBUG)
    for server in ("mine own, secret", "down.example\r\nERROR all is lost", "x" * 300 + "secret"):
        client.post(START, {"server": server})
    assert caplog.records
    assert not re.search(
        "secret|all is lost|down", repr([vars(record) | {"request": None} for record in caplog.records])
    )


def test_a_provider_that_repeats_what_was_typed_writes_no_line_of_its_own(client, caplog):
    caplog.set_level(logging.INFO)
    client.post("/accounts/repeating/start/", {"server": "a\r\nERROR b\u2028"})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "socialreg"]
    assert line.isprintable()


def test_nobody_else_is_asked_or_handed_a_server(client):
    with failures() as told:
        response = client.post("/accounts/lone/start/", {"server": "harbour.example", "next": NEXT})
    assert Islands.told == [{}]
    assert response.status_code == 400
    assert "We do not know this server" in Page(response).text
    assert [each["error"].code for each in told] == ["no-such-server"]
    assert reference_on(response)
    assert "server_before" not in shown(response.content.decode())


# Beginning again


@pytest.mark.parametrize("intent", ["login", "connect"])
def test_after_a_server_that_gave_no_answer_the_question_is_asked_with_what_was_typed(client, intent):
    client.force_login(User.objects.create_user("somebody"))
    response = client.post(START, {"server": "down.example", "next": NEXT, "intent": intent})
    assert response.status_code == 503
    assert "Try again" in Page(response).text
    page = Page(press(client, response))
    assert QUESTION in page.text
    assert page.named("server")["value"] == "down.example"
    assert "aria-invalid" not in page.named("server")
    form = page.form()
    assert (form["next"], form.get("intent", ["login"])) == ([NEXT], [intent])
    assert len(Islands.told) == 1


def test_after_cancel_there_as_well(client):
    client.post(START, {"server": "harbour.example", "next": NEXT})
    response = client.get(f"{CALLBACK}?state=state")
    assert b"You cancelled" in response.content
    page = Page(press(client, response))
    assert (page.named("server")["value"], page.named("next")["value"]) == ("harbour.example", NEXT)
    assert attempts(client) == {}


def test_what_is_longer_than_a_cookie_has_room_for_is_typed_again(client):
    """Letters beyond ASCII take six bytes there."""
    response = client.post(START, {"server_before": "日" * 60})
    assert Page(response).named("server").get("value", "") == ""
    response = client.post(START, {"server_before": "日" * 40})
    assert Page(response).named("server")["value"] == "日" * 40


def test_the_longest_server_and_next_fit_into_a_cookie(client):
    response = client.post(START, {"server": "x" * SERVER_LENGTH, "next": "/home/?" + "x" * 690})
    ((name, cookie),) = [item for item in response.cookies.items() if "attempt" in item[0]]
    assert len(name) + len(cookie.value) <= COOKIE_BYTES
    waiting = unseal("attempt", cookie.value)
    assert len(waiting["server"]) == SERVER_LENGTH
    assert len(waiting["next"]) > 690


def test_the_sentences_are_ours_and_name_the_provider(client):
    page = unescape(client.post(START, {"server": "?"}).content.decode())
    assert "{label}" not in page
    assert "{server}" not in page
    assert "Islands is many servers." in page
