"""Log in with Facebook.

https://developers.facebook.com/documentation/facebook-login/guides/advanced/manual-flow
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from socialreg.answer import Answer
from socialreg.exceptions import ProviderError, Revoked
from socialreg.oauth2 import OAuth2Provider
from socialreg.paths import read
from socialreg.types import Call, Credentials, Profile

from ._facebook_errors import MEANINGS, api_error

_PROOF = "appsecret_proof"


class Facebook(OAuth2Provider):
    """Sign in with Facebook."""

    slug = "facebook"
    label = "Facebook"
    issuer = "https://www.facebook.com"
    color = "#0866ff"
    dark_color = "#0866ff"
    dark_text_color = "#ffffff"

    #: A version works for two years: https://developers.facebook.com/docs/graph-api/changelog/versions
    graph_version: str = "v26.0"
    login_host: str = "https://www.facebook.com"
    graph_host: str = "https://graph.facebook.com"
    authorize_url = "{login_host}/{graph_version}/dialog/oauth"
    token_url = "{graph_host}/{graph_version}/oauth/access_token"  # noqa: S105 - an address
    profile_url = "{graph_host}/{graph_version}/me"
    # https://developers.facebook.com/documentation/facebook-login/guides/permissions/request-revoke
    revocation_url = "{graph_host}/{graph_version}/me/permissions"
    scope = ("public_profile", "email")
    scope_separator = ","
    # The documentation shows a GET with the secret in its query, where every proxy on the way logs it. POST works.
    token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
    # Without the scope openid the login dialog drops code_challenge, and the token endpoint then refuses every
    # code_verifier ("provided without a code_challenge"): https://github.com/NangoHQ/nango/pull/7156,
    # https://github.com/better-auth/better-auth/issues/186. With openid PKCE is "still in testing":
    # https://developers.facebook.com/documentation/facebook-login/guides/advanced/oidc-token
    pkce = False
    profile_params = {"fields": "id,name,first_name,last_name,email,picture.width(400).height(400)"}
    # There is no word in the documentation on whether an address was verified: it never counts as that.
    profile_map = {
        "uid": "id",
        "full_name": "name",
        "first_name": "first_name",
        "last_name": "last_name",
        "email": "email",
        "picture": "picture.data.url",
        "silhouette": "picture.data.is_silhouette",
    }
    meanings = MEANINGS

    def profile_query(self, token: str) -> Mapping[str, str]:
        # It shows that the token is used by whoever has the secret; apps may require it:
        # https://developers.facebook.com/docs/graph-api/guides/secure-requests
        proof = hmac.new(self.client_secret.encode(), token.encode(), sha256).hexdigest()
        return {**self.profile_params, _PROOF: proof}

    def prepare(self, credentials: Credentials, call: Call) -> Call:
        parts = urlsplit(call.url)
        brought = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != _PROOF]
        query = urlencode([*brought, (_PROOF, self.profile_query(credentials.token)[_PROOF])])
        return super().prepare(credentials, replace(call, url=urlunsplit(parts._replace(query=query))))

    def revoke(self, credentials: Credentials) -> bool:
        if not credentials.token:
            return False
        call = self.prepare(credentials, Call("DELETE", self.revocation_url))
        answer = self.transport.send(call.method, call.url, headers=call.headers)
        error = None if answer.ok else self.error_of(answer) or self.error_from(answer)
        if error is not None and not isinstance(error, Revoked):
            raise error
        return True

    def error_of(self, answer: Answer) -> ProviderError | None:
        # {"error": {"code": 190, "error_subcode": 460, ...}}, with status 400 as a rule.
        return None if answer.ok else api_error(answer, self.error_from(answer).code)

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        # A silhouette is what Facebook shows for people without a picture.
        return replace(profile, picture="") if self.reading.value(data, "silhouette") is True else profile

    def error_code(self, answer: Answer) -> str:
        # The subcode says more than the code beside it.
        return str(read(answer.json(), "error.error_subcode"))
