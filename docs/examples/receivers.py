"""What a site does after the fact. Import this module in AppConfig.ready(), so that the receivers are connected."""

from django.contrib import messages
from django.core.cache import cache
from django.core.mail import send_mail
from django.dispatch import receiver

from socialreg.signals import connected, disconnected, failed, logged_in, registered


@receiver(registered)
def welcome(sender, request, user, account, profile, email_verified, **_):
    """Write to an address only if the provider vouches for it; otherwise verify it first, as you do for others."""
    if email_verified:
        send_mail("Welcome", f"You log in as @{account.handle} from now on.", None, [user.email])


@receiver(logged_in)
def greet(sender, request, user, account, profile, **_):
    messages.success(request, f"Welcome back, @{account.handle}.")


@receiver(connected)
def tell_of_a_new_way_in(sender, request, user, account, profile, **_):
    send_mail("A new way to log in", f"@{account.handle} can log in to your account now.", None, [user.email])


@receiver(disconnected)
def tell_of_a_way_less(sender, request, user, account, **_):
    send_mail("A way to log in was removed", f"@{account.handle} cannot log in any more.", None, [user.email])


@receiver(failed)
def count(sender, request, slug, error, reference, **_):
    """Count by the code that stands in the log, for a graph: "denied" is no news, a hundred "415" are."""
    key = f"login-failed:{error.code}"
    cache.add(key, 0, timeout=None)
    cache.incr(key)
