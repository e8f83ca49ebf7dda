"""What a site of ours knows of its people's addresses, and what it does once one is confirmed."""

import logging

from django.contrib.auth.base_user import AbstractBaseUser
from django.dispatch import receiver

from socialreg.signals import email_confirmed

logger = logging.getLogger("mysite")


def staff_have_ours(user: AbstractBaseUser) -> bool | None:
    """For IS_EMAIL_CONFIRMED: our own people have addresses that we gave them. Of all others we know nothing."""
    return True if user.is_staff else None


@receiver(email_confirmed)
def subscribe(user: AbstractBaseUser, address: str, **kwargs: object) -> None:
    """Send the newsletter to addresses that are confirmed, and to no other."""
    logger.info("User %s gets the newsletter", user.pk)
