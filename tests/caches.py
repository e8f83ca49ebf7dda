"""The caches that the tests reach, every one shared by processes: Redis, Memcached, tables of databases, and files.

``SOCIALREG_TEST_CACHE`` names the servers, as URLs with a comma between them; without it the two below are tried.
``pymemcache://`` with no host is a Memcached of our own, for the time of the test. What does not answer, is not
installed, or is not named at all, is a skip with its reason, and with ``CI=true`` a failure (:mod:`tests.skips`). Keys
begin with a word of ours, and where others may have theirs, none but those are removed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import environ
import pytest
import redis
from django.core.management import call_command
from django.test import override_settings
from pymemcache import Client, MemcacheError

from tests import stores
from tests.project import free_port

#: What the build server has to have, by what a test is called by.
WANTED = {"redis": "redis://127.0.0.1:6379/9", "memcached": "pymemcache://"}
_NAMED = [*filter(None, os.environ.get("SOCIALREG_TEST_CACHE", ",".join(WANTED.values())).split(","))]
PREFIX = f"socialreg-test-{os.getpid()}"
#: More than the tests put there: Django's own number, 300, would throw away what is still needed.
ROOM = {"MAX_ENTRIES": 100_000}
#: Seconds until a Memcached of our own answers, at most.
PATIENCE = 10


def kind(url: str) -> str:
    """Return what a test is called by: ``redis``, ``memcached``, ``files``, ``sqlite-table``, ..."""
    scheme = url.partition(":")[0]
    if scheme.startswith("dbcache+"):
        return f"{stores.kind(url.removeprefix('dbcache+'))}-table"
    return {"rediscache": "redis", "pymemcache": "memcached", "filecache": "files"}.get(scheme, scheme)


def of_kind(name: str) -> list[str]:
    """Return the servers of a kind."""
    return [url for url in _NAMED if kind(url) == name]


def unnamed(name: str) -> str:
    """Return why there is no server of a kind, and what to do."""
    return f"SOCIALREG_TEST_CACHE names no {name}: add one to it, such as {WANTED[name]}, or leave it unset"


def _tables(name: str) -> list[Any]:
    urls = [f"dbcache+{url}" for url in stores.of_kind(name)]
    return stores.cases(urls, f"{name}-table", stores.unnamed(name))


SERVERS = [case for name in WANTED for case in stores.cases(of_kind(name), name, unnamed(name))]
TABLES = [case for name in stores.WANTED for case in _tables(name)]
#: All that there are.
EVERY = [*SERVERS, pytest.param("filecache://", id="files"), *TABLES]


def everywhere(test: Callable[..., Any]) -> Any:
    """Run a test with its fixture ``shared`` on every cache."""
    return pytest.mark.parametrize("shared", EVERY, indirect=True)(test)


@contextmanager
def cache_at(url: str) -> Iterator[dict[str, Any]]:
    """Give the entry for ``CACHES["default"]``. A table is in the database ``other``, which is made for it."""
    opened = {"redis": _redis, "memcached": _memcached, "files": _files}.get(kind(url), _table)
    with opened(url) as entry:
        yield {**entry, "KEY_PREFIX": PREFIX}


def in_redis() -> AbstractContextManager[dict[str, Any]]:
    """Give the entry for Redis: what tests use that are about something else than caches."""
    named = of_kind("redis")
    if not named:
        pytest.skip(unnamed("redis"))
    return cache_at(named[0])


def in_files(folder: Path) -> dict[str, Any]:
    """Return the entry for a cache in a folder of its own."""
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    return {"BACKEND": backend, "LOCATION": str(folder / "cache"), "OPTIONS": ROOM}


@contextmanager
def redis_at(url: str) -> Iterator[redis.Redis]:
    """Give a connection to Redis; what we have put there goes with it."""
    with redis.Redis.from_url(url) as client:
        try:
            client.ping()
        except redis.RedisError as error:
            pytest.skip(f"The Redis of SOCIALREG_TEST_CACHE does not answer: {error}")
        try:
            yield client
        finally:
            for key in client.scan_iter(f"{PREFIX}*"):
                client.delete(key)


@contextmanager
def _redis(url: str) -> Iterator[dict[str, Any]]:
    entry = dict(environ.Env.cache_url_config(url))
    with redis_at(entry["LOCATION"]):
        yield entry


@contextmanager
def _memcached(url: str) -> Iterator[dict[str, Any]]:
    if url != "pymemcache://":
        entry = dict(environ.Env.cache_url_config(url))
        _wait_for(entry["LOCATION"], time.monotonic())
        yield entry
        return
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("memcached is not installed, and SOCIALREG_TEST_CACHE names none")
    port = free_port()
    process = subprocess.Popen([program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody", "-m", "16"])
    try:
        _wait_for(f"127.0.0.1:{port}", time.monotonic() + PATIENCE)
        yield dict(environ.Env.cache_url_config(f"pymemcache://127.0.0.1:{port}"))
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(server: str, ends: float) -> None:
    while True:
        client = Client(server, timeout=1, connect_timeout=1)
        try:
            client.version()
        except (OSError, MemcacheError) as error:
            if time.monotonic() >= ends:
                pytest.skip(f"The Memcached of SOCIALREG_TEST_CACHE does not answer: {error}")
            time.sleep(0.02)  # between two looks at a process that has no other way to say that it is ready
        else:
            return
        finally:
            client.close()


@contextmanager
def _files(url: str) -> Iterator[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        yield in_files(Path(folder))


@contextmanager
def _table(url: str) -> Iterator[dict[str, Any]]:
    entry = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "the_cache", "OPTIONS": ROOM}
    with stores.other_database(url.removeprefix("dbcache+")) as database:
        with override_settings(CACHES={"default": entry}):
            call_command("createcachetable", database=stores.ALIAS, verbosity=0)
        if database.vendor == "sqlite":
            # Else two who write at once are both readers first, and one of them is refused, with nothing written.
            database.settings_dict["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
        yield entry
