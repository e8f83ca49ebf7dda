"""Log in with any OpenID Connect provider, by settings alone.

https://openid.net/specs/openid-connect-core-1_0.html
"""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.exceptions import ConfigurationError
from socialreg.oidc import OIDCProvider
from socialreg.provider import Transport
from socialreg.store import Store

from ._maps import PROFILE_NAMES, completed


class OpenIDConnect(OIDCProvider):
    """Sign in with an OpenID Connect provider that the settings describe. There may be any number of them."""

    slug = "oidc"
    label = ""
    #: Exactly as the provider writes it: with a slash at the end, or without.
    issuer = ""
    required_options = ("CLIENT_ID", "CLIENT_SECRET", "ISSUER", "LABEL")

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self.profile_map = completed("PROFILE_MAP", self.profile_map, type(self).profile_map, PROFILE_NAMES)
        self._refuse_address_of_metadata()

    def _refuse_address_of_metadata(self) -> None:
        # What portals show, and what somebody in a hurry copies.
        issuer, found, _ = self.issuer.partition("/.well-known/")
        if found:
            raise ConfigurationError(
                "ISSUER is the address of the metadata",
                cause="the issuer is what stands for issuer in there, most often the part before /.well-known",
                remedy=f"Set ISSUER to {issuer}, with or without a slash at the end, as it stands there",
                code="option-value",
            )
