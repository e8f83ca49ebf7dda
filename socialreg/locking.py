"""One row for one request at a time: what is read after that, nobody else changes before the transaction ends."""

from __future__ import annotations

from typing import TypeVar

from django.db import connections, router
from django.db.models import F, Model

Row = TypeVar("Row", bound=Model)


def lock(model: type[Row], key: object) -> Row | None:
    """Return a row that stays locked to the end of the transaction, ``None`` if it is gone.

    SQLite locks whole files, and from the first statement on that writes: so one is written there. To be the first
    statement of a transaction, then; a second one that had read before would be told that the database is locked.

    :param key: the row's primary key.
    """
    using = router.db_for_write(model)
    rows = model._base_manager.using(using).filter(pk=key)  # noqa: SLF001 - public API; hides nobody
    if not connections[using].features.has_select_for_update:
        rows.update(**{model._meta.pk.attname: F(model._meta.pk.attname)})  # noqa: SLF001
    return next(iter(rows.select_for_update()), None)
