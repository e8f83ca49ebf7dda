"""What follows when somebody proved that an account here is theirs, and links the one that they came with.

Whoever knew their address could have registered with it before them, and sit in a session here, or have connected an
account of their own. Nobody can tell such a guest from the owner by looking; a first proof of the address can.
"""

from __future__ import annotations

from typing import cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from . import accounts, disconnecting, pending, sessions
from .address_status import address_of, is_confirmed, is_same, is_trusted
from .locking import lock
from .models import SocialAccount
from .pending import Pending
from .redirects import safe_next
from .session_ends import end_others
from .transactions import database
from .types import Arrival


def link(request: HttpRequest, waiting: Pending) -> HttpResponse:
    """Link the account that waits to the user who is here, end what others may have begun, and send them on.

    :raises NotAllowed: the account belongs to somebody else.
    """
    user = cast("AbstractBaseUser", request.user)
    with transaction.atomic(using=database()):
        lock(get_user_model(), user.pk)  # what is known of the address now holds until all of this is done
        is_first_proof = _proves_address(user, waiting.arrival) and is_confirmed(user) is not True
        account = accounts.connect(request, user, waiting.arrival)
        removed = _end_strangers(request, user, account) if is_first_proof else None
        end_others(request, user)
    pending.discard(request)
    following, here = safe_next(waiting.next), reverse("socialreg:connections")
    if removed is None:
        return HttpResponseRedirect(following or here)
    sessions.leave_word(request, removed)
    return HttpResponseRedirect(f"{here}?{urlencode({'next': following})}" if following else here)


def _proves_address(user: AbstractBaseUser, arrival: Arrival) -> bool:
    """Whether somebody who is trusted vouches that the user's own address is the person's who came."""
    email, own = arrival.profile.email, address_of(user)
    if email is None or not own or not is_same(email.address, own):
        return False
    return email.verified and is_trusted(arrival.slug)


def _end_strangers(request: HttpRequest, user: AbstractBaseUser, account: SocialAccount) -> sessions.Removed | None:
    """Take from ``user`` every way in that was not proven just now; return what that was, ``None`` for nothing.

    Where nothing is known of an address, it counts as unproven: a stranger's account that stays is worse than one that
    its owner has to connect again.
    """
    begun_with = sessions.account_of(request)
    proven = [key for key in (account.pk, begun_with) if key is not None]
    strange = list(SocialAccount.objects.filter(user_id=user.pk).exclude(pk__in=proven).order_by("pk"))
    handles = tuple((each.provider, each.handle) for each in strange)
    disconnecting.take(request, user, strange)
    password = begun_with is not None and user.has_usable_password()
    if password:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return sessions.Removed(handles, password) if handles or password else None
