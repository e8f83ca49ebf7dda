"""How a step is measured: processor time, time in the database, number of queries."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from tests.statements import recorded

Figures = dict[str, list[float]]


class Processor:
    """Milliseconds of processor time of this process, all threads and the system's share included."""

    def __init__(self) -> None:
        self.spent: Figures = defaultdict(list)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[step].append((time.process_time() - began) * 1000)

    def of(self, *steps: str) -> float:
        """Return the sum of the steps' medians."""
        return sum(median(self.spent[step]) for step in steps)

    def least(self, *steps: str) -> float:
        """Return the sum of the steps' minima: what is left when nobody else disturbs."""
        return sum(min(self.spent[step]) for step in steps)


class Queries:
    """The number of queries, without those that control transactions."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self.spent: dict[str, int] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        with recorded(self._connection) as statements:
            yield
        self.spent[step] = len(statements.queries)


class Database:
    """Milliseconds that the site waits for its database, the way there and back included."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self.spent: Figures = defaultdict(list)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        waited: list[float] = []

        def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's
            began = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                waited.append((time.perf_counter() - began) * 1000)

        with self._connection.execute_wrapper(wrapper):
            yield
        self.spent[step].append(sum(waited))
