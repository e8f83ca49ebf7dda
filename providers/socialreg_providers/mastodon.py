"""Log in with Mastodon: the visitor names the server that their account is on.

https://docs.joinmastodon.org/spec/oauth/
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Self
from urllib.parse import urlencode, urlsplit

from socialreg.exceptions import ConfigurationError, Mismatch, NoSuchServer, NotAsked, ProviderError, Refused
from socialreg.meanings import Meaning
from socialreg.oauth2 import OAuth2Provider
from socialreg.origins import same_origin
from socialreg.profile_map import origin
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.tokens import Tokens
from socialreg.types import Credentials, Intent, Profile, Redirect

from ._host_names import host_name
from ._mastodon_apps import About, Apps, Elsewhere, no_such_server, revoking_key

_OURS = ("issuer", "authorize_url", "token_url", "profile_url", "emails_url")


class Mastodon(OAuth2Provider):
    """Sign in with an account on any Mastodon server.

    Anybody can run a server, and lie on it. So each vouches for its own people alone: the issuer of an identity is the
    server that was asked, never one that it names. The application is registered there on the fly; server, id and
    secret wait in the visitor's browser with the attempt, and each server has a callback address of its own, for an
    answer of one server must never be taken for another's (RFC 9700 section 4.4).
    """

    slug = "mastodon"
    label = "Mastodon"
    issuer = ""
    required_options = ()
    server_example = "mastodon.social"
    color = "#563acc"
    dark_color = "#8c8dff"
    dark_text_color = "#17063b"

    #: Where a server is; a stand-in plays all of them below one address.
    server_address: str = "https://{server}"
    #: The only servers that people may come from. With one of them nobody is asked.
    servers: tuple[str, ...] = ()
    #: What servers call this site when they ask a visitor for consent, and its page; ``""`` for the host of BASE_URL.
    client_name: str = ""
    website: str = ""
    # "profile" would be enough from Mastodon 4.3 on; older servers do not know it.
    scope: tuple[str, ...] = ("read:accounts",)
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    # https://docs.joinmastodon.org/entities/Account/. username and acct can be somebody else's one day; id stays.
    profile_map = {
        "uid": "id",
        "username": "username",
        "full_name": "display_name",
        "picture": "avatar",
        "profile_url": "url",
    }
    meanings = {
        "invalid_client": Meaning(
            "the server does not know the application any more that it registered for this site",
            "Nothing: it is registered anew with the next attempt",
            "expired",
        ),
    }

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self._check_options()
        self.servers = tuple(map(_listed, self.servers))
        if self.servers:
            self.server_example = self.servers[0] if len(self.servers) > 1 else ""

    def _check_options(self) -> None:
        """Refuse what would be passed over, or make one server of all.

        :raises ConfigurationError: an option is of no use here.
        """
        given = [name.upper() for name in _OURS if getattr(self, name)]
        if given:
            raise _useless(f"{' and '.join(given)}", "every server has its own", "Leave it out, or set SERVER_ADDRESS")
        if "{server}" not in self.server_address:
            raise _useless("SERVER_ADDRESS", "it lacks {server}", 'Give it in the form "https://{server}"')
        if self.client_id and len(self.servers) != 1:
            raise _useless("CLIENT_ID", "it is of one server alone", "Name that one in SERVERS, or leave CLIENT_ID out")

    def endpoints(self) -> list[str]:
        return [self.at(self.server_example or self.servers[0]).server_address]

    # -- the way

    def authorize(self, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
        server = self._server(options.get("server", ""))
        own = f"{redirect_uri}?{urlencode({'server': server})}"
        # An application may ask for what it was registered with alone: for more there is another.
        wider = self._with_scope(self.asked_scope(options))
        app = wider.app_at(server, own)
        redirect = OAuth2Provider.authorize(self.at(server, app), own, intent, options)
        return replace(redirect, pending={**redirect.pending, **app, "server": server})

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        # What one server sends the browser to us with must not reach another: RFC 9700 section 4.4.2.2.
        if params.get("server") != pending["server"]:
            raise Mismatch(
                "The callback is another Mastodon server's",
                cause="a server sent its visitor to another one, or the link was put together by hand",
                remedy="Nothing, if it happens now and then: the login was stopped",
                code="issuer",
            )
        scope = tuple(pending["scope"].split()) if "scope" in pending else self.scope
        there = self._with_scope(scope).at(pending["server"], pending)
        apps = there.apps(pending["redirect_uri"])
        try:
            credentials = OAuth2Provider.verify(there, pending, params)
        except Refused as error:
            if error.code == "invalid_client":
                apps.forget(pending)
            raise
        apps.keep(pending)
        return credentials

    def credentials_from(self, tokens: Tokens, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        found = super().credentials_from(tokens, pending, params)
        # There are no refresh tokens at Mastodon, and nobody would know which application another server's is for.
        return replace(found, issuer=self.issuer, refresh_token="")

    def check_alive(self, credentials: Credentials) -> None:
        OAuth2Provider.check_alive(self._of(credentials), credentials)

    def fetch_profile(self, credentials: Credentials) -> Profile:
        return OAuth2Provider.fetch_profile(self._of(credentials), credentials)

    def profile_from(self, credentials: Credentials) -> Profile:
        return OAuth2Provider.profile_from(self._of(credentials), credentials)

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        own = profile.profile_url if profile.profile_url.startswith(f"{self.server_address}/") else ""
        # Mastodon tells no address, and one that a server of anybody's tells proves nothing.
        return replace(profile, profile_url=own, email=None)

    def revoke(self, credentials: Credentials) -> bool:
        # https://docs.joinmastodon.org/methods/oauth/#revoke, for the application alone that the token was given to.
        there = self._of(credentials)
        app = self.store.kept(revoking_key(there.server_address, credentials.scope))
        if self.client_id:
            app = {"client_id": self.client_id, "client_secret": self.client_secret}
        if app is None:
            return False
        return OAuth2Provider.revoke(self.at(there.issuer.removeprefix("https://"), app), credentials)

    # -- calls

    def bound_to(self, credentials: Credentials) -> Self:
        return self._of(credentials)

    def serves(self, url: str) -> bool:
        # A stand-in plays all servers at one host: the whole address counts.
        home = self.server_address
        return same_origin(url, home) and f"{url}/".startswith(f"{home}/")

    # -- one server of many

    def _server(self, typed: str) -> str:
        server = self.servers[0] if len(self.servers) == 1 else host_name(typed)
        if not server or (self.servers and server not in self.servers):
            raise NoSuchServer(
                "A visitor named no server that they can come from",
                cause="what they typed holds no public host name, or not one of SERVERS",
                remedy="Nothing: they were asked again",
            )
        return server

    def server_of(self, named: str) -> str:
        return host_name(named)

    def _of(self, credentials: Credentials) -> Self:
        return self.at(credentials.issuer.removeprefix("https://"))

    def at(self, server: str, app: Mapping[str, str] | None = None) -> Self:
        """Return this provider bound to one server, and to the application that was registered there."""
        there = copy(self)
        there.issuer = f"https://{server}"
        there.server_address = home = self.server_address.replace("{server}", server)
        there.authorize_url, there.token_url = f"{home}/oauth/authorize", f"{home}/oauth/token"
        there.revocation_url = f"{home}/oauth/revoke"
        there.profile_url = f"{home}/api/v1/accounts/verify_credentials"
        if app is not None:
            there.client_id, there.client_secret = app["client_id"], app["client_secret"]
        if server not in self.servers:
            # A stand-in plays all of them at one host, which the operator named.
            is_named = "{server}" in urlsplit(self.server_address).netloc
            there.transport = Elsewhere(self.transport.for_visitors if is_named else self.transport)
        return there

    def _with_scope(self, scope: tuple[str, ...]) -> Self:
        wider = copy(self)
        wider.scope = scope
        return wider

    def app_at(self, server: str, redirect_uri: str) -> Mapping[str, str]:
        """Return the application that this site is at a server."""
        if self.client_id:  # registered by hand
            return {"client_id": self.client_id, "client_secret": self.client_secret, "kept": "yes"}
        try:
            return self.at(server).apps(redirect_uri).find()
        except ProviderError as error:
            # A server that is left alone, or a cache or database of the site's own: no reason to ask for another one.
            if server in self.servers or isinstance(error, NotAsked) or error.code in {"cache", "database"}:
                raise
            raise no_such_server(error) from None

    def apps(self, redirect_uri: str) -> Apps:
        """Return what this site is at the server that this is bound to, for one callback address."""
        site = origin(redirect_uri)
        # 60 characters are what a server takes for a name.
        name = (self.client_name or urlsplit(site).netloc)[:60]
        about = About(name, self.website or site, redirect_uri, " ".join(self.scope))
        return Apps(self.transport, self.store, self.server_address, about)


def _listed(name: str) -> str:
    server = host_name(name) if isinstance(name, str) else ""
    if not server:
        raise _useless("SERVERS", f"{name!r} is no public host name", 'Give names such as "mastodon.social"')
    return server


def _useless(option: str, cause: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{option} of Mastodon cannot be so", cause=cause, remedy=remedy, code="option-value")
