"""Log in with GitLab, on gitlab.com or on a server of one's own.

https://docs.gitlab.com/integration/openid_connect_provider
"""

from __future__ import annotations

from socialreg.oidc import OIDCProvider


class GitLab(OIDCProvider):
    """Sign in with GitLab. For a server of one's own set ``ISSUER`` to its address; everything else is read there."""

    slug = "gitlab"
    label = "GitLab"
    issuer = "https://gitlab.com"
    # https://docs.gitlab.com/api/oauth2/#revoke-a-token
    revocation_url = "{issuer}/oauth/revoke"
    color = "#fc6d26"
    text_color = "#171321"
    dark_color = "#fc6d26"
    dark_text_color = "#171321"

    # Both nickname and preferred_username are the user name; older servers know nickname alone.
    profile_map = {**OIDCProvider.profile_map, "username": "nickname"}
