"""Log in with Bitbucket Cloud.

https://developer.atlassian.com/cloud/bitbucket/oauth-2/
"""

from __future__ import annotations

from socialreg.oauth2 import OAuth2Provider


class Bitbucket(OAuth2Provider):
    """Sign in with Bitbucket."""

    slug = "bitbucket"
    label = "Bitbucket"
    issuer = "https://bitbucket.org"
    color = "#0052cc"
    dark_color = "#0052cc"
    dark_text_color = "#ffffff"

    authorize_url = "https://bitbucket.org/site/oauth2/authorize"
    token_url = "https://bitbucket.org/site/oauth2/access_token"  # noqa: S105 - an address
    profile_url = "https://api.bitbucket.org/2.0/user"
    # https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/: "both confirmed and unconfirmed"
    emails_url = "https://api.bitbucket.org/2.0/user/emails"
    emails_map = {"items": "values", "address": "email", "primary": "is_primary", "verified": "is_confirmed"}
    scope = ("account", "email")
    # uuid stays, braces and all. Names of either kind change, and are no name of one person alone:
    # https://developer.atlassian.com/cloud/bitbucket/bitbucket-api-changes-gdpr/
    profile_map = {
        "uid": "uuid",
        "username": "nickname",
        "full_name": "display_name",
        "picture": "links.avatar.href",
        "profile_url": "links.html.href",
    }
