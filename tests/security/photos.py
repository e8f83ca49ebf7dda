"""A provider of a site's own over OAuth 1.0a, of which the one that ships is the only other."""

from __future__ import annotations

from socialreg.oauth1 import OAuth1Provider


class Photos(OAuth1Provider):
    """It names its users by a number in the access-token answer, and says of addresses whether they are verified."""

    slug = "photos"
    label = "Photos"
    issuer = "https://photos.example"
    request_token_url = "https://photos.example/request_token"
    authorize_url = "https://photos.example/authorize"
    access_token_url = "https://photos.example/access_token"
    uid_claim = "user_nsid"
    username_claim = "username"
    profile_url = "https://photos.example/profile"
    profile_map = {
        "uid": "person.id",
        "username": "person.login",
        "email": "person.mail.address",
        "email_verified": "person.mail.sure",
    }
