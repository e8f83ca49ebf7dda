"""A32 and A33: whoever may not log in does not, by whichever way; and whichever hook of the site's says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client, RequestFactory

from socialreg.backends import SocialBackend
from socialreg.exceptions import Veto
from socialreg.models import SocialAccount, UserAddress
from socialreg.signals import connected, logged_in, registered
from socialreg.testing import StandIn
from tests.owning import connect_url, member_of, request_of
from tests.security.visiting import ADDRESS, PROVE, REGISTER, arrive, fill_in, owner, register, user_of
from tests.security.walking import EVERY, PROTOCOLS, come_back
from tests.test_accounts import WaitingForm

pytestmark = pytest.mark.django_db

OURS, DJANGOS = "socialreg.backends.SocialBackend", "django.contrib.auth.backends.ModelBackend"
ANYBODY = "django.contrib.auth.backends.AllowAllUsersModelBackend"
BACKENDS = [[DJANGOS], [OURS, DJANGOS], [OURS], [ANYBODY], [ANYBODY, OURS]]


@pytest.fixture
def says(settings) -> Callable[..., None]:
    """Let the site say something in its settings."""

    def say(**changes: object) -> None:
        settings.SOCIALREG = {**settings.SOCIALREG, **changes}

    return say


def rows() -> list[object]:
    """Return all that is stored of anybody."""
    accounts = SocialAccount.objects.order_by("pk").values()
    return [list(accounts), list(User.objects.order_by("pk").values()), list(UserAddress.objects.values())]


def nobody_is_in(client: Client) -> None:
    assert "_auth_user_id" not in client.session
    assert user_of(client) is None


# -- A32


@pytest.mark.parametrize("slug", EVERY)
def test_a32_whom_the_site_has_shut_out_gets_no_session_and_no_new_token(standin: StandIn, slug):
    register(standin, Client(), slug, username="mara", email="mara@example.org")
    User.objects.update(is_active=False)
    before, client = rows(), Client()
    response = arrive(standin, client, slug)
    assert response.status_code == 403
    assert "mara@example.org" not in response.content.decode()
    nobody_is_in(client)
    assert rows() == before
    assert client.get(REGISTER).status_code == 400, "nor do they register anew"


@pytest.mark.parametrize("backends", BACKENDS, ids=str)
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a32_whichever_backends_the_site_has(standin: StandIn, settings, slug, backends):
    """Also one that lets inactive users in by their passwords."""
    settings.AUTHENTICATION_BACKENDS = backends
    register(standin, Client(), slug, username="mara", email="mara@example.org")
    User.objects.update(is_active=False)
    before, client = rows(), Client()
    assert arrive(standin, client, slug).status_code == 403
    nobody_is_in(client)
    assert rows() == before


@pytest.mark.parametrize("backends", [[DJANGOS], [OURS, DJANGOS]], ids=str)
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a32_a_session_of_before_is_over(standin: StandIn, settings, slug, backends):
    settings.AUTHENTICATION_BACKENDS = backends
    client = Client()
    register(standin, client, slug, username="mara", email="mara@example.org")
    User.objects.update(is_active=False)
    assert user_of(client) is None
    before = rows()
    assert arrive(standin, client, slug, "kestrel")["Location"] == REGISTER, "as anybody who is not logged in"
    assert rows() == before


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a32_nor_do_they_finish_what_they_began_before(standin: StandIn, slug):
    """Came back while they were active, and prove or register afterwards."""
    owner()
    client = Client()
    assert arrive(standin, client, slug)["Location"] == PROVE
    User.objects.update(is_active=False)
    client.post(PROVE, {"prove": "1"})
    client.post("/login/", {"username": "mara", "password": "secret", "next": "/home/"})
    nobody_is_in(client)
    assert not SocialAccount.objects.exists()


CREDENTIALS = [
    {"username": "mara", "password": "secret"},
    {"username": "mara", "password": ""},
    {"user_id": 1},
    {"uid": "1400000000000000001", "provider": "twitter"},
    {"profile": None},
    {"account": None},
    {"token": "t"},
    {},
]


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("credentials", CREDENTIALS, ids=str)
def test_a32_authenticate_itself_finds_nobody_by_our_backend(settings, credentials, active):
    """There is no way in beside the callback: not by a token, not by a number, not by a name."""
    settings.AUTHENTICATION_BACKENDS = [OURS]
    user = owner()
    User.objects.update(is_active=active)
    request = RequestFactory().get("/")
    if credentials:  # without any, Django asks the backend, which returns nobody
        assert authenticate(request, **credentials) is None
    assert SocialBackend().authenticate(request) is None
    assert (SocialBackend().get_user(user.pk) is None) is not active


def test_a32_by_a_password_neither(settings):
    settings.AUTHENTICATION_BACKENDS = [OURS, DJANGOS]
    owner()
    credentials = {"username": "mara", "password": "secret"}
    assert authenticate(RequestFactory().get("/"), **credentials) is not None
    User.objects.update(is_active=False)
    assert authenticate(RequestFactory().get("/"), **credentials) is None


# -- A33

#: How a function of the site's can say no, or fall over.
WAYS = [Veto("Not you."), PermissionDenied("not you"), Http404("not you"), RuntimeError("not you")]


def refusing(error: Exception) -> Callable[..., object]:
    def refuse(*_: object) -> object:
        raise error

    return refuse


@pytest.fixture(params=WAYS, ids=lambda error: type(error).__name__)
def no(request) -> Callable[..., object]:
    return refusing(request.param)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("slug", EVERY)
def test_a33_before_login(standin: StandIn, says, visitor, no, slug):
    register(standin, Client(), slug, username="mara", email="mara@example.org")
    before = rows()
    says(BEFORE_LOGIN=[no])
    assert arrive(standin, visitor, slug).status_code >= 400
    nobody_is_in(visitor)
    assert rows() == before


@pytest.mark.parametrize("slug", EVERY)
def test_a33_before_register_when_somebody_new_comes(standin: StandIn, says, visitor, no, slug):
    says(BEFORE_REGISTER=[no])
    assert arrive(standin, visitor, slug).status_code >= 400
    nobody_is_in(visitor)
    assert "socialreg_pending" not in visitor.session
    assert rows() == [[], [], []]


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_before_register_when_the_form_is_sent(standin: StandIn, says, visitor, no, slug):
    """It is asked again: what it knows may have changed since."""
    arrive(standin, visitor, slug)
    form = {"username": "mara", "email": "mara@example.org", "first_name": "M", "last_name": "L"}
    says(BEFORE_REGISTER=[no])
    assert visitor.post(REGISTER, form).status_code >= 400
    nobody_is_in(visitor)
    assert rows() == [[], [], []]


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_before_register_when_nothing_is_asked(standin: StandIn, says, visitor, no, slug):
    says(BEFORE_REGISTER=[no], ASK_FOR="missing")
    assert arrive(standin, visitor, slug).status_code >= 400
    nobody_is_in(visitor)
    assert rows() == [[], [], []]


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_a_finder(standin: StandIn, says, visitor, no, slug):
    says(FINDERS=[no])
    assert arrive(standin, visitor, slug).status_code >= 400
    nobody_is_in(visitor)
    assert rows() == [[], [], []]


@pytest.mark.parametrize("answer", ["no", "raises"])
@pytest.mark.parametrize("field", ["twitter", "second"])
def test_a33_who_may_connect_at_the_start_and_at_the_callback(standin: StandIn, says, visitor, no, field, answer):
    hook = no if answer == "raises" else lambda *_: False
    member, organisation = member_of()
    visitor.force_login(member)
    says(MAY_CONNECT=lambda *_: True)
    url = connect_url(request_of(member), organisation, field)
    back = standin.approve(visitor.post(url)["Location"], "maralind")
    says(MAY_CONNECT=hook)
    assert come_back(visitor, back).status_code >= 400
    assert visitor.post(url).status_code >= 400
    organisation.refresh_from_db()
    assert getattr(organisation, field) is None
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_a_form_of_the_sites_that_makes_somebody_who_has_to_wait(standin: StandIn, says, visitor, slug):
    arrive(standin, visitor, slug)
    says(REGISTRATION_FORM=WaitingForm)
    assert fill_in(visitor, username="mara", email=ADDRESS).status_code == 403
    nobody_is_in(visitor)
    assert User.objects.get().is_active is False


@pytest.fixture
def djangos(no) -> Iterator[None]:
    """A receiver of Django's own signal, as sites have them that count or stop logins."""

    def receive(sender: object, **_: object) -> None:
        no()

    user_logged_in.connect(receive)
    yield
    user_logged_in.disconnect(receive)


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_a_receiver_of_djangos_own_signal(standin: StandIn, visitor, request, no, slug, new):
    """Django itself has written the session by then: it must not outlive the answer. A registration stays."""
    if not new:
        register(standin, Client(), slug, username="mara", email="mara@example.org")
    request.getfixturevalue("djangos")
    response = arrive(standin, visitor, slug)
    if new:
        response = fill_in(visitor, username="mara", email="mara@example.org")
    assert response.status_code >= 400
    nobody_is_in(visitor)
    assert [account.user.username for account in SocialAccount.objects.select_related("user")] == ["mara"]
    assert User.objects.count() == 1


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_a33_a_receiver_of_ours_is_told_afterwards_and_stops_nobody(
    standin: StandIn, visitor, django_capture_on_commit_callbacks, caplog, no, slug
):
    """They hear of facts: what is to stop somebody is a hook."""

    def receive(sender: object, **_: object) -> None:
        no()

    for signal in (registered, logged_in, connected):
        signal.connect(receive)
    try:
        arrive(standin, visitor, slug)
        with django_capture_on_commit_callbacks(execute=True):
            fill_in(visitor, username="mara", email="mara@example.org")
        assert user_of(visitor) is not None
        back = Client()
        with django_capture_on_commit_callbacks(execute=True):
            arrive(standin, back, slug)
        assert user_of(back) == user_of(visitor)
    finally:
        for signal in (registered, logged_in, connected):
            signal.disconnect(receive)
