"""A person as X's two identity calls describe them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .people import Person

#: What ``user.fields`` may ask for (OpenAPI description of X API v2). The first three always come.
V2_FIELDS = frozenset(
    [
        "id",
        "name",
        "username",
        "affiliation",
        "confirmed_email",
        "connection_status",
        "created_at",
        "description",
        "entities",
        "is_identity_verified",
        "location",
        "most_recent_tweet_id",
        "parody",
        "pinned_tweet_id",
        "profile_banner_url",
        "profile_image_url",
        "protected",
        "public_metrics",
        "receives_your_dm",
        "subscribes_to_you",
        "subscription",
        "subscription_type",
        "url",
        "verified",
        "verified_followers_count",
        "verified_type",
        "withheld",
    ]
)
#: Null at X since 2018 and 2019, and still in every answer.
_DEAD = ("utc_offset", "time_zone", "lang", "geo_enabled", "following", "follow_request_sent", "notifications")
_FLAGS = {"true", "t", "1"}


#: Where the two calls have what a :class:`~socialreg.types.Profile` calls by these names.
_V1 = {
    "uid": ("id", "id_str"),
    "username": ("screen_name",),
    "full_name": ("name",),
    "email": ("email",),
    "picture": ("profile_image_url", "profile_image_url_https"),
}
_V2 = {
    "uid": ("id",),
    "username": ("username",),
    "full_name": ("name",),
    "email": ("confirmed_email",),
    "picture": ("profile_image_url",),
}


def v1(person: Person, origin: str, query: Mapping[str, str], told: Mapping[str, object]) -> dict[str, object]:
    """Return the body of ``/1.1/account/verify_credentials.json``. Only the exact ``include_email=true`` gives it.

    :param told: what is told in place of the truth; ``...`` leaves a field out. For :func:`v2` as well.
    """
    picture = person.picture_url(origin)
    created = datetime.fromisoformat(person.created_at)
    body: dict[str, object] = {
        "id": int(person.id),
        "id_str": person.id,
        "name": person.name,
        "screen_name": person.screen_name,
        "email": person.email,
        "location": person.location,
        "description": person.description,
        "url": person.url,
        "protected": person.protected,
        "verified": person.verified,
        "followers_count": 12,
        "friends_count": 34,
        "created_at": created.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "default_profile_image": person.default_profile_image,
        "profile_image_url": picture.replace("https://", "http://", 1),
        "profile_image_url_https": picture,
        "profile_background_image_url_https": "",
        "suspended": person.suspended,
        **dict.fromkeys(_DEAD),
        **_in_place(_V1, told),
    }
    if query.get("include_email") != "true":
        body["email"] = ...
    if query.get("include_entities", "true") != "false":
        body["entities"] = {"description": {"urls": []}}
    if query.get("skip_status") not in _FLAGS:
        body["status"] = {"id": 1, "id_str": "1", "text": "Just setting up."}
    return {name: value for name, value in body.items() if value is not ...}


def v2(person: Person, origin: str, asked: list[str], told: Mapping[str, object]) -> dict[str, object]:
    """Return the ``data`` of ``/2/users/me``: three fields, and those asked for that have a value."""
    known: dict[str, object] = {
        "id": person.id,
        "name": person.name,
        "username": person.screen_name,
        "created_at": person.created_at,
        "description": person.description,
        "location": person.location or ...,
        "profile_image_url": person.picture_url(origin),
        "protected": person.protected,
        "public_metrics": {"followers_count": 12, "following_count": 34, "tweet_count": 56, "listed_count": 0},
        "url": person.url or ...,
        "verified": person.verified,
        "verified_type": "blue" if person.verified else "none",
        "confirmed_email": person.email or ...,
        **_in_place(_V2, told),
    }
    wanted = {"id", "name", "username", *asked}
    return {name: value for name, value in known.items() if name in wanted and value is not ...}


def _in_place(places: Mapping[str, tuple[str, ...]], told: Mapping[str, object]) -> dict[str, object]:
    return {field: told[name] for name, fields in places.items() if name in told for field in fields}
