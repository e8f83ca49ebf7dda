"""A button: a small form with a CSRF token, for a login is never begun by following a link.

Rendering one makes no query, and nothing that is misconfigured makes the page around it fail.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from . import button_status, stylesheet
from .exceptions import ConfigurationError
from .provider import Provider
from .registry import providers
from .types import Intent

logger = logging.getLogger("socialreg")

_OPTIONS = frozenset({"next", "text", "class", "status"})


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
        return self.show(context, list(providers) if self.slug is None else [text_of(self.slug, context)], {})

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
        return mark_safe("".join(buttons))  # noqa: S308 - rendered templates # nosec B308

    def _shared(self, context: Context) -> Mapping[str, Any]:
        """Return what all buttons of this tag have in common, so that eighteen cost little more than one."""
        given = {name: text_of(value, context) for name, value in self.options.items()}
        return {
            "intent": self.intent,
            "text": given.get("text", ""),
            "words": _words(self.intent),
            "css_class": given.get("class", ""),
            "next": given.get("next") if "next" in given else _next(context, self.intent),
            "keep": self._says("keep", context),
            "down": button_status.down(_page(context)) if self._says("status", context) else (),
            "csrf_token": _csrf_token(context),
            "start": reverse("socialreg:start", args=[_ANY_SLUG]),
        }

    def _says(self, option: str, context: Context) -> bool:
        return option in self.options and bool(self.options[option].resolve(context))


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
            "icon": icon(type(provider)),
            "style": _style_once(context),
            "status": button_status.told(_page(context), provider.label) if slug in shared["down"] else None,
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
def icon(kind: type[Provider]) -> SafeString:
    """Return a provider's picture as SVG."""
    return mark_safe(kind.icon())  # noqa: S308 - a file of the provider's own package # nosec B308


def _words(intent: Intent) -> str:
    if intent == "prefill":
        return _("Fill in from {label}")
    return _("Connect {label}") if intent == "connect" else _("Log in with {label}")


def text_of(value: FilterExpression | None, context: Context) -> str:
    """Return what an argument of a tag comes to, ``""`` for nothing."""
    found = value.resolve(context) if value else None
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
    return "" if _page(context).get(_STYLED) else style(context)


def style(context: Context) -> SafeString:
    """Return the version of the stylesheet, and remember that the page has it."""
    _page(context)[_STYLED] = True
    return mark_safe(stylesheet.version())  # noqa: S308 - hexadecimal # nosec B308


_STYLED = "socialreg_styled"


def _page(context: Context) -> dict[Any, Any]:
    """Return what is remembered for the whole page: the other layers end with the template that is included."""
    page: dict[Any, Any] = context.render_context.dicts[0]
    return page


def parse(parser: Parser, token: Token, intent: Intent, *, named: bool) -> ButtonNode:
    """Return the node of a button's tag.

    :param named: whether it names a provider.
    :raises TemplateSyntaxError: the tag is not written as it should be.
    """
    tag, *bits = token.split_contents()
    usage = f'{{% {tag} "twitter"' if named else f"{{% {tag}"
    wrong = TemplateSyntaxError(
        f'Use {usage} next="/here/" text="Words" class="css-class" status=True %}}, all but the name optional'
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
