"""Log in with any OAuth 2.0 provider, by settings alone.

https://www.rfc-editor.org/rfc/rfc6749
"""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.exceptions import ConfigurationError
from socialreg.oauth2 import OAuth2Provider
from socialreg.provider import Transport
from socialreg.store import Store

from ._maps import EMAIL_NAMES, PROFILE_NAMES, completed


class OAuth2(OAuth2Provider):
    """Sign in with an OAuth 2.0 provider that the settings describe. There may be any number of them."""

    slug = "oauth2"
    label = ""
    #: A name for whoever vouches, of your choice; their address is a good one. It is part of every identity.
    issuer = ""
    required_options = (
        "CLIENT_ID",
        "CLIENT_SECRET",
        "ISSUER",
        "LABEL",
        "AUTHORIZE_URL",
        "TOKEN_URL",
        "PROFILE_URL",
        "PROFILE_MAP",
    )
    #: Has to name a ``uid`` at least.
    profile_map = {}

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self.profile_map = completed("PROFILE_MAP", self.profile_map, {}, PROFILE_NAMES)
        if self.profile_map and not self.profile_map.get("uid"):
            raise ConfigurationError(
                f"PROFILE_MAP of {self.label or 'an OAuth 2.0 provider'} names no uid",
                cause="nobody can be told from anybody else without",
                remedy='Add "uid" with the path of an identifier that never changes: no name and no address',
                code="option-value",
            )
        self.emails_map = completed("EMAILS_MAP", self.emails_map, type(self).emails_map, EMAIL_NAMES)
