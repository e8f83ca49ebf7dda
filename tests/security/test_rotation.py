"""A38: tokens are read while the keys change and after it; where a key goes too early, nothing is, and that is said.

The keys are the site's own (``ENCRYPTION_KEYS``), or, where it has none, Django's (``SECRET_KEY``).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from socialreg import upkeep
from socialreg.exceptions import ConfigurationError
from socialreg.models import SocialAccount
from socialreg.registry import providers
from tests.keep import opened
from tests.sealed_rows import NEW, OLD, keyed
from tests.security.visiting import CONNECTIONS, arrive, user_of
from tests.security.walking import come_back, register, start

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("slug", ["twitter", "x", "google"])]

LIST = "/admin/socialreg/socialaccount/"
Use = Callable[..., None]


@pytest.fixture(params=["ENCRYPTION_KEYS", "SECRET_KEY"])
def use(request, standin, settings) -> Use:
    """``use(NEW, OLD)`` gives the site these keys, the newest first. It begins with the old one."""

    def change(newest: str, *former: str) -> None:
        if request.param == "ENCRYPTION_KEYS":
            settings.SOCIALREG = keyed(newest, *former)
        else:
            settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = newest, list(former)

    change(OLD)
    return change


def account() -> SocialAccount:
    """Return the only account, as it is in the database."""
    return SocialAccount.objects.get()


def is_taken() -> bool:
    """Ask the provider whether it takes the account's tokens: by a call of their own, and by what looks after them."""
    found = account()
    provider = providers[found.provider].bound_to(opened(found))
    answer = found.session().get(provider.alive_endpoint(), params=provider.profile_params)
    return answer.ok and upkeep.verify_alive(found.pk).checked_at is not None


def reencrypt() -> None:
    call_command("socialreg_reencrypt", quiet=True)


def test_a38_tokens_are_read_beside_the_former_key_and_sealed_anew_without_it(standin, use, client, slug):
    register(standin, client, slug)
    before = opened(account())
    use(NEW, OLD)
    assert opened(account()) == before
    assert is_taken()
    reencrypt()
    use(NEW)
    assert opened(account()) == before
    assert is_taken()


def test_a38_a_login_that_was_begun_before_the_change_brings_tokens_that_are_read_after_it(standin, use, client, slug):
    register(standin, client, slug)
    visitor = Client()
    back = standin.approve(start(visitor, slug, next="/home/"), "maralind")
    use(NEW, OLD)
    assert come_back(visitor, back)["Location"] == "/home/"
    assert user_of(visitor) == account().user == User.objects.get()
    brought = opened(account())
    reencrypt()
    use(NEW)
    assert opened(account()) == brought
    assert is_taken()


def test_a38_where_the_former_key_goes_too_early_nothing_is_read_and_that_is_said(standin, use, client, slug):
    register(standin, client, slug)
    before, requests = opened(account()), len(standin.api_requests)
    use(NEW)
    assert account().credentials is None
    for act in (lambda: account().session().get("https://any.example/"), lambda: upkeep.verify_alive(account().pk)):
        with pytest.raises(ConfigurationError, match="cannot be opened") as caught:
            act()
        assert caught.value.code == "unreadable"
    assert len(standin.api_requests) == requests
    with pytest.raises(CommandError, match="No key opens 1"):
        reencrypt()
    use(NEW, OLD)
    assert opened(account()) == before, "it is not too late"


def test_a38_without_the_former_key_the_pages_are_there_and_a_login_brings_new_tokens(standin, use, client, slug):
    register(standin, client, slug)
    user = account().user
    use(NEW, OLD)
    assert is_taken()
    use(NEW)
    assert account().credentials is None
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert client.get(CONNECTIONS).status_code == 200
    client.force_login(User.objects.create_superuser("root"), "django.contrib.auth.backends.ModelBackend")
    for page in (LIST, f"{LIST}{account().pk}/change/"):
        assert client.get(page).status_code == 200
    visitor = Client()
    assert arrive(standin, visitor, slug, next="/home/")["Location"] == "/home/"
    assert user_of(visitor) == user
    assert is_taken()
