"""What a provider, a person or a form can send instead of what is documented: for the contract."""

from __future__ import annotations

#: Claims that people choose, and others take over when they let go of them.
NAMES = frozenset(
    (
        *("email", "mail", "login", "name", "nick", "nickname", "username", "user_name", "screen_name", "handle"),
        *("display_name", "preferred_username", "upn", "unique_name", "slug", "url"),
    )
)
#: What identifies nobody. ``...`` stands for "not there".
NOBODY: tuple[object, ...] = (..., None, "", " ", "\0", True, False, [], {}, "x" * 256)
#: What is not JSON ``true``.
NOT_TRUE: tuple[object, ...] = (..., None, False, 0, 1, "", "yes", "1", "True", "false", [], [True], {"a": True})
#: The fields of a profile that the stand-in tells, without the uid.
FIELDS: tuple[str, ...] = (
    *("username", "full_name", "first_name", "last_name", "email", "email_verified"),
    *("picture", "profile_url", "locale", "timezone"),
)
#: What a field may be instead of what is documented.
ODD: tuple[object, ...] = (..., None, 7, True, [], {}, "\0", "\u202e", "x" * 1000)
#: What a form must not be able to set, over whatever protocol.
PROTOCOL: tuple[str, ...] = (
    *("client_id", "redirect_uri", "state", "scope", "nonce", "response_type", "code_challenge"),
    *("oauth_token", "oauth_callback", "oauth_verifier"),
)
#: What somebody may be called, and the address of nothing.
MARKUP, SCRIPT = "<script>alert(1)</script>", "javascript:alert(1)"
