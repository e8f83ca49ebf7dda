"""What providers remember is shared by all workers; what is kept is kept once and sealed, and nobody can fill it up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.db import connection, connections, router
from django.db.models.signals import pre_save
from django.db.utils import OperationalError

from socialreg import shared
from socialreg.encryption import seal
from socialreg.exceptions import BadAnswer, Unavailable
from socialreg.models import Kept
from socialreg.registry import providers
from socialreg.shared import SharedStore
from socialreg.store import Memory, Store
from tests import stores
from tests.statements import recorded

KEY = "mastodon:https://social.example"
APP = {"client_id": "id-4711", "client_secret": "s3cret-4712"}
OTHER = {"client_id": "id-4713", "client_secret": "s3cret-4714"}

database = pytest.mark.django_db


class BrokenCache(LocMemCache):
    """A cache whose server is gone: whatever is asked of it fails in a way of its own."""

    def __init__(self, *_):
        super().__init__("", {})

    def get(self, key, default=None, version=None):
        raise ConnectionResetError("redis://:hunter2@cache.internal")

    def set(self, key, value, timeout=None, version=None):
        raise ConnectionResetError("redis://:hunter2@cache.internal")

    def add(self, key, value, timeout=None, version=None):
        raise ConnectionResetError("redis://:hunter2@cache.internal")

    def delete_many(self, keys, version=None):
        raise ConnectionResetError("redis://:hunter2@cache.internal")


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def store() -> SharedStore:
    return SharedStore()


def rotate(settings, *, keep: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
    settings.SECRET_KEY = "another-key-" * 5


@pytest.fixture(params=[Memory, SharedStore])
def either(request) -> Store:
    """Both stores: a provider that is tested without a site behaves in one."""
    return request.param()


def test_what_is_remembered_is_returned_until_its_time_is_over(either):
    assert either.get("metadata") is None
    either.set("metadata", {"issuer": "https://a.example", "keys": [1, None, True]}, 60)
    assert either.get("metadata") == {"issuer": "https://a.example", "keys": [1, None, True]}
    assert either.get("metadata ") is None
    either.set("metadata", {"issuer": "https://b.example"}, 60)
    assert either.get("metadata") == {"issuer": "https://b.example"}
    either.set("metadata", {"issuer": "https://c.example"}, 0)
    assert either.get("metadata") is None


def test_a_mark_is_set_once(either):
    assert either.add("refetch", 60) is True
    assert either.add("refetch", 60) is False
    assert either.add("other", 60) is True


@database
def test_what_is_kept_is_kept_as_it_came_first(either):
    assert either.kept(KEY) is None
    assert either.keep(KEY, APP) == APP
    assert either.keep(KEY, OTHER) == APP
    assert either.kept(KEY) == APP
    assert either.kept(KEY.upper()) is None


@database
def test_one_kind_of_memory_is_not_another(either):
    either.keep(KEY, APP)
    assert either.get(KEY) is None
    either.set("k", "v", 60)
    assert either.kept("k") is None


@database
def test_what_is_held_is_held_for_a_time_beside_what_is_kept(either):
    assert either.held(KEY) is None
    either.hold(KEY, APP, 60)
    assert either.held(KEY) == APP
    assert either.kept(KEY) is None
    assert either.get(KEY) is None
    either.keep(KEY, OTHER)
    assert (either.held(KEY), either.kept(KEY)) == (APP, OTHER)
    either.hold(KEY, OTHER, 60)
    assert either.held(KEY) == OTHER
    either.hold(KEY, APP, 0)
    assert either.held(KEY) is None


@database
def test_what_is_forgotten_is_gone_and_nothing_else_is(either):
    for key in (KEY, "other"):
        either.keep(key, APP)
        either.hold(key, APP, 60)
    either.set(KEY, 1, 60)
    either.forget(KEY)
    either.forget("never there")
    assert (either.kept(KEY), either.held(KEY)) == (None, None)
    assert (either.kept("other"), either.held("other"), either.get(KEY)) == (APP, APP, 1)
    assert either.keep(KEY, OTHER) == OTHER
    cache.clear()  # which stands before the table
    assert (either.kept("other"), either.kept(KEY)) == (APP, OTHER)


HOSTILE_KEYS = ["", "k" * 5000, "ключ", "a b\r\nset x", "\ud800", "\0", "%s%(x)s", "../../etc", "\u202e"]


@database
@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=ascii)
def test_a_key_may_hold_anything(store, key):
    store.set(key, 1, 60)
    assert store.get(key) == 1
    assert store.add(f"{key}+", 60)
    assert store.keep(key, APP) == APP
    assert store.kept(key) == APP
    assert len(Kept.objects.get().digest) == 64


class ListeningCache(LocMemCache):
    """A cache that writes down the keys that it gets and the values."""

    heard: list[tuple[str, object]] = []

    def set(self, key, value, timeout=None, version=None):
        self.heard.append((key, value))
        super().set(key, value, timeout, version)

    def add(self, key, value, timeout=None, version=None):
        self.heard.append((key, value))
        return super().add(key, value, timeout, version)


@database
def test_keys_fit_every_cache_and_what_is_kept_is_readable_in_neither_cache_nor_table(store, settings):
    """Memcached takes 250 characters without blanks. Whoever reads the cache or a dump of the table learns nothing."""
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.ListeningCache"}}
    ListeningCache.heard.clear()
    store.set(KEY, 1, 60)
    store.add(KEY * 2, 60)
    store.keep(KEY, APP)
    store.hold(KEY, APP, 60)
    assert len(ListeningCache.heard) == 4
    for key, value in ListeningCache.heard:
        assert key.startswith("socialreg:")
        assert len(key) < 100
        assert "mastodon" not in key
        assert "s3cret" not in str(value)
    row = str(Kept.objects.values_list().get())
    assert not [text for text in (*APP.values(), "client_id", "social.example") if text in row]


@database
def test_a_warm_start_asks_no_database_and_a_cold_one_asks_once(store):
    store.keep(KEY, APP)
    with recorded(connection) as statements:
        assert SharedStore().kept(KEY) == APP  # another worker
        assert SharedStore().keep(KEY, OTHER) == APP
    assert statements.queries == []
    cache.clear()
    with recorded(connection) as statements:
        assert store.kept(KEY) == APP
        assert store.kept(KEY) == APP
    assert len(statements.queries) == 1


@database
def test_keeping_costs_a_bounded_number_of_queries(store):
    with recorded(connection) as statements:
        store.keep(KEY, APP)
    assert len(statements.queries) <= 5


def test_remembering_asks_no_database(store):
    """pytest-django refuses any query here, for this test has no database."""
    store.set("k", 1, 60)
    store.get("k")
    store.add("k2", 60)
    store.hold("k", APP, 60)
    store.held("k")


@database
def test_what_was_kept_survives_the_rotation_of_the_key(store, settings):
    store.keep(KEY, APP)
    store.hold(KEY, APP, 60)
    rotate(settings, keep=True)
    assert (store.kept(KEY), store.held(KEY)) == (APP, APP)
    cache.clear()
    assert store.kept(KEY) == APP
    assert store.keep(KEY, OTHER) == APP


@database
@pytest.mark.parametrize("warm", [True, False])
def test_what_nobody_can_open_counts_as_absent_and_is_replaced(store, settings, warm):
    store.keep(KEY, APP)
    rotate(settings, keep=False)
    if not warm:
        cache.clear()
    assert store.kept(KEY) is None
    assert store.keep(KEY, OTHER) == OTHER
    assert store.kept(KEY) == OTHER
    cache.clear()
    assert store.kept(KEY) == OTHER
    assert Kept.objects.count() == 1


@database
@pytest.mark.parametrize("sealed", ["", "junk", "gAAAAA", seal("pending", APP), "ключ"])
def test_a_row_that_was_damaged_or_sealed_for_something_else_is_absent(store, sealed):
    store.keep(KEY, APP)
    cache.clear()
    Kept.objects.update(sealed=sealed)
    assert store.kept(KEY) is None
    assert store.keep(KEY, OTHER) == OTHER


@database
@pytest.mark.parametrize("value", ["junk", 7, {"client_id": "evil"}, seal("pending", OTHER)])
def test_what_somebody_else_put_into_the_cache_is_passed_over(store, value):
    store.keep(KEY, APP)
    for name in list(cache._cache):
        cache.set(name.split(":", 2)[2], value, 60)
    assert store.kept(KEY) == APP


@database
def test_replacing_never_removes_what_another_worker_put_there(store, settings):
    """Between reading a row that nobody can open and removing it, another worker has replaced it."""
    store.keep(KEY, APP)
    rotate(settings, keep=False)
    cache.clear()
    overtaken = []

    def overtake(execute, sql, params, many, context):
        if sql.startswith("DELETE") and not overtaken:
            overtaken.append(sql)
            SharedStore().keep(KEY, OTHER)
            cache.clear()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        assert store.keep(KEY, APP) == OTHER
    assert overtaken
    assert store.kept(KEY) == OTHER


@database
def test_the_number_is_bounded_and_the_log_says_so_once(store, monkeypatch, caplog):
    monkeypatch.setattr(shared, "MOST_KEPT", 3)
    for number in range(3):
        store.keep(f"{KEY}{number}", APP)
    assert caplog.records == []
    for number in range(3, 9):
        assert store.keep(f"{KEY}{number}", OTHER) == OTHER
    assert Kept.objects.count() == 3
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("socialreg.shared", logging.ERROR)
    assert "3 rows are kept" in record.getMessage()
    assert "empty the table socialreg_kept" in record.getMessage()
    assert Kept._meta.db_table == "socialreg_kept"
    assert "s3cret" not in caplog.text
    assert store.kept(f"{KEY}0") == APP


@database
def test_with_the_table_full_a_login_is_finished_by_the_cache_alone(store, monkeypatch):
    """On another worker than began it."""
    monkeypatch.setattr(shared, "MOST_KEPT", 0)
    assert store.keep(KEY, APP) == APP
    assert SharedStore().kept(KEY) == APP
    assert SharedStore().keep(KEY, OTHER) == APP
    assert not Kept.objects.exists()


@database
def test_with_the_table_full_too_the_first_of_two_at_once_wins(store, monkeypatch):
    """Another worker brings its own while this one finds out that the table is full."""
    monkeypatch.setattr(shared, "MOST_KEPT", 0)
    overtaken = []

    def overtake(execute, sql, params, many, context):
        if "COUNT" in sql and not overtaken:
            overtaken.append(sql)
            SharedStore().keep(KEY, OTHER)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        assert store.keep(KEY, APP) == OTHER
    assert overtaken


@database
def test_with_the_table_full_what_nobody_can_open_is_still_replaced(store, settings, monkeypatch):
    store.keep(KEY, APP)
    rotate(settings, keep=False)
    monkeypatch.setattr(shared, "MOST_KEPT", 1)
    assert store.keep(KEY, OTHER) == OTHER
    cache.clear()
    assert store.kept(KEY) == OTHER


@database
def test_what_is_too_large_is_refused_before_it_is_written(store, caplog):
    with pytest.raises(BadAnswer) as raised:
        store.keep(KEY, {"client_id": "x" * shared.KEPT_LENGTH})
    assert raised.value.code == "too-large"
    assert "xxx" not in str(raised.value)
    assert not Kept.objects.exists()
    assert store.kept(KEY) is None


CALLS: dict[str, Callable[[SharedStore], object]] = {
    "get": lambda store: store.get(KEY),
    "set": lambda store: store.set(KEY, 1, 60),
    "add": lambda store: store.add(KEY, 60),
    "kept": lambda store: store.kept(KEY),
    "keep": lambda store: store.keep(KEY, APP),
    "held": lambda store: store.held(KEY),
    "hold": lambda store: store.hold(KEY, APP, 60),
    "forget": lambda store: store.forget(KEY),
}


@database
@pytest.mark.parametrize("call", CALLS)
def test_a_cache_out_of_order_is_an_error_of_ours(store, settings, call):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    with pytest.raises(Unavailable) as raised:
        CALLS[call](store)
    assert raised.value.code == "cache"
    assert "ConnectionResetError" in raised.value.cause
    assert "hunter2" not in str(raised.value)


@database
@pytest.mark.parametrize("call", ["kept", "keep", "forget"])
def test_a_database_out_of_order_is_an_error_of_ours(store, call):
    def refuse(*_):
        raise OperationalError("connection to postgres://root:hunter2@db refused")

    with connection.execute_wrapper(refuse), pytest.raises(Unavailable) as raised:
        CALLS[call](store)
    assert raised.value.code == "database"
    assert "OperationalError" in raised.value.cause
    assert "hunter2" not in str(raised.value)


@database
def test_a_database_that_refuses_to_write_is_an_error_of_ours(store):
    def refuse_writing(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writing), pytest.raises(Unavailable) as raised:
        store.keep(KEY, APP)
    assert raised.value.code == "database"
    assert store.kept(KEY) is None


@database
def test_it_is_not_in_the_admin_and_nobody_needs_a_permission_for_it():
    assert Kept not in admin.site._registry
    assert not Permission.objects.filter(content_type__model="kept").exists()


@database
def test_the_migration_makes_the_tables_as_the_models_have_them():
    call_command("makemigrations", "socialreg", check=True, dry_run=True, verbosity=0)


def test_all_providers_are_given_the_one_of_this_site(settings):
    keys = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
    settings.SOCIALREG = {"PROVIDERS": {"twitter": keys, "work": {"PROVIDER": "twitter", **keys}}}
    assert type(providers.store) is SharedStore
    assert providers["twitter"].store is providers["work"].store is providers.store


@pytest.fixture(name="database")
def _database(request, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), stores.other_database(request.param):
        yield


ROUNDS = 20


@stores.on("sqlite", "postgres", "mysql")
def test_of_two_at_once_the_first_one_wins_and_both_return_it(database):
    """Both have seen that there is nothing, and stand at the insertion together: on every database, again and again."""
    for number in range(ROUNDS):
        key, meet = f"{KEY}/{number}", threading.Barrier(2, timeout=10)

        def both_are_here(meet=meet, **_):
            meet.wait()

        pre_save.connect(both_are_here, sender=Kept)
        try:
            with ThreadPoolExecutor(2) as pool:
                returned = list(pool.map(lambda app, key=key: _keep(key, app), (APP, OTHER)))
        finally:
            pre_save.disconnect(both_are_here, sender=Kept)
        assert returned[0] == returned[1]
        assert returned[0] in (APP, OTHER)
        cache.clear()
        assert SharedStore().kept(key) == returned[0]
    assert Kept.objects.count() == ROUNDS


def _keep(key: str, app: dict[str, str]) -> object:
    try:
        return SharedStore().keep(key, app)
    finally:
        connections[router.db_for_write(Kept)].close()
