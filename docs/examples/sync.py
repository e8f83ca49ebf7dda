"""A receiver that hears of fields that a later login has changed."""

import logging

from django.dispatch import receiver

from socialreg.signals import synced

logger = logging.getLogger(__name__)


@receiver(synced)
def note(sender, user, account, changed, **kwargs):
    logger.info("%s of %s came from %s", ", ".join(changed), user, account.provider)
