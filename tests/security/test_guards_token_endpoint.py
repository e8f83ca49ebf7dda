"""The guards of the token endpoint: who asks there, what a refusal means, and what is kept where nothing new came."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError, ProviderError, Refused, Revoked, Unavailable
from socialreg.meanings import Meaning
from socialreg.tokens import Tokens
from socialreg.types import Credentials
from tests.security.test_guards_authorization_code import APP, Example
from tests.test_oauth1 import Scripted

REVOKE = "https://example.com/revoke"
OLD = Credentials("7", "ann", token="old-t0ken", refresh_token="old-r3fresh", expires_at=1, scope="read write")
NEW = {"access_token": "new", "refresh_token": "newer", "expires_in": 60, "scope": "read"}


class Wordy(Example):
    """One that says its own code in a header, and needs one of ours."""

    token_headers = {"X-Api": "1", "Accept": "text/plain"}
    meanings = {"its_own": Meaning("c", "r", "unavailable")}

    def error_code(self, answer: Answer) -> str:
        if answer.body == b"":
            raise answer.unusable("it is empty")
        return answer.headers.get("x-error", "")


class Jealous(Example):
    """One whose refreshed tokens say whose they are."""

    refusal: ProviderError | ConfigurationError | None = None

    def check_refreshed(self, credentials: Credentials, tokens: Tokens) -> None:
        if self.refusal is not None:
            raise self.refusal


def said(value: object, status: int = 200, **headers: str) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, "POST example.com/token", headers, body)


def provider(*answers: Answer, kind: type[Example] = Example, **options: object) -> Example:
    return kind({**APP, **options}, Scripted(*answers))


def asked(example: Example) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    """Return what was sent: the method, where to, the headers, and the form."""
    sent = example.transport.sent  # type: ignore[attr-defined]
    return [(method, url, headers, dict(parse_qsl(body.decode()))) for method, url, headers, body in sent]


class TestClient:
    def test_it_is_basic_unless_something_else_is_said(self):
        example = provider(said(NEW))
        example.refresh(OLD)
        [(method, url, headers, form)] = asked(example)
        assert not example.transport.sent[0][3].endswith(b"&")  # type: ignore[attr-defined]
        assert (method, url) == ("POST", APP["TOKEN_URL"])
        assert headers["Authorization"] == f"Basic {base64.b64encode(b'an-id:a-s3cret').decode()}"
        assert form == {"grant_type": "refresh_token", "refresh_token": "old-r3fresh"}

    @pytest.mark.parametrize(
        ("method", "more"),
        [
            ("client_secret_post", {"client_id": "an-id", "client_secret": "a-s3cret"}),
            ("none", {"client_id": "an-id"}),
        ],
    )
    def test_else_it_is_in_the_form(self, method, more):
        example = provider(said(NEW), TOKEN_ENDPOINT_AUTH_METHOD=method)
        example.refresh(OLD)
        [(_, _, headers, form)] = asked(example)
        assert "Authorization" not in headers
        assert form == {"grant_type": "refresh_token", "refresh_token": "old-r3fresh", **more}

    def test_a_public_one_needs_no_secret_and_any_other_does(self):
        public = Example({**APP, "TOKEN_ENDPOINT_AUTH_METHOD": "none", "CLIENT_SECRET": ""}, Scripted())
        assert "CLIENT_SECRET" not in public.required_options
        assert "CLIENT_ID" in public.required_options
        assert "CLIENT_SECRET" in provider().required_options
        with pytest.raises(ConfigurationError):
            provider(TOKEN_ENDPOINT_AUTH_METHOD="another")

    def test_what_its_endpoint_needs_is_added_and_replaces_nothing_of_the_protocol(self):
        example = provider(said(NEW), kind=Wordy)
        example.refresh(OLD)
        [(_, _, headers, _)] = asked(example)
        assert (headers["X-Api"], headers["Accept"]) == ("1", "application/json")


class TestRefresh:
    def test_all_that_is_new_takes_the_place_of_what_was(self):
        fresh = provider(said(NEW)).refresh(OLD)
        assert (fresh.token, fresh.refresh_token, fresh.scope) == ("new", "newer", "read")
        assert fresh.expires_at is not None
        assert fresh.expires_at > 1
        assert (fresh.uid, fresh.username) == ("7", "ann")

    def test_what_is_not_handed_out_anew_stays_but_for_when_it_ends(self):
        fresh = provider(said({"access_token": "new"})).refresh(OLD)
        assert (fresh.token, fresh.refresh_token, fresh.scope, fresh.expires_at) == (
            "new",
            "old-r3fresh",
            "read write",
            None,
        )

    def test_without_a_refresh_token_nobody_is_asked(self):
        example = provider()
        with pytest.raises(Refused):
            example.refresh(Credentials("7", token="t"))
        assert asked(example) == []

    @pytest.mark.parametrize("code", ["invalid_grant", "invalid_token"])
    def test_a_token_that_is_dead_is_told_from_a_refusal(self, code):
        with pytest.raises(Revoked) as raised:
            provider(said({"error": code}, 400)).refresh(OLD)
        assert (raised.value.code, raised.value.__suppress_context__) == (code, True)

    def test_any_other_refusal_leaves_it_alive(self):
        with pytest.raises(ProviderError) as raised:
            provider(said({"error": "unauthorized_client"}, 400)).refresh(OLD)
        assert not isinstance(raised.value, Revoked)

    def test_an_error_is_one_whatever_its_status(self):
        with pytest.raises(Revoked):
            provider(said({"error": "invalid_grant", **NEW})).refresh(OLD)

    @pytest.mark.parametrize("kind", [Refused, Unavailable, ConfigurationError])
    def test_who_says_no_after_the_token_was_spent_does_not_leave_it_alive(self, kind):
        example = provider(said(NEW), kind=Jealous)
        example.refusal = kind("It failed", cause="a cause", remedy="a remedy", code="its-code")  # type: ignore[attr-defined]
        with pytest.raises(BadAnswer) as raised:
            example.refresh(OLD)
        error = raised.value
        assert (error.failed, error.cause, error.remedy, error.code) == (
            "It failed",
            "a cause",
            "a remedy",
            "its-code",
        )
        assert error.__suppress_context__

    def test_a_refresh_token_is_taken_for_spent_unless_a_class_knows_better(self):
        assert Example.spends_refresh_tokens is True

    def test_who_says_nothing_lets_them_through(self):
        assert provider(said(NEW), kind=Jealous).refresh(OLD).token == "new"


class TestRevoke:
    def test_one_token_is_enough_and_the_refresh_token_comes_first(self):
        example = provider(said({}), REVOCATION_URL=REVOKE)
        assert example.revoke(OLD) is True
        [(method, url, headers, form)] = asked(example)
        assert (method, url) == ("POST", REVOKE)
        assert headers["Authorization"].startswith("Basic ")
        assert form == {"token": "old-r3fresh", "token_type_hint": "refresh_token"}

    def test_without_one_it_is_the_access_token(self):
        example = provider(said({}), REVOCATION_URL=REVOKE)
        assert example.revoke(Credentials("7", token="t0ken")) is True
        assert [form for _, _, _, form in asked(example)] == [{"token": "t0ken", "token_type_hint": "access_token"}]

    def test_a_kind_that_is_not_revoked_leaves_the_other(self):
        no = said({"error": "unsupported_token_type"}, 400)
        example = provider(no, said({}), REVOCATION_URL=REVOKE)
        assert example.revoke(OLD) is True
        assert [form["token_type_hint"] for _, _, _, form in asked(example)] == ["refresh_token", "access_token"]
        assert provider(no, no, REVOCATION_URL=REVOKE).revoke(OLD) is False

    def test_one_that_is_dead_already_is_revoked(self):
        example = provider(said({"error": "invalid_token"}, 400), REVOCATION_URL=REVOKE)
        assert example.revoke(OLD) is True
        assert len(asked(example)) == 1

    def test_any_other_error_is_one(self):
        with pytest.raises(ProviderError):
            provider(said({"error": "invalid_client"}, 401), REVOCATION_URL=REVOKE).revoke(OLD)

    def test_without_a_place_or_a_token_nobody_is_asked(self):
        for credentials, options in ((OLD, {}), (Credentials("7"), {"REVOCATION_URL": REVOKE})):
            example = provider(**options)
            assert example.revoke(credentials) is False
            assert asked(example) == []


class TestErrors:
    def test_a_code_of_its_own_counts_where_it_means_something(self):
        example = provider(kind=Wordy)
        assert isinstance(example.error_from(said({}, 400, **{"x-error": "its_own"})), Unavailable)
        assert isinstance(example.error_from(said({"error": "x"}, 400, **{"x-error": "invalid_grant"})), Refused)

    def test_an_answer_that_cannot_be_read_has_none_and_is_still_an_error(self):
        error = provider(kind=Wordy).error_from(said(b"", 500))
        assert isinstance(error, Unavailable)

    def test_it_has_none_unless_it_says_so(self):
        assert provider().error_code(said({"error": "x"}, 400)) == ""
