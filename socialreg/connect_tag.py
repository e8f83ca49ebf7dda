"""``{% connect_button organisation.twitter %}`` and its opposite: what such a button is for, and whether it is shown.

The value of ``organisation.twitter`` is an account, or ``None``; the button is for the organisation. So what stands
before the last dot is looked at first.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model
from django.template import Context, Node, TemplateSyntaxError, Variable, VariableDoesNotExist
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from . import button_tag
from .button_tag import ButtonNode, text_of
from .fields import own_fields
from .models import SocialAccount
from .owners import disconnect_url, errand_for_account, errand_for_owner
from .ownership import Owner, may_connect
from .registry import providers

logger = logging.getLogger("socialreg")

Options = dict[str, FilterExpression]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a button is for. ``{label}`` in ``words`` stands for the provider's name."""

    slug: str
    words: str
    errand: str = ""


class Target:
    """What the first word of a tag names: a field of an instance, an account, or a provider's slug."""

    def __init__(self, expression: FilterExpression) -> None:
        self.expression = expression
        # None for a text in quotes, which Django keeps as a text.
        lookups: tuple[str, ...] = getattr(expression.var, "lookups", None) or ()
        is_dotted = len(lookups) > 1 and not expression.filters
        self.before = Variable(".".join(lookups[:-1])) if is_dotted else None
        self.name = lookups[-1] if is_dotted else ""

    def owner(self, context: Context) -> Owner | None:
        """Return the owner that is named, ``None`` if it is something else."""
        try:
            instance = self.before.resolve(context) if self.before else None
        except VariableDoesNotExist:
            return None
        if not isinstance(instance, Model):
            return None
        fields = own_fields(instance.__class__)
        return next((Owner(instance, field) for field in fields if field.name == self.name), None)

    def purpose(self, context: Context, scope: str) -> Purpose | None:
        """Return what the button is for, ``None`` if whoever looks may not press it."""
        owner = self.owner(context)
        if owner is not None:
            return _for_owner(user_of(context), owner, scope)
        value = self.expression.resolve(context)
        if isinstance(value, SocialAccount):
            return _for_account(user_of(context), value, scope)
        slug = "" if value is None else str(value)
        if scope:
            logger.error("The button for %r is left out: more is allowed to an account, or for an owner", slug)
            return None
        return Purpose(slug, _("Connect {label}"))


def user_of(context: Context) -> AbstractBaseUser | None:
    """Return who looks at the page, ``None`` for nobody. Reads session and user; the button of a slug does without."""
    user = getattr(context.get("request"), "user", None)
    return user if isinstance(user, AbstractBaseUser) else None


def _for_owner(user: AbstractBaseUser | None, owner: Owner, scope: str) -> Purpose | None:
    if user is None or not _may(user, owner):
        return None
    has_one = owner.account_id is not None
    more = _("Allow more at {label}") if scope else _("Connect another {label} account")
    words = more if has_one else _("Connect {label}")
    return Purpose(owner.field.provider, words, errand_for_owner(user, owner, scope))


def _for_account(user: AbstractBaseUser | None, account: SocialAccount, scope: str) -> Purpose | None:
    if user is None or account.user_id != user.pk:
        return None
    words = _("Allow more at {label}") if scope else _("Connect {label} again")
    return Purpose(account.provider, words, errand_for_account(user, account, scope))


def _may(user: AbstractBaseUser, owner: Owner) -> bool:
    return owner.instance.pk is not None and may_connect(user, owner)


class ConnectNode(Node):
    """The button that adds an account to a user or an owner, or allows an account more."""

    def __init__(self, button: ButtonNode, target: Target, scope: FilterExpression | None) -> None:
        self.button = button
        self.target = target
        self.scope = scope

    def render(self, context: Context) -> SafeString:
        purpose = self.target.purpose(context, text_of(self.scope, context))
        if purpose is None:
            return SafeString("")
        besides = {"words": purpose.words, "errand": purpose.errand}
        return self.button.show(context, [purpose.slug], besides)


class DisconnectNode(Node):
    """The button that takes its account from an owner."""

    def __init__(self, target: Target, options: Options) -> None:
        self.target = target
        self.options = options

    def render(self, context: Context) -> SafeString:
        user, owner = user_of(context), self.target.owner(context)
        if user is None or owner is None or owner.account_id is None or not _may(user, owner):
            return SafeString("")
        given = {name: text_of(value, context) for name, value in self.options.items()}
        request = context["request"]
        try:
            action = disconnect_url(
                request, owner.instance, owner.field.name, given.get("next", request.get_full_path())
            )
        except NoReverseMatch as error:  # the page around is the site's, and stays whole
            logger.error("A button that disconnects is left out. %s", error)  # noqa: TRY400 - it says all itself
            return SafeString("")
        text = given.get("text") or _("Disconnect {label}").replace("{label}", providers.label(owner.field.provider))
        values = {"action": action, "text": text, "css_class": given.get("class", "")}
        return render_to_string("socialreg/disconnect_button.html", values | {"csrf_token": context.get("csrf_token")})


def parse_connect(parser: Parser, token: Token) -> ConnectNode:
    """Return the node of ``{% connect_button organisation.twitter %}``.

    :raises TemplateSyntaxError: the tag is not written as it should be.
    """
    button = button_tag.parse(parser, token, "connect", named=True)
    return ConnectNode(button, Target(cast("FilterExpression", button.slug)), button.options.pop("scope", None))


def parse_disconnect(parser: Parser, token: Token) -> DisconnectNode:
    """Return the node of ``{% disconnect_button organisation.twitter %}``.

    :raises TemplateSyntaxError: the tag is not written as it should be.
    """
    tag, *bits = token.split_contents()
    wrong = TemplateSyntaxError(
        f'Use {{% {tag} organisation.twitter next="/here/" text="Words" class="css-class" %}}, '
        "all but the field optional"
    )
    try:
        target = Target(parser.compile_filter(bits.pop(0)))
        options = token_kwargs(bits, parser)
    except (TemplateSyntaxError, IndexError) as error:
        raise wrong from error
    if bits or not target.name or not options.keys() <= {"next", "text", "class"}:
        raise wrong
    return DisconnectNode(target, options)
