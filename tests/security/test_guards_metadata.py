"""The guards of what a provider publishes: what is kept of it, for how long, and what is asked for once."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from socialreg import metadata as guarded
from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError, Refused, Unavailable
from socialreg.metadata import Metadata
from socialreg.store import Memory
from tests.test_oauth1 import Scripted

ISSUER = "https://op.example"
WELL_KNOWN, JWKS = f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/jwks"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint")
RSA = {"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}
NOW = 2_000_000_000.0


class Clerk(Memory):
    """A store that writes down what is marked, for how long, and what is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[tuple[str, int]] = []
        self.written: dict[str, object] = {}

    def add(self, key: str, seconds: int) -> bool:
        self.marked.append((key, seconds))
        return super().add(key, seconds)

    def set(self, key: str, value: object, seconds: int) -> None:
        self.written[key] = value
        super().set(key, value, seconds)


def said(value: object, status: int = 200) -> Answer:
    return Answer(status, "GET op.example/x", {}, json.dumps(value).encode())


def reading(*answers: Answer, store: Memory | None = None) -> tuple[Metadata, Scripted]:
    transport = Scripted(*answers)
    return Metadata(transport, store or Memory()), transport


def document(*answers: Answer) -> object:
    return reading(*answers)[0].document(WELL_KNOWN, lambda issuer: issuer == ISSUER)


def keys(*given: object) -> list[object]:
    return list(reading(said({"keys": list(given)}))[0].key_set(JWKS))


@pytest.fixture
def clock(monkeypatch):
    """``clock.now`` is what time it is."""
    clock = SimpleNamespace(now=NOW)
    monkeypatch.setattr(guarded, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


class TestDocument:
    def test_of_a_document_what_is_used_is_kept(self):
        endpoints = {name: f"{ISSUER}/{name}" for name in ENDPOINTS}
        methods = ["private_key_jwt", "client_secret_post", "client_secret_basic", "none"]
        found = document(
            said({"issuer": ISSUER, **endpoints, "token_endpoint_auth_methods_supported": methods, "more": 1})
        )
        assert found == {
            "issuer": ISSUER,
            **endpoints,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": False,
        }

    @pytest.mark.parametrize("value", [None, 7, ["x"]])
    def test_one_that_names_no_issuer_is_none(self, value):
        with pytest.raises(BadAnswer):
            document(said({"issuer": value}))

    def test_another_issuers_is_a_wrong_setting(self):
        with pytest.raises(ConfigurationError) as raised:
            document(said({"issuer": f"{ISSUER}/"}))
        assert raised.value.code == "issuer"

    @pytest.mark.parametrize(
        ("status", "kind", "asked"),
        [(499, Refused, 1), (500, Unavailable, 2), (429, Unavailable, 1), (430, Refused, 1), (299, None, 1)],
    )
    def test_trouble_is_told_from_a_wrong_address_and_asked_about_once_more(self, status, kind, asked):
        metadata, transport = reading(*[said({"issuer": ISSUER}, status)] * 3)
        if kind is None:
            metadata.document(WELL_KNOWN, bool)
        else:
            with pytest.raises(kind):
                metadata.document(WELL_KNOWN, bool)
        assert len(transport.sent) == asked


class TestKeys:
    def test_of_a_key_what_is_public_and_of_use_is_kept(self):
        members = {name: name for name in ("kid", "alg", "use", "crv", "n", "e", "x", "y", "issuer")}
        for kind in ("RSA", "EC", "OKP"):
            used = {"kty": kind, **members, "key_ops": ["verify"]}
            assert keys({**used, "d": "s3cret", "k": "s3cret", "x5c": ["x"]}) == [used]

    @pytest.mark.parametrize("name", ["kid", "alg", "use", "crv", "n", "e", "x", "y", "issuer"])
    @pytest.mark.parametrize("value", [7, None, ["x"], "x" * 2732])
    def test_a_damaged_one_is_passed_over(self, name, value):
        assert keys({**RSA, name: value}, RSA) == [RSA]

    def test_a_member_may_have_as_many_characters_as_the_largest_modulus(self):
        large = {**RSA, "n": "x" * 2731}
        assert keys(large) == [large]

    @pytest.mark.parametrize("given", [None, "RSA", [], 7, {}, {"kty": "oct"}, {"kty": "rsa"}, {"kty": None}])
    def test_what_is_no_key_is_passed_over(self, given):
        assert keys(given, RSA) == [RSA]
        with pytest.raises(BadAnswer):
            keys(given)

    def test_a_hundred_are_looked_at(self):
        assert len(keys(*[RSA] * 101)) == 100
        with pytest.raises(BadAnswer):
            keys(*[None] * 100, RSA)

    @pytest.mark.parametrize("value", [None, {"kty": "RSA"}, "RSA", 7])
    def test_a_set_is_a_list(self, value):
        with pytest.raises(BadAnswer):
            reading(said({"keys": value}))[0].key_set(JWKS)

    def test_asking_anew_is_marked_for_a_minute_and_fails_without_a_second_question(self, caplog):
        store = Clerk()
        metadata, transport = reading(said({"keys": [RSA]}), *[said({}, 500)] * 9, store=store)
        assert metadata.key_set(JWKS) == [RSA]
        for _ in range(4):
            assert metadata.key_set_again(JWKS) == [RSA]
        assert len(transport.sent) == 3
        assert {seconds for _, seconds in store.marked} == {60}
        assert len({key for key, _ in store.marked}) == 2
        assert "No newer keys" in caplog.text

    def test_keys_that_are_read_later_are_those_of_their_address(self):
        metadata, transport = reading(said({"keys": [RSA]}), said({"keys": [{**RSA, "kid": "2"}]}))
        remote = metadata.keys(JWKS)
        assert transport.sent == []
        assert remote.current() == [RSA]
        assert remote.again() == [{**RSA, "kid": "2"}]
        assert {url for _, url, _, _ in transport.sent} == {JWKS}


class TestCopies:
    def test_an_hour_is_fresh_and_a_day_more_is_of_use_to_the_second(self, clock, caplog):
        store = Clerk()
        metadata, transport = reading(said({"keys": [RSA]}), *[said({}, 404)] * 9, store=store)
        metadata.key_set(JWKS)
        clock.now = NOW + 3599
        assert metadata.key_set(JWKS) == [RSA]
        assert (len(transport.sent), store.marked) == (1, [])
        clock.now = NOW + 3600
        assert metadata.key_set(JWKS) == metadata.key_set(JWKS) == [RSA]
        assert (len(transport.sent), {seconds for _, seconds in store.marked}) == (2, {60})
        assert "fetched 60 minutes ago" in caplog.text
        clock.now = NOW + 90_000
        with pytest.raises(Refused):
            metadata.key_set(JWKS)

    def test_the_last_second_of_that_day_counts(self, clock):
        metadata, _ = reading(said({"keys": [RSA]}), said({}, 404))
        metadata.key_set(JWKS)
        clock.now = NOW + 89_999
        assert metadata.key_set(JWKS) == [RSA]

    def test_while_there_is_a_copy_a_provider_in_trouble_is_asked_once(self, clock):
        metadata, transport = reading(said({"keys": [RSA]}), *[said({}, 500)] * 3)
        metadata.key_set(JWKS)
        clock.now = NOW + 3600
        assert metadata.key_set(JWKS) == [RSA]
        assert len(transport.sent) == 2

    def test_a_copy_of_this_very_second_is_fresh_and_one_of_the_future_is_not(self, clock):
        metadata, transport = reading(*[said({"keys": [RSA]})] * 3)
        metadata.key_set(JWKS)
        metadata.key_set(JWKS)
        assert len(transport.sent) == 1
        clock.now = NOW - 1
        metadata.key_set(JWKS)
        assert len(transport.sent) == 2

    def test_one_that_is_neither_a_document_nor_a_key_set_is_not_taken(self):
        store = Clerk()
        metadata, transport = reading(said({"keys": [RSA]}), said({"issuer": ISSUER}), store=store)
        metadata.key_set(JWKS)
        assert metadata.document(JWKS, lambda issuer: issuer == ISSUER)["issuer"] == ISSUER
        assert len(transport.sent) == 2

    def test_what_is_kept_says_when_it_came_and_goes_by_the_whole_address(self, clock):
        store = Clerk()
        metadata, _ = reading(*[said({"keys": [RSA]})] * 3, store=store)
        for address in (JWKS, JWKS.upper(), f"{JWKS}/"):
            metadata.key_set(address)
        assert list(store.written.values()) == [{"value": {"keys": [RSA]}, "at": NOW}] * 3
        assert all(key.startswith("socialreg.metadata:1:") for key in store.written)

    @pytest.mark.parametrize("kept", [None, 7, "x"])
    def test_what_somebody_else_left_there_is_no_copy(self, kept):
        class Strange(Memory):
            def get(self, key: str) -> object:
                return kept

        metadata, transport = reading(said({"keys": [RSA]}), store=Strange())
        assert metadata.key_set(JWKS) == [RSA]
        assert len(transport.sent) == 1
