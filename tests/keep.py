"""Accounts that are kept: made by going to a played provider, and put into the state that a test is about."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from django.contrib.auth.models import User

from socialreg import accounts, steps
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.visitor import Posted
from socialreg.types import Arrival, Credentials

CALLBACK = "https://site.example/accounts/it/callback/"


def arrival(standin: StandIn, slug: str, screen_name: str = "maralind") -> Arrival:
    """Go to a provider and come back."""
    provider = providers[slug]
    redirect = steps.authorize(provider, CALLBACK, "login", {"server": "one.example"})
    back = standin.approve(redirect.url, screen_name)
    params = dict(parse_qsl(urlsplit(back).query)) | (dict(back.fields) if isinstance(back, Posted) else {})
    credentials = steps.verify(provider, redirect.pending, params)
    profile = steps.fetch_profile(provider, credentials)
    issuer = credentials.issuer or provider.issuer
    return Arrival(slug, issuer, replace(credentials, extra={}), replace(profile, issuer=issuer), fetched=True)


def make_account(standin: StandIn, slug: str = "x", screen_name: str = "maralind", user: str = "") -> SocialAccount:
    """Return the account of somebody who came back from a provider, of a new user if one is named."""
    owner = User.objects.create_user(user) if user else None
    return accounts.insert(owner, arrival(standin, slug, screen_name))


def log_in_again(standin: StandIn, account: SocialAccount, screen_name: str = "maralind") -> None:
    """Let the account's person log in once more: another request than whatever is under way."""
    found = SocialAccount.objects.get(pk=account.pk)
    accounts.refresh(found, arrival(standin, found.provider, screen_name))


def store(account: SocialAccount, **changes: object) -> Credentials:
    """Store other credentials; return them."""
    account.credentials = replace(opened(account), **changes)
    account.save()
    return opened(account)


def expire(account: SocialAccount) -> Credentials:
    """Let the access token have ended a moment ago."""
    return store(account, expires_at=int(time.time()) - 10)


def opened(account: SocialAccount) -> Credentials:
    """Return the credentials that are stored now, or were when ``account`` was read."""
    credentials = account.credentials
    assert credentials is not None
    return credentials


def stored(account: SocialAccount) -> SocialAccount:
    """Return the account as it is in the database."""
    return SocialAccount.objects.get(pk=account.pk)
