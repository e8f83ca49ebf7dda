"""Accounts to use: of the stand-in's people, got the whole way, and of a provider whose answers a test writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from socialreg import accounts
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.site import pointed_at
from socialreg.types import Arrival, Credentials

CALLBACK = "https://site.example/accounts/it/callback/"
WRITING = ["users.read", "tweet.read", "tweet.write", "offline.access"]


def credentials_of(standin: StandIn, slug: str, screen_name: str = "maralind", **options: str) -> Credentials:
    """Let somebody consent; return what the provider handed out."""
    provider = providers[slug]
    redirect = provider.authorize(CALLBACK, "connect", options)
    back = urlsplit(standin.approve(redirect.url, screen_name))
    return replace(provider.verify(redirect.pending, dict(parse_qsl(back.query))), extra={})


def account_of(standin: StandIn, slug: str, screen_name: str = "maralind", **options: str) -> SocialAccount:
    """Let somebody consent; return their account, which no user has."""
    return kept(slug, credentials_of(standin, slug, screen_name, **options))


def kept(slug: str, credentials: Credentials) -> SocialAccount:
    """Keep an account with these credentials."""
    provider = providers[slug]
    issuer = credentials.issuer or provider.issuer
    profile = provider.profile_from(credentials)
    return accounts.insert(None, Arrival(slug, issuer, credentials, profile, fetched=False))


def plays_x(standin: StandIn, settings: Any, **entry: object) -> None:
    """Let the site have X over OAuth 2.0 as well, by the slug ``x``; with posting, unless the entry says otherwise."""
    settings.SOCIALREG = pointed_at(standin, "x", {"SCOPE": WRITING, **entry})
    standin.requests.clear()
