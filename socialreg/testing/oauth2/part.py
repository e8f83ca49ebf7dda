"""One provider as it is played: what its class says, and what the site's entry says instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from socialreg.provider import Provider

#: The paths below ``/{slug}/`` by the attribute that names them in a class.
ENDPOINTS: Mapping[str, str] = {
    "request_token_url": "request_token",
    "access_token_url": "access_token",
    "authorize_url": "authorize",
    "token_url": "token",
    "profile_url": "profile",
    "emails_url": "emails",
    "userinfo_url": "userinfo",
    "jwks_url": "jwks",
    "revocation_url": "revoke",
    "invalidate_token_url": "invalidate_token",
    "discovery_url": ".well-known/openid-configuration",
}
#: Good for nothing but a stand-in. Its colon, blank, plus and percent sign find out clients that do not form-encode
#: what they send by Basic authentication (RFC 6749 section 2.3.1).
CLIENT_SECRET = "worthless: 100 % outside+this/machine"  # noqa: S105
#: What a provider answers whose map the site has to write itself, and has not.
_PROFILE_MAP = {"uid": "id", "username": "username", "full_name": "name", "email": "email", "picture": "picture"}
#: What stands for the tenant in Microsoft's issuers: in the settings, and in metadata that is for several of them.
#: https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
TENANT, ANY_TENANT = "{tenant}", "{tenantid}"
#: The tenant of personal accounts, and the one that everybody here is in unless the settings name another.
CONSUMERS, HOME = "9188040d-6c67-4c5b-b112-36a304b66dad", "5ea51de0-0000-4000-8000-000000000001"
_HYPHENS = 4
#: Who vouches for X's people, by whatever class a site speaks to it.
X_ISSUER = "https://x.com"
#: Where claims about the person go: into the ID token, or to UserInfo alone.
ClaimsIn = Literal["id_token", "userinfo"]
SigningKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Part:
    """A provider that is played.

    ``options`` is its whole entry for the site's settings, addresses of the stand-in included. ``secret_key`` signs
    client secrets where the provider wants them signed (Apple), ``None`` otherwise.
    """

    slug: str
    provider: type[Provider]
    options: Mapping[str, object] = field(repr=False)
    claims_in: ClaimsIn = "id_token"
    secret_key: SigningKey | None = field(default=None, repr=False)

    def get(self, name: str) -> object:
        """Return an attribute of the class, or what the options say in its place; ``None`` if there is none."""
        return self.options.get(name.upper(), getattr(self.provider, name, None))

    def text(self, name: str) -> str:
        """Return an attribute that is a text, ``""`` otherwise."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an attribute that is several texts."""
        value = self.get(name)
        return tuple(map(str, value)) if isinstance(value, tuple | list | frozenset) else ()

    def map(self, name: str) -> dict[str, str]:
        """Return an attribute that maps texts to texts."""
        value = self.get(name)
        return {str(key): str(each) for key, each in value.items()} if isinstance(value, Mapping) else {}

    @property
    def label(self) -> str:
        """The name that people know the provider by."""
        return self.text("label") or self.slug

    @property
    def protocol(self) -> str:
        """What it speaks, in words."""
        return "OAuth 1.0a" if self.is_oauth1 else "OpenID Connect" if self.is_oidc else "OAuth 2.0"

    @property
    def is_oauth1(self) -> bool:
        """Whether requests are signed, and tokens come in pairs of token and secret."""
        return is_oauth1(self.provider)

    @property
    def is_oidc(self) -> bool:
        """Whether ID tokens are handed out."""
        return _is_oidc(self.provider)

    @property
    def has_servers(self) -> bool:
        """Whether there are many servers of it, each with people and applications of its own (Mastodon)."""
        return _has_servers(self.provider)

    @property
    def tenant(self) -> str:
        """The tenant's id in ID tokens, where every tenant is an issuer of its own; ``""`` elsewhere."""
        if TENANT not in self.text("issuer"):
            return ""
        named = self.text("tenant")
        return CONSUMERS if named == "consumers" else named if named.count("-") == _HYPHENS else HOME

    @property
    def by_post(self) -> bool:
        """Whether the browser is sent back with a form (OAuth 2.0 Form Post Response Mode)."""
        return self.text("response_mode") == "form_post"

    @property
    def auth_method(self) -> str:
        """How applications say at the token endpoint who they are."""
        return self.text("token_endpoint_auth_method") or "client_secret_basic"

    @property
    def tells_issuer(self) -> bool:
        """Whether callbacks carry ``iss`` (RFC 9207)."""
        promised = self.get("authorization_response_iss_parameter_supported") is True
        return promised or bool(self.text("authorization_server"))


def make_part(
    url: str, slug: str, provider: type[Provider], given: Mapping[str, object], claims_in: ClaimsIn = "id_token"
) -> Part:
    """Return a part, with everything in its options that a site needs to be sent to ``url``."""
    base = f"{url}/{slug}"
    key = ec.generate_private_key(ec.SECP256R1()) if hasattr(provider, "private_key") else None
    chosen = {name: value for name, value in given.items() if value not in ("", None)}
    own: dict[str, object] = {"PRIVATE_KEY": _pem(key)} if key else {}
    if getattr(provider, "issuer", "") == X_ISSUER and hasattr(provider, "api_host"):
        own["API_HOST"] = url  # what is called beside the login is there for X's other class as well
    options = {**_missing(base, slug, provider), **chosen, **own, **_addresses(base, provider, chosen)}
    return Part(slug, provider, options, claims_in, key)


def _missing(base: str, slug: str, provider: type[Provider]) -> dict[str, object]:
    """Return a value for every option that a site has to set."""
    usual: dict[str, object] = {
        "CLIENT_ID": f"{slug}-sandbox",
        "CLIENT_SECRET": CLIENT_SECRET,
        "ISSUER": base,
        "LABEL": slug.replace("-", " ").title(),
        "PROFILE_MAP": _PROFILE_MAP,
    }
    lacking = [name for name in provider.required_options if not getattr(provider, name.lower(), None)]
    return {name: usual.get(name, f"{slug}-{name.lower()}") for name in lacking}


def _addresses(base: str, provider: type[Provider], given: Mapping[str, object]) -> dict[str, object]:
    if _has_servers(provider):
        return {"SERVER_ADDRESS": f"{base}/{{server}}"}
    values = {name: given.get(name.upper()) or getattr(provider, name) for name in dir(provider)}
    urls = {name: value for name, value in values.items() if name.endswith("_url") and isinstance(value, str)}
    found = {name: _path(name) for name, value in urls.items() if value or _is_needed(provider, name)}
    # A host that no address names is one that pictures come from.
    found |= {name: "" for name in values if name.endswith("_host") and f"{{{name}}}" not in " ".join(urls.values())}
    tenants = f"{TENANT}/v2.0" if TENANT in str(values.get("issuer")) else ""
    found |= {"issuer": tenants} if _is_oidc(provider) else {}
    found |= {"authorization_server": ""} if values.get("authorization_server") else {}
    return {name.upper(): f"{base}/{path}".rstrip("/") for name, path in found.items()}


def _path(name: str) -> str:
    return ENDPOINTS.get(name, name.removesuffix("_url").replace("_", "-"))


def _is_needed(provider: type[Provider], name: str) -> bool:
    # Those of OpenID Connect come from the discovery document; over OAuth 1.0a a profile need not be read.
    needed = {"authorize_url", "token_url", "profile_url"}
    return name in needed and not _is_oidc(provider) and not is_oauth1(provider)


def is_oauth1(provider: type[Provider]) -> bool:
    """Return whether a class speaks OAuth 1.0a: it has an address to get request tokens from."""
    return hasattr(provider, "request_token_url")


def _is_oidc(provider: type[Provider]) -> bool:
    return hasattr(provider, "id_token_algorithms")


def _has_servers(provider: type[Provider]) -> bool:
    return hasattr(provider, "server_address")


def _pem(key: SigningKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
