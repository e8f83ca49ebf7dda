"""Log in with Microsoft: work and school accounts (Entra ID) and personal ones.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import jwt

from socialreg.answer import Answer
from socialreg.exceptions import ConfigurationError
from socialreg.jws import refused
from socialreg.meanings import Meaning
from socialreg.oidc import OIDCProvider
from socialreg.paths import read
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.tokens import Tokens

#: The tenant that all personal accounts are in.
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
#: What stands for the tenant in the issuer that the metadata of ``common`` and ``organizations`` states.
_ANY = "{tenantid}"
_NAMED = {"common": _ANY, "organizations": _ANY, "consumers": CONSUMERS}
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_PORTAL = "the app's page (https://entra.microsoft.com, App registrations)"
_TELL = "If TENANT is what you mean it to be, nothing: the person's account is one that TENANT does not admit"


class Microsoft(OIDCProvider):
    """Sign in with Microsoft. Every tenant is an issuer of its own, and ``sub`` means something within it alone."""

    slug = "microsoft"
    label = "Microsoft"
    #: For a national cloud its own host, with ``{tenant}`` in the same place.
    issuer = "https://login.microsoftonline.com/{tenant}/v2.0"
    # https://learn.microsoft.com/en-us/entra/identity-platform/howto-add-branding-in-apps
    color = "#2f2f2f"
    dark_color = "#ffffff"
    dark_text_color = "#5e5e5e"

    #: ``common``, ``organizations`` (no personal accounts), ``consumers`` (no others), or one tenant's GUID or domain.
    tenant: str = "common"

    # https://learn.microsoft.com/en-us/graph/use-the-api. A national cloud has another one.
    api_hosts = ("graph.microsoft.com",)

    # Without email_verified: a tenant's administrator writes what they like into the address (nOAuth). Without
    # picture: the address that UserInfo gives wants a token, so that no page can show it.
    profile_map = {
        "uid": "sub",
        "username": "preferred_username",
        "full_name": "name",
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
    }
    # https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
    meanings = {
        "AADSTS7000215": Meaning(
            "CLIENT_SECRET is wrong; often it is the secret's id instead of its value",
            f"Make a new secret on {_PORTAL}, Certificates & secrets, and copy its value",
            "not-available",
        ),
        "AADSTS7000222": Meaning(
            "CLIENT_SECRET has expired",
            f"Make a new secret on {_PORTAL}, Certificates & secrets, and note the day on which it expires",
            "not-available",
        ),
        "AADSTS700016": Meaning(
            "there is no app with CLIENT_ID in this tenant",
            f"Compare CLIENT_ID and TENANT with 'Application (client) ID' and 'Directory (tenant) ID' on {_PORTAL}",
            "not-available",
        ),
    }

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self.tenant = self.tenant.lower()
        if self.tenant not in _NAMED and not (_GUID.fullmatch(self.tenant) or _DOMAIN.fullmatch(self.tenant)):
            raise ConfigurationError(
                "TENANT of Microsoft names no tenant",
                cause="it is not common, organizations, consumers, a GUID or a domain",
                remedy=f"Copy 'Directory (tenant) ID' from {_PORTAL}, or leave it out",
                code="option-value",
            )
        self._pattern = self.issuer.replace("{tenant}", _ANY)
        self.issuer = self.issuer.replace("{tenant}", self.tenant)

    def is_issuer(self, published: str) -> bool:
        if "." in self.tenant:  # which GUID a domain has, nobody but the metadata says
            before, _, after = self._pattern.partition(_ANY)
            tid = published.removeprefix(before).removesuffix(after)
            return self._of(tid) == published and bool(_GUID.fullmatch(tid)) and tid != CONSUMERS
        return published == self._of(_NAMED.get(self.tenant, self.tenant))

    def issuer_for(self, claims: Mapping[str, object]) -> str:
        if _ANY not in self._pattern:  # an issuer that is set without {tenant} is compared as it is
            return self.issuer
        tid = claims.get("tid")
        if not isinstance(tid, str) or not _GUID.fullmatch(tid) or not self._admits(tid):
            raise refused("tid is missing, no GUID, or a tenant that TENANT does not admit", _TELL)
        return self._of(tid)

    def issuer_of(self, claims: Mapping[str, object]) -> str:
        return str(claims["iss"])  # just compared with issuer_for; whatever TENANT is, it stays the same for a person

    def callback_issuer(self) -> tuple[str, bool]:
        _, promised = super().callback_issuer()
        published = str(self.document()["issuer"])
        # Whose tenant it is, common and organizations cannot know before the ID token is there.
        return self.authorization_server or ("" if _ANY in published else published), promised

    def error_code(self, answer: Answer) -> str:
        # {"error": "invalid_client", "error_codes": [7000215], ...}: the number says which of many reasons it is.
        return f"AADSTS{read(answer.json(), 'error_codes[0]')}"

    def _of(self, tid: str) -> str:
        return self._pattern.replace(_ANY, tid)

    def _admits(self, tid: str) -> bool:
        published = str(self.document()["issuer"]).replace(_ANY, tid)
        return published == self._of(tid) and not (self.tenant == "organizations" and tid == CONSUMERS)

    def claims_from(self, tokens: Tokens, nonce: str | None) -> Mapping[str, object]:
        claims = super().claims_from(tokens, nonce)
        self._check_key(str(tokens.answer["id_token"]), str(claims["iss"]))
        return claims

    def _check_key(self, token: str, issuer: str) -> None:
        """See that the key may sign for this tenant: that of personal accounts must not for companies.

        https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-signing-key-issuer
        """
        kid = jwt.get_unverified_header(token).get("kid")  # of a token whose signature was verified a moment ago
        keys = self.metadata.key_set(self.jwks_uri())
        owners = {key.get("issuer", self._pattern) for key in keys if key.get("kid") == kid}
        if not owners or not owners <= {self._pattern, issuer}:
            raise refused("it is signed with a key of another tenant", "Report it to Microsoft")
