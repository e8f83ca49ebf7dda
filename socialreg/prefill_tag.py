"""``{% prefill_button "twitter" form %}``: the button that fills in a form of the site's own, and what it did.

It fills in ``form`` where it stands in the template, so it stands before the fields.
"""

from __future__ import annotations

import logging
import warnings

from django.conf import settings
from django.forms import BaseForm
from django.http import HttpRequest
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from .button_tag import ButtonNode
from .exceptions import ConfigurationError
from .prefill import Filled, fill_once

logger = logging.getLogger("socialreg")

OPTIONS = frozenset({"next", "text", "class", "status", "keep"})


class PrefillNode(Node):
    """A button, and beneath it, once it has been pressed, a sentence on what was filled in."""

    def __init__(self, button: ButtonNode, slug: FilterExpression, form: FilterExpression) -> None:
        self.button = button
        self.slug = slug
        self.form = form

    def render(self, context: Context) -> SafeString:
        form, slug = self.form.resolve(context), str(self.slug.resolve(context))
        if not isinstance(form, BaseForm):
            if settings.DEBUG:
                warnings.warn(f"A prefill button for {slug} is left out: it was given no form", stacklevel=2)
            return SafeString("")
        filled = _fill(context.get("request"), form, slug)
        return SafeString(self.button.render(context)) + (_said(filled) if filled else SafeString(""))


def _fill(request: object, form: BaseForm, slug: str) -> Filled | None:
    if not isinstance(request, HttpRequest) or not hasattr(request, "session"):
        return None
    try:
        return fill_once(request, form, slug)
    except ConfigurationError as error:  # the page around is the site's, and stays whole
        logger.error("%s is not filled in. %s", type(form).__name__, error)  # noqa: TRY400 - it says all itself
        return None


def _said(filled: Filled) -> SafeString:
    fields = get_text_list(list(filled.labels), _("and"))
    return render_to_string("socialreg/prefilled.html", {"slug": filled.slug, "fields": fields})


def parse(parser: Parser, token: Token) -> PrefillNode:
    """Return the node of a tag.

    :raises TemplateSyntaxError: the tag is not written as it should be.
    """
    tag, *bits = token.split_contents()
    named, rest = bits[:2], bits[2:]
    wrong = TemplateSyntaxError(
        f'Use {{% {tag} "twitter" form next="/here/" text="Words" class="css-class" status=True keep=True %}}, '
        "all but the name and the form optional"
    )
    try:
        slug, form = (parser.compile_filter(bit) for bit in named)
        options = token_kwargs(rest, parser)
    except (TemplateSyntaxError, ValueError) as error:
        raise wrong from error
    if rest or not options.keys() <= OPTIONS:
        raise wrong
    return PrefillNode(ButtonNode("prefill", slug, options), slug, form)
