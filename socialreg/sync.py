"""What becomes of a user's own fields when their profile was read anew: ``SOCIALREG["SYNC"]``.

Nothing here needs a request: a login calls it, and so does :func:`upkeep.sync_profile`. A provider is not believed what
the user model would not take from a form, nor an address that it does not vouch for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import EMPTY_VALUES
from django.db import DatabaseError, OperationalError, router, transaction

from . import confirmation
from .models import SocialAccount
from .signals import synced
from .sync_rules import Rule, rules
from .sync_values import cleaned, in_words, is_same, is_vouched_for, leads_nowhere, log, user_of
from .transactions import announce
from .types import Profile

logger = logging.getLogger("socialreg.sync")


@dataclass(frozen=True, slots=True)
class Question:
    """A value of the provider's that the user may take over, and what they have now, both as they are shown."""

    name: str
    old: str
    new: str
    #: It is an address that nobody vouches for: a link is mailed there first.
    by_mail: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What a profile that was read anew changed.

    ``written`` names the user's fields that were. ``asked`` is for the user to decide: there the provider's value
    changed since the profile was stored.
    """

    written: tuple[str, ...] = ()
    asked: tuple[Question, ...] = ()


def apply(account: SocialAccount, before: Profile, after: Profile) -> Changes:
    """Do what ``SOCIALREG["SYNC"]`` says about the account's user.

    ``account.user`` is changed in place, and written in one statement. ``synced`` is sent after the commit.

    :param before: the profile as it was stored.
    :param after: the profile as it was read just now.
    :raises ConfigurationError: the setting names what cannot follow a profile.
    """
    if account.user is None:
        return Changes()
    news = [rule for rule in rules() if _is_news(rule, account, before, after)]
    asked = (_question(rule, account, after) for rule in news if rule.policy == "ask")
    told = [rule for rule in news if rule.policy != "ask"]
    return Changes(_take(told, account, after), tuple(each for each in asked if each))


def asks(account: SocialAccount, before: Profile, after: Profile) -> bool:
    """Return whether the account's user is to be asked about something, which takes a login. Makes no query.

    Whoever reads a profile without one leaves what is stored as it is then: it is by that that the login will know.
    """
    open_rules = () if account.user is None else (rule for rule in rules() if rule.policy == "ask")
    news = (rule for rule in open_rules if _is_news(rule, account, before, after))
    return any(not leads_nowhere(rule, account, after) for rule in news)


def take_over(account: SocialAccount, questions: Iterable[Question]) -> tuple[str, ...]:
    """Do what the account's user said yes to; return the names of the fields that were written.

    What the profile does not say any more is not written: they were shown something else.
    """
    shown = {each.name: each.new for each in questions}
    profile = account.stored_profile()
    agreed = [
        rule for rule in rules() if rule.name in shown and in_words(rule, rule.value(profile)) == shown[rule.name]
    ]
    return _take(agreed, account, profile)


def _is_news(rule: Rule, account: SocialAccount, before: Profile, after: Profile) -> bool:
    value, current = rule.value(after), getattr(user_of(account), rule.name)
    if value is None or is_same(rule, value, current):
        return False
    if rule.policy == "if_empty" and current not in EMPTY_VALUES:
        return False
    # Whoever was asked is not asked again with every login; nor is an address that has to answer a mail.
    once = rule.policy == "ask" or (rule.is_address and not is_vouched_for(value, account, after))
    return not once or value != rule.value(before)


def _question(rule: Rule, account: SocialAccount, profile: Profile) -> Question | None:
    """Return what to ask the user, ``None`` if yes is no answer that could be followed."""
    value = rule.value(profile)
    by_mail = rule.is_address and not is_vouched_for(value, account, profile)
    if leads_nowhere(rule, account, profile) or cleaned(rule, account, value) is None:
        return None
    old = in_words(rule, getattr(user_of(account), rule.name))
    return Question(rule.name, old, in_words(rule, value), by_mail)


def _take(agreed: Iterable[Rule], account: SocialAccount, profile: Profile) -> tuple[str, ...]:
    values = {}
    for rule in agreed:
        value = rule.value(profile)
        if rule.is_address and not is_vouched_for(value, account, profile):
            answer = confirmation.request_change(user_of(account), str(value))
            log(rule, account, f"the provider does not vouch for it; a link to confirm it: {answer}")
        elif (fit := cleaned(rule, account, value)) is not None:
            values[rule.name] = fit
    return tuple(values) if values and _write(account, values) else ()


def _write(account: SocialAccount, values: dict[str, Any]) -> bool:
    user = user_of(account)
    before = {name: getattr(user, name) for name in values}
    _set(user, values)
    try:
        with transaction.atomic(using=router.db_for_write(type(user), instance=user)):
            user.save(update_fields=list(values))
    except OperationalError:  # the database is in trouble: what belongs together is undone together
        raise
    except DatabaseError as error:  # a race, or a rule that the database has and the model has not
        logger.warning("User %s keeps %s: the database said %s", user.pk, ", ".join(values), type(error).__name__)
        _set(user, before)
        return False
    announce(synced, {"user": user, "account": account, "changed": list(values)})
    return True


def _set(user: AbstractBaseUser, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(user, name, value)
