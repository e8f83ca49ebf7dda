"""What each provider does, as a table in Markdown, read from the classes."""

from __future__ import annotations

from collections.abc import Mapping

from socialreg.lookup import find_class, shipped_slugs
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.provider import Provider

HEAD = (
    "Provider",
    "Protocol",
    "Identity",
    "Address",
    "PKCE",
    "Client authentication",
    "Comes back by",
    "Revokes",
    "Requests",
    "Needs besides",
)


def table() -> str:
    """Return the table, as Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(row(slug, find_class(slug, {})) for slug in shipped_slugs())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def row(slug: str, found: type[Provider]) -> tuple[str, ...]:
    """Return one provider's cells."""
    made = found({}, NoTransport())
    protocol, pkce, client = _protocol(made)
    by_post = "a posted form" if made.answers_by_post else "the query"
    identity = f"`{made.uid_claim}`" if made.uid_claim else "as set"
    # The page's own title: two of them are called X, and two have no name before they are set up.
    title = f"[]({slug}.md)"
    return (
        title,
        protocol,
        identity,
        _address(made),
        pkce,
        client,
        by_post,
        _revokes(made),
        _requests(made),
        _besides(made),
    )


class NoTransport:
    """A provider that is only looked at asks nobody."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> object:
        raise AssertionError(f"{method} {url}, while the documentation was being built")


def _protocol(made: Provider) -> tuple[str, str, str]:
    if isinstance(made, OIDCProvider):
        method = made.token_endpoint_auth_method or "what its metadata says"
        return "OpenID Connect", _pkce(on=made.pkce), method
    if isinstance(made, OAuth2Provider):
        return "OAuth 2.0", _pkce(on=made.pkce), made.token_endpoint_auth_method
    return "OAuth 1.0a", "not in this protocol", "signature"


def _pkce(*, on: bool) -> str:
    return "S256" if on else "no, see its page"


def _address(made: Provider) -> str:
    if not isinstance(made, OAuth2Provider) or made.emails_verified:
        return "verified"
    if made.emails_url:
        return "verified if it says so; a call of its own"
    if not made.profile_map:
        return "as set"
    if "email" not in made.profile_map:
        return "none"
    return "verified if it says so" if "email_verified" in made.profile_map else "never taken for verified"


def _requests(made: Provider) -> str:
    """Return the calls of a login, of somebody new and of somebody who is known."""
    if isinstance(made, OIDCProvider):
        return "1 or 2 / 1" if made.may_ask_userinfo else "1 / 1"
    if isinstance(made, OAuth2Provider):
        return "3 / 2" if made.emails_url else "2 / 2"
    return "3 / 2"


def _revokes(made: Provider) -> str:
    """Return whether tokens are revoked when their account is disconnected."""
    if getattr(made, "revocation_url", "") or getattr(made, "invalidate_token_url", "") or made.server_example:
        return "yes"
    if isinstance(made, OIDCProvider):
        return "if its metadata says where"
    return "no" if getattr(made, "profile_map", {}) else "as set"


def _besides(made: Provider) -> str:
    """Return what is needed besides id and secret, or in their place."""
    if made.server_example:
        return "the visitor's server; no id and no secret"
    names = (f"`{name}`" for name in made.required_options if name not in {"CLIENT_ID", "CLIENT_SECRET"})
    return ", ".join(names) or "nothing"
