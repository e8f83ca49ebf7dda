"""Discovery documents and key sets: fetched once in an hour, of some use for another day, never another provider's."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from socialreg.exceptions import BadAnswer, ConfigurationError, ProviderError, Refused, SocialRegError, Unavailable
from socialreg.http import Client
from socialreg.jws import Keys
from socialreg.metadata import FRESH, STALE, Metadata, RemoteKeys
from socialreg.store import Memory
from tests.op import DISCOVERY, GONE, JWKS, OP, ec_key, rsa_key
from tests.servers import Peer, Server, answer, keep_alive

HOUR, DAY = 3600, 86_400


@pytest.fixture
def metadata(op: OP) -> Metadata:
    return Metadata(op.client(), Memory())


class Forgetful(Memory):
    """A store whose marks are gone at once: as if more than a minute had passed since."""

    def add(self, key: str, seconds: int) -> bool:
        return True


def document(metadata: Metadata, op: OP, path: str = ""):
    return metadata.document(f"{op.issuer}{path}{DISCOVERY}", lambda issuer: issuer == op.issuer + path)


def keys(metadata: Metadata, op: OP) -> RemoteKeys:
    return metadata.keys(op.issuer + JWKS)


def names(found) -> list[object]:
    return [key["kid"] for key in found]


class TestDocument:
    def test_it_is_reduced_to_what_is_used(self, metadata, op):
        op.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post", 7], "claims_supported": ["sub"]}
        assert document(metadata, op) == {
            "issuer": op.issuer,
            "authorization_endpoint": f"{op.issuer}/authorize",
            "token_endpoint": f"{op.issuer}/token",
            "userinfo_endpoint": f"{op.issuer}/userinfo",
            "jwks_uri": f"{op.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }

    @pytest.mark.parametrize(
        "value",
        [
            *(GONE, None, 7, True, [], {}, "", "/token", "//op.example/", "javascript:alert(1)", "data:,x"),
            *("https://u:p@evil.example/", "https://op.example/\r\nX: y", "https://op.example/ x"),
            "https://op.example/" + "x" * 2000,
        ],
    )
    @pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"])
    def test_an_endpoint_that_is_no_address_is_left_out(self, metadata, op, name, value):
        op.metadata = {name: value}
        found = document(metadata, op)
        assert name not in found
        assert len(found) == 5

    @pytest.mark.parametrize("value", [GONE, None, False, "true", 1, ["true"]])
    def test_a_promise_is_json_true_alone(self, metadata, op, value):
        op.metadata = {"authorization_response_iss_parameter_supported": value}
        assert document(metadata, op)["authorization_response_iss_parameter_supported"] is False

    @pytest.mark.parametrize("value", [GONE, None, "client_secret_basic", {}, 7])
    def test_authentication_methods_that_are_no_list_are_left_out(self, metadata, op, value):
        op.metadata = {"token_endpoint_auth_methods_supported": value}
        assert "token_endpoint_auth_methods_supported" not in document(metadata, op)

    @pytest.mark.parametrize("issuer", ["https://evil.example", "{}/", "{}/tenant", "", "{}\n"])
    def test_another_issuers_is_refused_at_the_start_and_not_kept(self, metadata, op, issuer):
        op.metadata = {"issuer": issuer.format(op.issuer)}
        for _ in range(2):
            with pytest.raises(ConfigurationError) as raised:
                document(metadata, op)
            assert raised.value.code == "issuer"
            assert "ISSUER" in raised.value.remedy
            assert "evil" not in str(raised.value)
        assert op.count(DISCOVERY) == 2
        op.reset()
        assert document(metadata, op)["issuer"] == op.issuer

    def test_a_copy_is_not_taken_by_whoever_expects_another_issuer(self, metadata, op):
        document(metadata, op)
        with pytest.raises(ConfigurationError):
            metadata.document(op.issuer + DISCOVERY, lambda issuer: issuer == "https://other.example")
        assert document(metadata, op)["issuer"] == op.issuer

    def test_two_tenants_never_share(self, op):
        """Row 18: addresses that differ in one letter, or in its case, are two."""
        bodies = {f"/{tenant}{DISCOVERY}": tenant for tenant in ("t1", "t2", "T1")}
        metadata = Metadata(op.client(), Memory())
        for path, tenant in bodies.items():
            op.broken[path] = (200, json.dumps({"issuer": f"{op.issuer}/{tenant}"}).encode())
        for _ in range(2):
            for tenant in bodies.values():
                assert document(metadata, op, f"/{tenant}") == {
                    "issuer": f"{op.issuer}/{tenant}",
                    "authorization_response_iss_parameter_supported": False,
                }
        assert len(op.requests) == 3


DOCUMENTS = [
    b"",
    b"<html>Sign in to the guest network</html>",
    b"null",
    b"[]",
    b'"x"',
    b"7",
    b"{",
    b"{}",
    b'{"issuer": null}',
    b'{"issuer": 7}',
    b'{"issuer": ["x"]}',
    b'{"issuer": NaN}',
    b'{"issuer": "x", "issuer": "x"}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"\xff\xfe",
    b'{"keys": "x"}',
    b'{"keys": {}}',
    b'{"keys": null}',
    b'{"keys": []}',
    b'{"keys": [null, 7, "x", [], {}]}',
    b'{"keys": [{"kty": "oct", "kid": "x", "k": "c2VjcmV0"}]}',
    b'{"keys": [{"kty": 7}, {"kty": ["RSA"]}, {"kty": {}}, {"kty": null}]}',
    b'{"keys": [{"kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB"}]}',
    b'{"keys": [{"kty": "RSA", "kid": "x", "n": "' + b"A" * 2732 + b'", "e": "AQAB"}]}',
    b'{"keys": [{"kty": "RSA", "use": 7, "n": "AQAB", "e": "AQAB"}, {"kty": "RSA", "alg": null}]}',
]


@pytest.mark.parametrize("body", DOCUMENTS, ids=lambda body: repr(body[:40]))
def test_what_is_neither_a_document_nor_a_key_set_is_a_typed_error_and_not_kept(metadata, op, body):
    op.broken = {DISCOVERY: (200, body), JWKS: (200, body)}
    for read in (lambda: document(metadata, op), keys(metadata, op).current, keys(metadata, op).again):
        with pytest.raises(BadAnswer) as raised:
            read()
        assert raised.value.remedy
    op.reset()
    assert document(metadata, op)["issuer"] == op.issuer
    assert names(keys(metadata, op).current()) == ["rsa-1"]


@pytest.mark.parametrize(
    ("status", "error", "requests"),
    [
        *((status, Refused, 1) for status in (400, 401, 404)),
        (429, Unavailable, 1),
        *((status, Unavailable, 2) for status in (500, 503)),
        *((status, BadAnswer, 1) for status in (301, 302, 307, 308)),
    ],
)
def test_any_status_but_success_is_an_error_and_trouble_is_tried_once_more(metadata, op, status, error, requests):
    op.broken = {DISCOVERY: (status, b"{}"), JWKS: (status, b"{}")}
    for read in (lambda: document(metadata, op), keys(metadata, op).current):
        with pytest.raises(error) as raised:
            read()
        assert str(status) in str(raised.value)
        assert raised.value.remedy
    assert len(op.requests) == 2 * requests


def test_a_redirect_is_not_followed(op):
    """Row 17, CVE-2026-102267."""
    with Server(keep_alive()) as other:
        with Server(keep_alive("302 Found", headers={"Location": other.url})) as server:
            client = Client(private_hosts=frozenset({server.netloc, other.netloc}), plain_http=True)
            for read in (Metadata(client, Memory()).keys(server.url).current,):
                with pytest.raises(BadAnswer, match="redirect"):
                    read()
            client.close()
        assert other.connections == 0


@pytest.mark.parametrize("address", ["http://op.example/jwks", "ftp://op.example/jwks", "javascript:1", "/jwks", ""])
def test_nothing_but_https_is_asked(address):
    client = Client()
    metadata = Metadata(client, Memory())
    for read in (
        lambda: metadata.document(address, bool),
        metadata.keys(address).current,
        metadata.keys(address).again,
    ):
        with pytest.raises(ConfigurationError):
            read()


class TestCopies:
    def test_a_hundred_logins_are_one_request_each(self, metadata, op):
        for _ in range(100):
            document(metadata, op)
            assert names(keys(metadata, op).current()) == ["rsa-1"]
        assert op.paths == [DISCOVERY, JWKS]

    def test_nothing_is_asked_before_keys_are_read(self, metadata, op):
        found: Keys = keys(metadata, op)
        assert op.requests == []
        assert found.current()

    def test_workers_share_what_is_in_the_store(self, op):
        store = Memory()
        for _ in range(2):
            document(Metadata(op.client(), store), op)
        assert len(op.requests) == 1

    def test_after_an_hour_they_are_fetched_anew(self, metadata, op, later):
        document(metadata, op)
        later(FRESH - 5)
        document(metadata, op)
        assert op.count(DISCOVERY) == 1
        op.metadata = {"token_endpoint": "https://new.example/token"}
        later(10)
        assert document(metadata, op)["token_endpoint"] == "https://new.example/token"
        document(metadata, op)
        assert op.count(DISCOVERY) == 2

    def test_many_at_once_make_one_request_when_the_hour_is_over(self, metadata, op, later):
        document(metadata, op)
        later(FRESH + 1)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: document(metadata, op)["issuer"], range(64)))
        assert found == [op.issuer] * 64
        assert op.count(DISCOVERY) == 2

    @pytest.mark.parametrize(
        "broken",
        [
            (500, b""),
            (404, b"{}"),
            (200, b"<html>"),
            (200, b"{}"),
            (200, b'{"issuer": "https://evil.example"}'),
            (302, b""),
        ],
        ids=str,
    )
    def test_while_a_provider_is_down_copies_serve_for_a_day_with_a_warning_and_one_request_a_minute(
        self, metadata, op, later, caplog, broken
    ):
        known, known_keys = document(metadata, op), keys(metadata, op).current()
        op.broken = {DISCOVERY: broken, JWKS: broken}
        later(FRESH + STALE - 5)
        for _ in range(10):
            assert document(metadata, op) == known
            assert keys(metadata, op).current() == known_keys
        assert op.paths == [DISCOVERY, JWKS, DISCOVERY, JWKS]
        assert [record.levelno for record in caplog.records if record.name == "socialreg.metadata"] == [
            logging.WARNING
        ] * 2
        assert "evil" not in caplog.text
        later(10)
        with pytest.raises(SocialRegError):
            document(metadata, op)
        with pytest.raises(SocialRegError):
            keys(metadata, op).current()

    def test_a_provider_that_is_back_is_heard_at_the_next_attempt(self, op, later):
        metadata = Metadata(op.client(), Forgetful())
        document(metadata, op)
        later(2 * HOUR)
        op.broken = {DISCOVERY: (503, b"")}
        document(metadata, op)
        op.reset()
        op.metadata = {"token_endpoint": "https://new.example/token"}
        assert document(metadata, op)["token_endpoint"] == "https://new.example/token"
        assert op.count(DISCOVERY) == 1

    def test_a_clock_that_was_set_back_hurts_nobody(self, metadata, op, later):
        document(metadata, op)
        later(-2 * DAY)
        op.broken = {DISCOVERY: (503, b"")}
        assert document(metadata, op)["issuer"] == op.issuer
        assert op.count(DISCOVERY) == 2

    def test_a_provider_that_fell_silent_costs_two_seconds_where_there_is_a_copy(self, later):
        def once(peer: Peer) -> None:
            while peer.request():
                if len(peer.server.requests) > 1:
                    peer.hush()
                peer.say(answer(body=b'{"issuer": "https://op.example"}'))

        with Server(once) as server:
            client = Client(private_hosts=frozenset({server.netloc}), plain_http=True)
            metadata = Metadata(client, Memory())
            assert metadata.document(server.url, bool)["issuer"] == "https://op.example"
            later(FRESH + 1)
            began = time.monotonic()
            assert metadata.document(server.url, bool)["issuer"] == "https://op.example"
            assert 1.9 < time.monotonic() - began < 4.5
            client.close()

    def test_what_is_in_the_store_is_kept_a_day_longer_than_it_is_fresh(self, op):
        kept = {}

        class Noted(Memory):
            def set(self, key: str, value: object, seconds: int) -> None:
                kept[key] = (value, seconds)
                super().set(key, value, seconds)

        metadata = Metadata(op.client(), Noted())
        document(metadata, op)
        keys(metadata, op).current()
        assert [seconds for _, seconds in kept.values()] == [HOUR + DAY] * 2
        assert json.loads(json.dumps([value for value, _ in kept.values()]))


class TestKeys:
    def test_they_are_reduced_to_public_members(self, metadata, op):
        op.keys = [{**rsa_key().jwk(), "d": "secret", "p": "secret", "x5c": ["AAAA"], "x5t": "x"}, ec_key().jwk()]
        assert keys(metadata, op).current() == [rsa_key().jwk(), ec_key().jwk()]

    def test_damaged_ones_and_those_of_other_kinds_are_passed_over(self, metadata, op):
        odd = [
            None,
            7,
            {},
            {"kty": "oct", "k": "AAAA"},
            rsa_key(2).jwk(use=7),
            rsa_key(3).jwk(kid=["x"]),
            {"kty": ["RSA"]},
        ]
        op.keys = [*odd, rsa_key().jwk(key_ops=["verify"])]
        assert keys(metadata, op).current() == [rsa_key().jwk(key_ops=["verify"])]

    def test_a_hundred_are_looked_at(self, metadata, op):
        op.keys = [rsa_key().jwk(kid=str(number)) for number in range(200)]
        assert names(keys(metadata, op).current()) == [str(number) for number in range(100)]

    def test_new_ones_are_fetched_at_most_twice_in_a_minute_by_all_workers(self, op):
        """Row 12: 100 tokens with unknown keys."""
        store = Memory()
        assert names(keys(Metadata(op.client(), store), op).current()) == ["rsa-1"]
        op.key = rsa_key(2)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: keys(Metadata(op.client(), store), op).again(), range(100)))
        assert op.count(JWKS) == 3
        assert names(keys(Metadata(op.client(), store), op).current()) == ["rsa-2"]
        op.key = rsa_key(3)
        assert names(keys(Metadata(op.client(), store), op).again()) == ["rsa-2"]

    def test_two_key_sets_have_a_limit_each(self, metadata, op):
        for number in range(4):
            op.broken[f"/{number}"] = (200, json.dumps({"keys": [rsa_key(number).jwk()]}).encode())
            assert names(metadata.keys(f"{op.issuer}/{number}").again()) == [f"rsa-{number}"]

    def test_if_that_does_not_work_the_known_ones_serve(self, metadata, op, caplog):
        keys(metadata, op).current()
        op.broken = {JWKS: (500, b"")}
        assert names(keys(metadata, op).again()) == ["rsa-1"]
        assert op.count(JWKS) == 2
        assert "No newer keys" in caplog.text

    def test_if_there_are_none_the_error_says_so(self, metadata, op):
        op.broken = {JWKS: (404, b"")}
        with pytest.raises(ProviderError) as raised:
            keys(metadata, op).again()
        assert "JWKS_URL" in raised.value.remedy
