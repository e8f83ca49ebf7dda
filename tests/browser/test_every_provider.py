"""Every provider that ships, in the sandbox, by its own button: registered with a filled-in form, and in again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from sandbox.enabled import shipped
from socialreg.lookup import find_class

from .visitor import Visitor

pytestmark = pytest.mark.browser

#: The sandbox has a button for each of X's protocols.
LABELS = {"x": "X (OAuth 2)", "windmill": "Windmill"}
#: And one of no class, by settings alone. (Acme SSO is another, over OpenID Connect: see its own walk.)
GENERIC = {"windmill": {"PROVIDER": "oauth2"}}


@pytest.fixture(autouse=True)
def _policy_is_kept(visitor: Visitor) -> Iterator[None]:
    """No step breaks the Content Security Policy, the site's or the stand-in's."""
    yield
    assert visitor.complaints() == []


def press_the_button(visitor: Visitor, slug: str) -> None:
    """Press it, and say which server if that is asked."""
    provider = find_class(slug, GENERIC.get(slug, {}))
    visitor.press(f"Log in with {LABELS.get(slug, provider.label)}")
    if provider.server_example:
        visitor.sees(f"Where is your {provider.label} account?")
        visitor.write("server", "one.example")
        visitor.one("main [type=submit]").click()


def heading(visitor: Visitor) -> str:
    """Return what page is there, once it is one of those that can come next."""
    seen: list[str] = []

    def is_known(_: Chrome) -> bool:
        seen[:] = [visitor.one("h1").text]
        return seen[0].startswith(("Welcome", "One more step", "Create your account")) or "wants to access" in seen[0]

    visitor.until(is_known, lambda: f"{seen} at {visitor.browser.current_url}")
    return seen[0]


def leaves(visitor: Visitor, words: str) -> None:
    """Wait until another page has come."""
    visitor.until(
        lambda _: words not in visitor.one("h1").text,
        lambda: f"still at {visitor.browser.current_url}: {visitor.one('body').text}",
    )


def go(visitor: Visitor, screen_name: str, goal: str) -> None:
    """Say yes wherever that is asked, until the page is there."""
    for _ in range(3):
        here = heading(visitor)
        if here.startswith(goal):
            return
        if here == "One more step":
            visitor.press("Continue")
            leaves(visitor, "One more step")
        else:
            visitor.until(lambda _: visitor.named("Authorize app"))  # the last of the page
            visitor.one(f"[value={screen_name}]").click()
            visitor.press("Authorize app")
            leaves(visitor, "wants to access")
    visitor.sees(goal)


@pytest.mark.parametrize("slug", [*shipped(), *GENERIC])
def test_registering_and_logging_in_again(visitor: Visitor, slug: str):
    visitor.open("/")
    press_the_button(visitor, slug)
    go(visitor, "maralind", "Create your account")
    for name in ("username", "email", "first_name"):
        if not visitor.value(name):
            visitor.write(name, "mara@example.com" if name == "email" else "Mara")
    visitor.press("Create account")
    leaves(visitor, "Create your account")
    go(visitor, "maralind", "Welcome")
    visitor.press("Log out")
    leaves(visitor, "Welcome")
    press_the_button(visitor, slug)
    go(visitor, "maralind", "Welcome")
