"""What becomes of an account whose last owner is gone: ``SOCIALREG["OWNERLESS"]``.

Imported when Django is set up, so it imports little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.apps import apps
from django.db.models import Model
from django.db.models.signals import post_delete, pre_delete

from . import conf
from .fields import own_fields, owned_elsewhere
from .locking import lock
from .models import SocialAccount
from .transactions import database


def release(account_id: int) -> None:
    """Remove an account that nobody has any more, and have its tokens revoked, unless the site keeps such accounts.

    To be called in the transaction in which it was let go of. What an owner has or a user logs in with stays.
    """
    # The lock: of two owners that let go of it at once, the second one sees that it is the last.
    account = lock(SocialAccount, account_id)
    if account is None or account.user_id is not None or conf.ownerless() == "keep":
        return
    if not owned_elsewhere(SocialAccount, [account_id]):
        forget = cast("Callable[[SocialAccount], None]", conf.deferred("socialreg.disconnecting.forget"))
        forget(account)


def watch() -> None:
    """Listen to the deletion of whatever can own an account. Called once, when all models are known.

    A model that is listened to is never deleted unseen: Django then reads the rows of a ``QuerySet.delete()`` and of
    cascades first.
    """
    for model in apps.get_models():
        # Where a model inherits the field, the parent's row is deleted too, and listened to. A proxy has none.
        if any(field.model is model._meta.concrete_model for field in own_fields(model)):  # noqa: SLF001 - public API
            pre_delete.connect(_look, sender=model, dispatch_uid="socialreg.ownerless")
            post_delete.connect(_let_go, sender=model, dispatch_uid="socialreg.ownerless")


def _look(sender: type[Model], instance: Model, using: str, **_: Any) -> None:
    """See which accounts an instance has now: it may have been read before one was connected."""
    current = lock(sender, instance.pk) if using == database() else None
    if current is not None:
        for field in own_fields(sender):
            setattr(instance, field.attname, getattr(current, field.attname))


def _let_go(sender: type[Model], instance: Model, using: str, **_: Any) -> None:
    if using != database():  # a copy elsewhere: the accounts are not of that database
        return
    for field in own_fields(sender):
        account_id = getattr(instance, field.attname)
        if account_id is not None:
            release(account_id)
