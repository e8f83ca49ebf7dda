"""The buttons: ``{% load socialreg %} {% login_button "twitter" next="/welcome/" text="Join" class="wide" %}``.

A button is a small form with a CSRF token: a login is never begun by following a link. Rendering one makes no query,
and nothing that is misconfigured makes the page around it fail.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, cast
from urllib.parse import SplitResult, urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from socialreg import conf, connect_tag, prefill_tag, stylesheet
from socialreg.exceptions import ConfigurationError
from socialreg.provider import Provider
from socialreg.registry import providers
from socialreg.types import Intent

register = template.Library()
logger = logging.getLogger("socialreg")

_OPTIONS = frozenset({"next", "text", "class"})


class ButtonTemplate(Protocol):
    """The template of a button, of whichever engine the site has."""

    def render(self, context: dict[str, Any]) -> str:
        """Return the button."""


class ButtonNode(Node):
    """One button, or one for each enabled provider where ``slug`` is ``None``."""

    def __init__(self, intent: Intent, slug: FilterExpression | None, options: dict[str, FilterExpression]) -> None:
        self.intent = intent
        self.slug = slug
        self.options = options

    def render(self, context: Context) -> SafeString:
        return self.show(context, list(providers) if self.slug is None else [_text(self.slug, context)], {})

    def show(self, context: Context, slugs: list[str], besides: Mapping[str, str]) -> SafeString:
        """Return the buttons of these providers; ``besides`` comes before what the button says itself."""
        if not slugs:
            return SafeString("")
        try:
            shared = {**self._shared(context), **besides}
        except NoReverseMatch as error:
            return SafeString("".join(_left_out(slug, error) for slug in slugs))
        template = get_template("socialreg/button.html")
        buttons = (_button(context, template, slug, shared) for slug in slugs)
        return mark_safe("".join(buttons))  # noqa: S308 - rendered templates

    def _shared(self, context: Context) -> Mapping[str, Any]:
        """Return what all buttons of this tag have in common, so that eighteen cost little more than one."""
        given = {name: _text(value, context) for name, value in self.options.items()}
        return {
            "intent": self.intent,
            "text": given.get("text", ""),
            "words": _words(self.intent),
            "css_class": given.get("class", ""),
            "next": given.get("next") if "next" in given else _next(context, self.intent),
            "keep": "keep" in self.options and bool(self.options["keep"].resolve(context)),
            "csrf_token": _csrf_token(context),
            "start": reverse("socialreg:start", args=[_ANY_SLUG]),
        }


#: Stands for any slug in an address. A slug has no letter that an address would write in another way, so putting one in
#: its place is what reversing the address for it would come to, at a fraction of the cost.
_ANY_SLUG = "any-slug"


def _button(context: Context, template: ButtonTemplate, slug: str, shared: Mapping[str, Any]) -> str:
    try:
        provider = providers[slug]
        before, _slug, after = shared["start"].rpartition(_ANY_SLUG)
        values = {
            **shared,
            "slug": slug,
            "action": f"{before}{slug}{after}",
            "text": shared["text"] or shared["words"].replace("{label}", provider.label),
            "icon": _icon(type(provider)),
            "style": _style_once(context),
        }
        return template.render(values)
    except (ConfigurationError, NoReverseMatch) as error:
        return _left_out(slug, error)


def _left_out(slug: str, error: Exception) -> str:
    """Say why there is no button: the page around it is the site's, and must not break. The checks say the same."""
    if providers.is_news(slug):
        logger.error("The button for %r is left out. %s", slug, error)
    return ""


@cache  # even finding the file's name takes longer than to write it into the page
def _icon(kind: type[Provider]) -> SafeString:
    return mark_safe(kind.icon())  # noqa: S308 - a file of the provider's own package


def _words(intent: Intent) -> str:
    if intent == "prefill":
        return _("Fill in from {label}")
    return _("Connect {label}") if intent == "connect" else _("Log in with {label}")


def _text(value: FilterExpression, context: Context) -> str:
    found = value.resolve(context)
    return "" if found is None else str(found)


def _next(context: Context, intent: Intent) -> str:
    """Return where to go afterwards if the template does not say: where a login was asked for, or this very page."""
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        return ""
    return str(request.GET.get("next", "")) if intent == "login" else request.get_full_path()


def _csrf_token(context: Context) -> str:
    token = str(context.get("csrf_token", ""))
    if not token and settings.DEBUG:
        # As Django's own {% csrf_token %} does: the button will be refused, and the reason is far from where it shows.
        warnings.warn("A login button was rendered without a request: pass it to render()", stacklevel=2)
    return token


def _style_once(context: Context) -> str:
    """Return the stylesheet's version for the first button of a page, nothing where the page has it already."""
    return "" if _page(context).get(_STYLED) else socialreg_style(context)


_STYLED = "socialreg_styled"


def _page(context: Context) -> dict[Any, Any]:
    """Return what is remembered for the whole page: the other layers end with the template that is included."""
    page: dict[Any, Any] = context.render_context.dicts[0]
    return page


def _parse(parser: Parser, token: Token, intent: Intent, *, named: bool) -> ButtonNode:
    tag, *bits = token.split_contents()
    usage = f'{{% {tag} "twitter"' if named else f"{{% {tag}"
    wrong = TemplateSyntaxError(
        f'Use {usage} next="/here/" text="Words" class="css-class" %}}, all but the name optional'
    )
    try:
        slug = parser.compile_filter(bits.pop(0)) if named and bits else None
        options = token_kwargs(bits, parser)
    except TemplateSyntaxError as error:
        raise wrong from error
    known = _OPTIONS | {"scope"} if intent == "connect" else _OPTIONS
    if bits or (named and slug is None) or not options.keys() <= known:
        raise wrong
    return ButtonNode(intent, slug, options)


@register.tag
def login_button(parser: Parser, token: Token) -> ButtonNode:
    """Show the button that logs in, or registers, with one provider."""
    return _parse(parser, token, "login", named=True)


@register.tag
def login_buttons(parser: Parser, token: Token) -> ButtonNode:
    """Show a login button for every enabled provider, in the order of the settings."""
    return _parse(parser, token, "login", named=False)


@register.tag
def connect_button(parser: Parser, token: Token) -> connect_tag.ConnectNode:
    """Show the button by which a logged-in user adds an account, to themselves or to what they may change."""
    button = _parse(parser, token, "connect", named=True)
    target = connect_tag.Target(cast("FilterExpression", button.slug))
    return connect_tag.ConnectNode(button, target, button.options.pop("scope", None))


@register.tag
def disconnect_button(parser: Parser, token: Token) -> connect_tag.DisconnectNode:
    """Show the button by which an organisation, a bot, lets go of its account."""
    return connect_tag.parse_disconnect(parser, token)


@register.tag
def prefill_button(parser: Parser, token: Token) -> prefill_tag.PrefillNode:
    """Show the button by which a logged-in user fills in a form, and fill it in when they come back."""
    return prefill_tag.parse(parser, token, ButtonNode)


@register.simple_tag(takes_context=True)
def socialreg_style(context: Context) -> SafeString:
    """Return the version of the stylesheet, for the base template of our pages; their buttons then bring none."""
    _page(context)[_STYLED] = True
    return mark_safe(stylesheet.version())  # noqa: S308 - hexadecimal


@register.simple_tag
def provider_icon(slug: str) -> SafeString:
    """Return a provider's picture as SVG, nothing if it is not enabled any more."""
    try:
        return _icon(type(providers[slug]))
    except ConfigurationError:
        return SafeString("")


@register.simple_tag
def provider_label(slug: str) -> str:
    """Return the name that people know a provider by."""
    try:
        return providers[slug].label
    except ConfigurationError:
        return slug


@register.simple_tag
def socialreg_site() -> SplitResult | None:
    """Return this site's address in parts (``site.geturl``, ``site.netloc``), ``None`` while ``BASE_URL`` is wrong."""
    try:
        return urlsplit(conf.base_url())
    except ConfigurationError:
        return None
