"""How old events are removed: in batches, each a short transaction of its own, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import router

from .sign_in_events import SignInEvent

#: Rows of one transaction.
BATCH = 5_000


def prune(before: datetime) -> Iterator[int]:
    """Remove the events from before a moment, the oldest first; yield how many each batch removed.

    What is removed stays removed: who stops here goes on there the next time.
    """
    rows = SignInEvent.objects.using(router.db_for_write(SignInEvent))
    while keys := list(rows.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:BATCH]):
        yield rows.filter(pk__in=keys).delete()[0]
