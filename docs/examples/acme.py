"""Log in with Acme, an imaginary photo site. Each provider begins with the address of the page that it was made from.

https://photos.example/developers/oauth
"""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.answer import Answer
from socialreg.exceptions import ProviderError, Refused
from socialreg.oauth1 import OAuth1Provider
from socialreg.types import Intent

_OVER_QUOTA = 429


class Acme(OAuth1Provider):
    """Sign in with Acme."""

    slug = "acme"
    label = "Acme Photos"
    issuer = "https://photos.example"
    # Acme lets people rename themselves and hands free names out again, so the number is the identity.
    uid_claim = "user_id"
    username_claim = "screen_name"
    request_options = ("lang",)
    color = "#7a1f5c"
    text_color = "#ffffff"
    dark_color = "#ffd6f0"
    dark_text_color = "#3b0a2b"

    host: str = "https://photos.example"
    request_token_url = "{host}/oauth/request_token"  # noqa: S105 - an address
    authorize_url = "{host}/oauth/authorize"
    access_token_url = "{host}/oauth/access_token"  # noqa: S105 - an address
    profile_url = "{host}/api/me.json"
    profile_params = {"include_email": "true"}
    # Acme gives whatever address somebody typed, and does not say that it was ever verified: no "email_verified".
    profile_map = {
        "uid": "id_str",
        "username": "screen_name",
        "full_name": "name",
        "email": "email",
        "picture": "profile_image_url_https",
    }

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        # Whatever a request carries reaches the provider by name and checked, or not at all.
        return {"lang": options["lang"]} if options.get("lang") in {"de", "en", "fr"} else {}

    def error_from(self, answer: Answer, callback: str) -> ProviderError:
        if answer.status == _OVER_QUOTA:
            return Refused(
                f"{answer.where} answered {answer.status}",
                cause="more people log in than Acme's free plan allows",
                remedy="Wait until the hour is over, or choose a larger plan at https://photos.example/developers/plans",
                code="quota",
                notice="busy",
            )
        return super().error_from(answer, callback)
