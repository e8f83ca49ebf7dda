"""Where an issuer's endpoints are, from its own metadata (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from .exceptions import BadAnswer
from .metadata import Metadata
from .oauth2 import OAuth2Provider
from .provider import Transport
from .store import Store
from .tokens import AuthMethod, auth_method

_WELL_KNOWN = "/.well-known/openid-configuration"


class DiscoveredProvider(OAuth2Provider):
    """A provider whose issuer says where its endpoints are. An address that is set comes before the metadata's."""

    #: ``""``: what the metadata says, ``client_secret_basic`` before others.
    token_endpoint_auth_method = ""
    #: ``""``: the issuer's well-known address (Discovery section 4).
    discovery_url: str = ""
    jwks_url: str = ""
    userinfo_url: str = ""

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self.metadata = Metadata(transport, self.store)

    @property
    def is_discovered(self) -> bool:
        """Whether metadata are read. Not where all that a login needs of them is set, and their own address is not."""
        return bool(self.discovery_url) or not (self.authorize_url and self.token_url and self.jwks_url)

    def endpoints(self) -> list[str]:
        return [self.issuer, *super().endpoints()]

    def document(self) -> Mapping[str, object]:
        """Return the issuer's metadata, from the cache as a rule; the issuer alone where none are read.

        :raises ConfigurationError: they are another issuer's.
        :raises ProviderError: there are none to be had.
        """
        if not self.is_discovered:
            return {"issuer": self.issuer}
        # Discovery section 4.1: a slash at the end of the issuer goes before the well-known path is added.
        return self.metadata.document(self.discovery_url or f"{self.issuer.rstrip('/')}{_WELL_KNOWN}", self.is_issuer)

    def is_issuer(self, published: str) -> bool:
        """Whether metadata with this ``issuer`` are ours (Discovery section 4.3: exactly the same)."""
        return published == self.issuer

    def authorization_endpoint(self) -> str:
        return self.authorize_url or self._browser_address(self._named("authorization_endpoint"))

    def token_endpoint(self) -> str:
        return self.token_url or self._named("token_endpoint")

    def jwks_uri(self) -> str:
        """Return the address of the keys that ID tokens are signed with.

        :raises ProviderError: the metadata name none, or cannot be had.
        """
        return self.jwks_url or self._named("jwks_uri")

    def userinfo_endpoint(self) -> str:
        """Return the address of UserInfo, ``""`` if there is none: it need not be (Discovery section 3).

        :raises ProviderError: the metadata cannot be had.
        """
        return self.userinfo_url or str(self.document().get("userinfo_endpoint", ""))

    def revocation_endpoint(self) -> str:
        return self.revocation_url or str(self.document().get("revocation_endpoint", ""))

    def auth_method(self) -> AuthMethod:
        if self.token_endpoint_auth_method:
            return auth_method(self.token_endpoint_auth_method)
        # Discovery section 3: client_secret_basic if it does not say.
        given = self.document().get("token_endpoint_auth_methods_supported")
        supported = given if isinstance(given, list) else ["client_secret_basic"]
        only_post = "client_secret_post" in supported and "client_secret_basic" not in supported
        return "client_secret_post" if only_post else "client_secret_basic"

    def callback_issuer(self) -> tuple[str, bool]:
        promised = self.document().get("authorization_response_iss_parameter_supported") is True
        return self.authorization_server or self.issuer, promised or self.authorization_response_iss_parameter_supported

    def _named(self, name: str) -> str:
        address = self.document().get(name)
        if not isinstance(address, str) or not address:
            raise BadAnswer(
                f"The metadata of {self.issuer} names no {name}",
                cause="it is missing there, or is no text",
                remedy="Compare ISSUER with the provider's documentation, or set the address in the settings",
                code="metadata",
            )
        return address

    def _browser_address(self, address: str) -> str:
        """Return an address as it is, if it is as safe as the issuer's own."""
        if urlsplit(address).scheme not in {"https", urlsplit(self.issuer).scheme}:
            raise BadAnswer(
                f"The metadata of {self.issuer} sends visitors to an address without https",
                cause="anybody on the way could read and change what is entered there",
                remedy="Tell the provider",
                code="metadata",
            )
        return address
