"""In the admin accounts are looked at: staff alone, no secret, nothing edited, as many queries for fifty as for one."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from socialreg.attempt import Attempt
from socialreg.models import SocialAccount, identity_digest
from socialreg.pending import Pending
from socialreg.types import Arrival, Credentials, Profile, Redirect

pytestmark = pytest.mark.django_db

TOKEN, SECRET, REFRESH = "tok-en-4711", "sec-ret-4712", "ref-resh-4713"
LIST = "/admin/socialreg/socialaccount/"


def account(number: int = 1) -> SocialAccount:
    user = User.objects.create_user(f"person{number}")
    made = SocialAccount(
        user=user,
        provider="twitter",
        issuer="https://x.com",
        subject=str(1000 + number),
        identity=identity_digest("https://x.com", str(1000 + number)),
        username=f"handle{number}",
        email=f"p{number}@example.com",
        profile={"private_note": "raw-4714"},
    )
    made.credentials = Credentials(made.subject, made.username, TOKEN, SECRET, REFRESH)
    made.save()
    return made


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_list_search_and_detail_show_who_it_is_and_no_secret(staff):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    for url in (LIST, f"{LIST}?q=handle1", f"{LIST}?q=person1", f"{LIST}?q=1001", f"{LIST}?q=p1@example.com", detail):
        response = staff.get(url)
        assert response.status_code == 200
        page = response.content.decode()
        assert "handle1" in page, url
        for secret in (TOKEN, SECRET, REFRESH, made.sealed_credentials, made.identity, "raw-4714"):
            assert secret not in page, url
    assert "handle1" not in staff.get(f"{LIST}?q=nobody").content.decode().replace("?q=handle1", "")


def test_nothing_is_added_or_edited(staff):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    assert staff.get(f"{LIST}add/").status_code == 403
    page = staff.get(detail).content.decode()
    form = page[page.index('id="socialaccount_form"') : page.rindex("</form>")]
    names = set(re.findall(r'<(?:input|select|textarea)[^>]*name="(\w+)"', form))
    assert names <= {"csrfmiddlewaretoken"}
    assert 'name="_save"' not in page
    other = User.objects.create_user("other")
    assert staff.post(detail, {"user": other.pk, "subject": "1", "sealed_credentials": ""}).status_code == 403
    again = SocialAccount.objects.get()
    assert (again.user, again.subject, again.credentials) == (made.user, made.subject, made.credentials)


def test_it_can_be_removed(staff):
    made = account()
    assert staff.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SocialAccount.objects.exists()


def test_fifty_cost_as_many_queries_as_one(staff):
    account(1)
    with CaptureQueriesContext(
        connection,
    ) as one:
        staff.get(LIST)
    for number in range(2, 52):
        account(number)
    with CaptureQueriesContext(connection) as fifty:
        staff.get(LIST)
    assert len(fifty) == len(one) <= 7


def test_it_is_for_staff_with_the_permission_alone(client):
    made = account()
    detail = f"{LIST}{made.pk}/change/"
    for user in (None, made.user, User.objects.create_user("staff", is_staff=True)):
        if user:
            client.force_login(user)
        for url in (LIST, detail):
            assert client.get(url).status_code in {302, 403}
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_socialaccount"))
    client.force_login(viewer)
    assert client.get(detail).status_code == 200
    assert client.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403


def test_no_secret_in_any_representation():
    made = account()
    credentials = made.credentials
    arrival = Arrival("twitter", "https://x.com", credentials, Profile("1", raw={"note": "raw-4714"}), fetched=True)
    things = [
        made,
        credentials,
        arrival,
        Pending(arrival, "prove", "/", proof="pro-of-4715"),
        Redirect(f"https://x.com/?oauth_token={TOKEN}", TOKEN, {"secret": SECRET}),
        Attempt("twitter", "https://x.com", "login", None, "/", key=TOKEN, pending={"secret": SECRET}),
    ]
    for thing in things:
        for text in (repr(thing), str(thing), f"{thing}", f"{thing!r:>300}", f"{[thing]}", f"{thing!a}"):
            assert not re.search(r"471[1-5]", text), type(thing)
    assert reverse("admin:socialreg_socialaccount_changelist") == LIST
