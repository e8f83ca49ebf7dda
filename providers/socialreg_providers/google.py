"""Log in with Google.

https://developers.google.com/identity/openid-connect/reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from socialreg.exceptions import ConfigurationError, NotAllowed
from socialreg.oidc import OIDCProvider
from socialreg.provider import Transport
from socialreg.store import Store
from socialreg.types import Intent

#: What PROMPT and a start form may ask for. Not "none": nobody could log in for the first time.
_PROMPTS = frozenset({"consent", "select_account"})
_ACCESS_TYPES = frozenset({"", "online", "offline"})
#: An address or a ``sub``, which are what Google takes for a hint.
_HINT = re.compile(r"[!-~]{1,254}")


class Google(OIDCProvider):
    """Sign in with Google."""

    slug = "google"
    label = "Google"
    issuer = "https://accounts.google.com"
    # https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    revocation_url = "https://oauth2.googleapis.com/revoke"
    request_options = ("login_hint", "prompt")
    # https://developers.google.com/identity/branding-guidelines
    color = "#f2f2f2"
    text_color = "#1f1f1f"
    dark_color = "#131314"
    dark_text_color = "#e3e3e3"

    # https://developers.google.com/identity/protocols/oauth2/scopes, and the reference of each of these.
    api_hosts = (
        "www.googleapis.com",
        "people.googleapis.com",
        "gmail.googleapis.com",
        "youtube.googleapis.com",
        "docs.googleapis.com",
        "sheets.googleapis.com",
        "tasks.googleapis.com",
    )

    #: The domain of a Google Workspace or Cloud organisation whose members alone may log in; ``"*"`` for any such.
    hd: str = ""
    #: ``"select_account"``, ``"consent"``, both with a blank between, or ``""`` for Google's own choice.
    prompt: str = ""
    #: ``"offline"`` asks for a refresh token as well.
    access_type: str = ""

    # There is no user name at Google, and no page of a person.
    profile_map = {
        name: path for name, path in OIDCProvider.profile_map.items() if name not in {"username", "profile_url"}
    }

    def __init__(self, settings: Mapping[str, object], transport: Transport, store: Store | None = None) -> None:
        super().__init__(settings, transport, store)
        self.hd = self.hd.lower()
        if self.access_type not in _ACCESS_TYPES or not _PROMPTS.issuperset(self.prompt.split()):
            raise ConfigurationError(
                "PROMPT or ACCESS_TYPE of Google has a value that Google does not take",
                cause="PROMPT is made of select_account and consent, ACCESS_TYPE is online or offline",
                remedy="Correct it, or leave it out",
                code="option-value",
            )

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        prompt, hint = options.get("prompt", ""), options.get("login_hint", "")
        if prompt not in _PROMPTS:
            # Connecting asks always: somebody with two accounts must see which one it is going to be.
            prompt = self.prompt or ("select_account" if intent == "connect" else "")
        params = {
            "hd": self.hd,
            "access_type": self.access_type,
            "prompt": prompt,
            "login_hint": hint if _HINT.fullmatch(hint) else "",
        }
        if options.get("scope"):
            # https://developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth
            params["include_granted_scopes"] = "true"
        return {name: value for name, value in params.items() if value}

    def issuer_for(self, claims: Mapping[str, object]) -> str:
        # "accounts.google.com is also returned for legacy implementations": both are Google, and one issuer here.
        bare = urlsplit(self.issuer).netloc
        return bare if claims.get("iss") == bare else self.issuer

    def admit(self, data: Mapping[str, object]) -> None:
        # The parameter only arranges Google's page, and anybody can take it out of the address. The claim is signed.
        hosted = data.get("hd")
        if self.hd and (not isinstance(hosted, str) or not hosted or self.hd not in {"*", hosted}):
            raise NotAllowed(
                "Somebody who is no member of the organisation came from Google",
                cause="HD is set, and the hd claim of the ID token is missing or another domain",
                remedy="Nothing, if it happens now and then; else compare HD with the organisation's primary domain",
                code="hd",
            )
