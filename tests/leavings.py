"""What requests leave behind: rows in tables, keys in Redis, files and sockets of a process, and its memory."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from redis import Redis

from tests.caches import PREFIX

#: What tells keys of one kind from each other: session keys, digests.
_NAMES = re.compile(r"[0-9a-z]{32,}")
#: Of /proc/net/tcp: local and remote port, state, inode. State 0A is listening.
_SOCKET = re.compile(r" *\d+: \w+:(\w{4}) \w+:(\w{4}) (\w\w) (?:\S+ +){5}(\d+)")


def rows(database: BaseDatabaseWrapper) -> Counter[str]:
    """Return how many rows every table has."""
    with database.cursor() as cursor:
        found = Counter()
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {database.ops.quote_name(table)}")
            found[table] = cursor.fetchone()[0]
    return found


def others(database: BaseDatabaseWrapper) -> int:
    """Return how many connections to a database there are beside this one, on a server."""
    with database.cursor() as cursor:
        cursor.execute(_OTHERS[database.vendor])
        return int(cursor.fetchone()[0])


_OTHERS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname=current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
}


def keys(redis: Redis) -> dict[str, list[int]]:
    """Return the keys that are ours, by kind: for how many seconds each will be there still."""
    found: dict[str, list[int]] = {}
    for key in redis.scan_iter(f"{PREFIX}*"):
        kind = _NAMES.sub("", key.decode().removeprefix(f"{PREFIX}:1:"))
        found.setdefault(kind, []).append(redis.ttl(key))
    return found


def opened(process: int, ports: dict[int, str]) -> Counter[str]:
    """Return what a process has open: sockets by whom they lead to, everything else by what it is.

    :param ports: the names of those who listen.
    """
    sockets = {inode: _peer(*rest, ports) for *rest, inode in _SOCKET.findall(Path("/proc/net/tcp").read_text("ascii"))}
    found: Counter[str] = Counter()
    for each in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            kind, _, name = str(each.readlink()).partition(":")
            found[sockets.get(name.strip("[]"), kind) if kind == "socket" else kind] += 1
    return found


def _peer(local: str, remote: str, state: str, ports: dict[int, str]) -> str:
    if state == "0A":
        return "listening"
    name = ports.get(int(remote, 16)) or ports.get(int(local, 16), remote)
    return name if state == "01" else f"{name}, {state}"


def memory(process: int) -> int:
    """Return the bytes of a process that are in memory."""
    (found,) = re.findall(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text("ascii"), re.M)
    return int(found) * 1024
