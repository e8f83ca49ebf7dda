"""Log in with Slack (Sign in with Slack, OpenID Connect).

https://docs.slack.dev/authentication/sign-in-with-slack
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from socialreg import api_errors
from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, NotAllowed, ProviderError, Revoked
from socialreg.meanings import Meaning
from socialreg.oauth2_errors import is_error
from socialreg.oidc import OIDCProvider
from socialreg.types import Call, Credentials, Intent

#: Slack's ids are capital letters and digits. Without a colon, two of them with one between are never ambiguous.
_ID = re.compile(r"\w{1,100}", re.ASCII)
#: https://docs.slack.dev/reference/methods/auth.test#errors
_DEAD = frozenset({"account_inactive", "invalid_auth", "token_expired", "token_revoked"})
_PORTAL = "the app's page (https://api.slack.com/apps)"
_KEYS = Meaning(
    "CLIENT_ID or CLIENT_SECRET is wrong", f"Copy both again from {_PORTAL}, Basic Information", "not-available"
)
_CODE = Meaning(
    "the code is expired, used, or another app's", "One such line is nothing; the visitor can begin again", "expired"
)


class Slack(OIDCProvider):
    """Sign in with Slack. Somebody is a member of one workspace, and another person in the next."""

    slug = "slack"
    label = "Slack"
    issuer = "https://slack.com"
    # https://docs.slack.dev/reference/methods/auth.revoke
    revocation_url = "{issuer}/api/auth.revoke"
    color = "#4a154b"
    dark_color = "#ffffff"
    dark_text_color = "#1d1c1d"

    #: The id of the one workspace whose members may log in (``T...``); the visitor is not asked for it then.
    team: str = ""

    # Slack takes PKCE from apps alone that are declared public clients, once and for all, and then without a secret:
    # https://docs.slack.dev/authentication/using-pkce. From others openid.connect.token has answered internal_error:
    # https://github.com/paradigmxyz/centaur/pull/1101. The nonce stops a stolen code (RFC 9700 section 2.1.1).
    pkce = False
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    profile_map = {
        "uid": "sub",
        "team": "https://slack.com/team_id",
        "full_name": "name",
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
        "email_verified": "email_verified",
        "picture": "https://slack.com/user_image_512",
        "locale": "locale",
    }
    # Errors are {"ok": false, "error": "..."} with status 200: https://docs.slack.dev/reference/methods/oauth.v2.access
    meanings = {
        "invalid_code": _CODE,
        "code_already_used": _CODE,
        "invalid_client_id": _KEYS,
        "bad_client_secret": _KEYS,
        "bad_redirect_uri": Meaning(
            "our callback address is not among the app's redirect URLs",
            f"Add {{callback}} on {_PORTAL}, OAuth & Permissions",
            "not-available",
        ),
    }

    # https://docs.slack.dev/authentication/using-token-rotation, and the errors of oauth.v2.access
    dead_token_errors = OIDCProvider.dead_token_errors | {"invalid_refresh_token", "token_revoked", "token_expired"}

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return {"team": self.team} if self.team else {}

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        team, user = self.reading.value(data, "team"), super().uid_from(data)
        if not isinstance(team, str) or not _ID.fullmatch(team) or not user or not _ID.fullmatch(user):
            return None
        return f"{team}:{user}"

    def admit(self, data: Mapping[str, object]) -> None:
        # The parameter only spares the visitor a question, and anybody can take it out of the address.
        if self.team and self.reading.value(data, "team") != self.team:
            raise NotAllowed(
                "A member of another workspace came from Slack",
                cause="TEAM is set, and the ID token is of another team",
                remedy="Nothing, if it happens now and then; else compare TEAM with the workspace's id",
                code="team",
            )

    def revoke(self, credentials: Credentials) -> bool:
        if not credentials.token:
            return False
        call = self.prepare(credentials, Call("POST", self.revocation_url, body=b""))
        answer = self.transport.send(call.method, call.url, headers=call.headers, body=call.body)
        error = self.error_of(answer) or (self.error_from(answer) if is_error(answer) else None)
        if error is not None and not isinstance(error, Revoked):
            raise error
        return True

    def error_of(self, answer: Answer) -> ProviderError | None:
        # {"ok": false, "error": "missing_scope", "needed": "chat:write"}, with status 200.
        try:
            data = answer.json()
        except BadAnswer:
            data = {}
        code = data.get("error") if data.get("ok") is False else None
        if isinstance(code, str) and code in _DEAD:
            return api_errors.revoked(answer, code)
        if code == "missing_scope":
            return api_errors.forbidden(answer, str(data.get("needed", "")), "missing_scope")
        return super().error_of(answer)
