"""The tags: ``{% load socialreg %} {% login_button "twitter" next="/welcome/" text="Join" class="wide" %}``.

What each does stands in a room of its own; here they have their names.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.utils.safestring import SafeString

from socialreg import button_tag, conf, connect_tag, prefill_tag
from socialreg.exceptions import ConfigurationError
from socialreg.registry import providers

register = template.Library()


@register.tag
def login_button(parser: Parser, token: Token) -> button_tag.ButtonNode:
    """Show the button that logs in, or registers, with one provider."""
    return button_tag.parse(parser, token, "login", named=True)


@register.tag
def login_buttons(parser: Parser, token: Token) -> button_tag.ButtonNode:
    """Show a login button for every enabled provider, in the order of the settings."""
    return button_tag.parse(parser, token, "login", named=False)


@register.tag
def connect_button(parser: Parser, token: Token) -> connect_tag.ConnectNode:
    """Show the button by which a logged-in user adds an account, to themselves or to what they may change."""
    return connect_tag.parse_connect(parser, token)


@register.tag
def disconnect_button(parser: Parser, token: Token) -> connect_tag.DisconnectNode:
    """Show the button by which an organisation, a bot, lets go of its account."""
    return connect_tag.parse_disconnect(parser, token)


@register.tag
def prefill_button(parser: Parser, token: Token) -> prefill_tag.PrefillNode:
    """Show the button by which a logged-in user fills in a form, and fill it in when they come back."""
    return prefill_tag.parse(parser, token)


@register.simple_tag(takes_context=True)
def socialreg_style(context: Context) -> SafeString:
    """Return the version of the stylesheet, for the base template of our pages; their buttons then bring none."""
    return button_tag.style(context)


@register.simple_tag
def provider_icon(slug: str) -> SafeString:
    """Return a provider's picture as SVG, nothing if it is not enabled any more."""
    try:
        return button_tag.icon(type(providers[slug]))
    except ConfigurationError:
        return SafeString("")


@register.simple_tag
def provider_label(slug: str) -> str:
    """Return the name that people know a provider by."""
    return providers.label(slug)


@register.simple_tag
def socialreg_site() -> SplitResult | None:
    """Return this site's address in parts (``site.geturl``, ``site.netloc``), ``None`` while ``BASE_URL`` is wrong."""
    try:
        return urlsplit(conf.base_url())
    except ConfigurationError:
        return None
