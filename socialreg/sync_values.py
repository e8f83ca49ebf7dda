"""What a provider says of a user, judged: is it new, may it be believed, does the user model take it?"""

from __future__ import annotations

import copy
import logging
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError

from . import conf
from .address_status import is_trusted
from .finders import email_query
from .models import SocialAccount
from .sync_rules import Rule
from .types import Profile
from .usernames import can_be_suggested, free_username

logger = logging.getLogger("socialreg.sync")


def in_words(rule: Rule, value: object) -> str:
    """Return a field's value as people read it."""
    choices = dict(rule.field.flatchoices)
    return "" if value is None else str(choices.get(value, value))


def is_same(rule: Rule, value: Any, current: Any) -> bool:
    """Return whether the user has this value already."""
    if rule.is_address:
        return str(value).casefold() == str(current or "").casefold()
    return bool(value == current)


def is_vouched_for(value: object, account: SocialAccount, profile: Profile) -> bool:
    """Return whether it is an address for which the provider vouches, and whose word the site takes."""
    address = profile.email
    return bool(address and address.verified and address.address == value) and is_trusted(account.provider)


def leads_nowhere(rule: Rule, account: SocialAccount, profile: Profile) -> bool:
    """Return whether it is an address that nobody vouches for, where the site asks no address either."""
    vouched = not rule.is_address or is_vouched_for(rule.value(profile), account, profile)
    return not vouched and conf.email_confirmation() == "off"


def cleaned(rule: Rule, account: SocialAccount, value: Any) -> Any:
    """Return the value as the user model takes it, ``None`` if it does not: too long, no choice, somebody else's."""
    user = user_of(account)
    trial = copy.copy(user)
    setattr(trial, rule.name, BaseUserManager.normalize_email(value) if rule.is_address else value)
    others = {field.name for field in user._meta.fields} - {rule.name}  # noqa: SLF001 - public API
    try:
        trial.clean_fields(exclude=others)
        trial.validate_unique(exclude=others)
        trial.validate_constraints(exclude=others)
    except ValidationError as error:
        codes = sorted(str(each.code) for errors in error.error_dict.values() for each in errors)
        log(rule, account, f"the user model refuses it ({', '.join(codes)})")
        return None
    if _is_somebody_elses(rule, user, value):
        log(rule, account, "somebody else has it")
        return None
    return getattr(trial, rule.name)


def _is_somebody_elses(rule: Rule, user: AbstractBaseUser, value: Any) -> bool:
    """Whether another user is known by it, though the database need not say so."""
    if rule.is_address:
        found = email_query(str(value))
        return found is not None and found.exclude(pk=user.pk).exists()
    if rule.name == get_user_model().USERNAME_FIELD and can_be_suggested():
        return free_username(str(value), Profile("")) != str(value)  # nobody becomes Kestrel where a kestrel is
    return False


def log(rule: Rule, account: SocialAccount, why: str) -> None:
    """Say why something is not taken over, without saying what."""
    logger.info("%s of user %s is not taken over from %s: %s", rule.name, account.user_id, account.provider, why)


def user_of(account: SocialAccount) -> AbstractBaseUser:
    """Return the user of an account that is known to have one."""
    return cast("AbstractBaseUser", account.user)
