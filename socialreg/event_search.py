"""How an event is found: by the reference on a visitor's page, or by the user. Always exactly, by an index."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from .finders import email_query
from .sign_in_events import SignInEvent

Events = QuerySet[SignInEvent]

#: A reference as it stands on a page; people add what stands around it.
_REFERENCE = re.compile(r"[0-9a-f]{8}")
#: Users who share an address, of whom the events are shown.
_MOST = 10


def search(events: Events, words: str) -> Events:
    """Return the events of a reference, or of the user with this name, this address or this id.

    A user who is gone is found by the id.
    """
    words = words.strip()
    reference = words.lower()
    if _REFERENCE.fullmatch(reference) and SignInEvent.objects.filter(reference=reference).exists():
        return events.filter(reference=reference)
    return events.filter(user__in=[words, *_users(words)])


def _users(words: str) -> set[str]:
    model = get_user_model()
    named = model._default_manager.filter(**{model.USERNAME_FIELD: words})  # noqa: SLF001
    found = {str(key) for key in named.values_list("pk", flat=True)[:1]}
    addressed = email_query(words)
    if addressed is not None:
        found.update(str(key) for key in addressed.values_list("pk", flat=True)[:_MOST])
    return found
