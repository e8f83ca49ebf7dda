"""What Windowsill answers when it is asked: who may connect what, and whose address it knows to be theirs."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from .models import Bot, Organisation


def may_connect(user: AbstractBaseUser, instance: Model, field: str) -> bool:
    """Let members connect their organisation, and a bot's keeper the bot. Asked at the start and at the callback."""
    if isinstance(instance, Organisation):
        return instance.members.filter(pk=user.pk).exists()
    return isinstance(instance, Bot) and instance.keeper_id == user.pk


def is_email_confirmed(user: AbstractBaseUser) -> bool | None:
    """Say yes of the demo user, who was here before addresses were confirmed; of all others, ask socialreg."""
    return True if user.get_username() == "demo" else None
