"""What buttons send, and who arrives: the provider is asked for what the settings say, and everybody can register."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from socialreg.models import SocialAccount
from socialreg.testing.messages import Response
from tests.fuzz.altered import filled, said
from tests.fuzz.hostile import statuses, texts
from tests.fuzz.pages import check_page, raw
from tests.fuzz.profiles import dear
from tests.test_way import shown
from tests.world import MARA, begin

pytestmark = pytest.mark.django_db

_ASKED = {"next": "/home/", "intent": "login", "server": "one.example"}
_TAKEN = (
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "nonce",
    "code_challenge",
    "response_type",
    "granted",
    "keep",
    "errand",
)
_starts = st.tuples(filled(_ASKED), st.dictionaries(st.sampled_from(_TAKEN), texts, max_size=3))


@pytest.mark.slow
@dear
@given(st.sampled_from(("acme", "corp", "mastodon")), _starts)
def test_whatever_a_button_sends_the_provider_is_asked_for_what_the_settings_say(site, slug, fields):
    cache.clear()
    site.serve()
    body = raw({**fields[0], **fields[1]})
    path = reverse("socialreg:start", args=[slug])
    answer = Client().post(f"{path}?{raw(fields[1]).decode()}", body, content_type="application/x-www-form-urlencoded")
    check_page(answer)
    if answer.status_code != 302 or urlsplit(answer["Location"]).netloc == "":
        return
    sent: dict[str, Any] = dict(parse_qsl(urlsplit(answer["Location"]).query))
    assert urlsplit(sent["redirect_uri"])[:3] == ("http", "testserver", reverse("socialreg:callback", args=[slug]))
    assert sent["client_id"] in {"the-id", "i"}
    assert sent["response_type"] == "code"
    assert sent.get("scope", "") in {"", "openid profile email", "read:accounts"}
    assert len(sent["state"]) == 43
    assert not [name for name in ("granted", "keep", "errand", "next", "intent") if name in sent]


_TYPED = {"username": "maralind", "email": "mara@example.org", "first_name": "Mara", "last_name": "Lind"}


@dear
@given(said(MARA), statuses, said([{"email": "m@example.com", "verified": True, "primary": True}]))
def test_whoever_arrives_reads_a_page_of_ours_and_can_register(site, body, status, emails):
    """The whole way, into whichever database the tests run on: nothing is too long, deep or odd for a column."""
    cache.clear()
    User.objects.all().delete()
    browser = Client()
    path, back = begin(site, "acme", browser)
    site.peer.answers["/profile"] = Response(status, body)
    site.peer.answers["/emails"] = Response(200, emails)
    answer = browser.get(path, back)
    check_page(answer)
    if answer.status_code != 302:
        assert not User.objects.exists()
        return
    page = browser.get(answer["Location"])
    check_page(page)
    sent = {**shown(page.content.decode()), "username": "maralind"}
    check_page(browser.post(answer["Location"], sent))
    if not User.objects.exists():  # something that was shown is no answer: a person types another
        check_page(browser.post(answer["Location"], _TYPED))
    assert SocialAccount.objects.count() == User.objects.count() == 1
    assert not User.objects.filter(is_staff=True).exists()
