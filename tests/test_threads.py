"""What the tests themselves leave behind: nothing that becomes another test's failure."""

from __future__ import annotations

import gc
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.utils import ConnectionHandler

MEMORY = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}


def ask() -> sqlite3.Connection:
    """Ask a database in memory, close it as far as Django does, and return what is open all the same."""
    databases = ConnectionHandler(MEMORY)
    databases["default"].ensure_connection()
    raw = databases["default"].connection
    databases.close_all()
    raw.execute("SELECT 1")
    return raw


@pytest.mark.django_db
def test_a_thread_that_asked_a_database_in_memory_leaves_it_closed():
    with ThreadPoolExecutor(1) as pool:
        raw = pool.submit(ask).result()
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        raw.execute("SELECT 1")
