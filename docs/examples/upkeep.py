"""What a site does about accounts whose tokens are dead, and how a task queue looks after all of them."""

from collections.abc import Iterator
from datetime import timedelta

from django.core.mail import send_mail
from django.dispatch import receiver
from django.utils import timezone

from socialreg import upkeep
from socialreg.exceptions import SocialRegError
from socialreg.models import SocialAccount
from socialreg.signals import credentials_lost


@receiver(credentials_lost)
def ask_back(account: SocialAccount, code: str, **rest: object) -> None:
    """Write to somebody whose account this site cannot use any more."""
    if account.user is None or not account.user.email:
        return
    send_mail(
        "Please connect your account again",
        f"We cannot use {account} any more. Please log in with it once: https://example.com/accounts/connections/",
        None,
        [account.user.email],
    )


def stale(hours: int = 24) -> Iterator[int]:
    """Yield the keys of accounts that nobody has looked after for so long: one task each."""
    long_ago = timezone.now() - timedelta(hours=hours)
    due = SocialAccount.objects.filter(lost_at=None).exclude(checked_at__gt=long_ago)
    yield from due.order_by("pk").values_list("pk", flat=True).iterator()


def look_after(account_id: int) -> str:
    """Do one task; what went wrong is for the queue's log, and the next time may work."""
    try:
        upkeep.sync_profile(account_id)
    except SocialRegError as error:
        return error.code
    return "synced"
