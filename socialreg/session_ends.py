"""Ending the sessions that somebody has in other browsers.

Django keeps no list of a user's sessions. Those of users without a usable password end at once, by a new unusable one:
every session carries a mark of the password (``get_session_auth_hash``). A password that somebody knows cannot be
replaced, so their sessions are looked for, where the session store is a table.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model, update_session_auth_hash
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router
from django.http import HttpRequest
from django.utils.timezone import now

from .background import background
from .sessions import since

logger = logging.getLogger("socialreg.sessions")

#: Sessions that are read at once.
CHUNK = 500


def end_others(request: HttpRequest, user: AbstractBaseUser) -> None:
    """End every session of ``user`` but the one of this request, if that is theirs.

    For somebody with a usable password this is done in the background, in seconds for a hundred thousand sessions; it
    needs ``SESSION_ENGINE`` to be Django's ``db`` or ``cached_db``. With another one the log says what was not done.
    """
    is_here = request.user.is_authenticated and request.user.pk == user.pk
    if not user.has_usable_password() and _renew_unusable(user):
        if is_here:
            update_session_auth_hash(request, user)  # type: ignore[arg-type]
        return
    if is_here:
        request.session.cycle_key()  # what somebody else may have read is of no use any more
    kept = str(request.session.session_key) if is_here else ""
    end = partial(_end, user._meta.pk.value_to_string(user), kept, time.time())  # noqa: SLF001 - public API
    background.after_commit("Ending a user's other sessions", end, router.db_for_write(get_user_model()))


def _renew_unusable(user: AbstractBaseUser) -> bool:
    """Give a new unusable password for an old one; false if somebody set a password in this very moment."""
    before = user.password
    user.set_unusable_password()
    rows = get_user_model()._base_manager.filter(pk=user.pk, password=before)  # noqa: SLF001 - public API
    return bool(rows.update(password=user.password))


def _end(user_key: str, kept: str, moment: float) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):
        logger.warning(
            "A user's other sessions go on. Cause: sessions in %s cannot be looked through, and the user has a "
            "password, which is not ours to replace. Remedy: use django.contrib.sessions.backends.cached_db or db",
            settings.SESSION_ENGINE,
        )
        return
    ended = 0
    for key, data in _sessions(store):
        # One that was begun since is by somebody who has just proved who they are.
        if data.get(SESSION_KEY) == user_key and key != kept and since(data) <= moment:
            store(key).delete()
            ended += 1
    logger.info("%d other sessions of a user were ended", ended)


def _sessions(store: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return all sessions that have not expired, a few at a time, however many there are."""
    rows, last = store.get_model_class().objects.filter(expire_date__gt=now()).order_by("session_key"), ""
    while found := list(rows.filter(session_key__gt=last)[:CHUNK]):
        yield from ((row.session_key, row.get_decoded()) for row in found)
        last = found[-1].session_key
