"""The guards of OAuth 2.0: whose profile it is, what an error is, and which address is relied on."""

from __future__ import annotations

import json

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError, ProviderError, Refused, Revoked, Unavailable
from socialreg.tokens import Tokens
from socialreg.types import Call, Credentials, Email, Profile
from tests.security.test_guards_authorization_code import APP, Example
from tests.test_oauth1 import Scripted

TOKENS = Tokens("t0ken", "r3fresh", 123, "read", {})
MARA = Credentials("7", "ann", token="t0ken")
MAP = {"username": "login", "full_name": "name", "email": "mail", "email_verified": "checked", "picture": "face"}


class Mapped(Example):
    profile_map = {"uid": "id", **MAP}
    api_headers = {"X-Api": "1"}
    profile_params = {"fields": "a,b"}


class Dying(Mapped):
    """One that says in words when a token is dead, also with status 200."""

    def error_of(self, answer: Answer) -> Revoked | None:
        return Revoked("It is dead", cause="c", remedy="r") if b"dead" in answer.body else None


def said(value: object, status: int = 200) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, "GET example.com/me", {}, body)


def mapped(*answers: Answer, kind: type[Example] = Mapped, **options: object) -> Example:
    return kind({**APP, **options}, Scripted(*answers))


def requests_of(example: Example) -> list[tuple[str, str, dict[str, str]]]:
    return [(method, url, headers) for method, url, headers, _ in example.transport.sent]  # type: ignore[attr-defined]


def test_the_call_for_a_profile_carries_the_token_in_its_header_alone():
    example = mapped(said({"id": 7}))
    assert example.read_profile("t0ken") == {"id": 7}
    headers = {"X-Api": "1", "Authorization": "Bearer t0ken"}
    assert requests_of(example) == [("GET", "https://example.com/me?fields=a%2Cb", headers)]


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("https://e.example/a", {"b": "1"}, "https://e.example/a?b=1"),
        ("https://e.example/a?c=2", {"b": "1"}, "https://e.example/a?c=2&b=1"),
        ("https://e.example/a", None, "https://e.example/a"),
    ],
)
def test_a_query_is_added_to_what_is_there(url, params, expected):
    example = mapped(said({}))
    example.get(url, "t0ken", params)
    assert requests_of(example)[0][1] == expected


@pytest.mark.parametrize(("status", "error"), [(401, Refused), (503, Unavailable), (403, ProviderError)])
def test_an_error_is_no_profile(status, error):
    with pytest.raises(error):
        mapped(said({"id": 7}, status)).read_profile("t0ken")


def test_nor_is_an_error_that_comes_with_status_200():
    with pytest.raises(ProviderError):
        mapped(said({"id": 7, "error": "invalid_token"})).read_profile("t0ken")


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": True}, {"id": ""}, {"id": {"a": 1}}], ids=repr)
def test_a_profile_that_identifies_nobody_is_nobodys(data):
    with pytest.raises(BadAnswer) as raised:
        mapped().credentials_of(TOKENS, data, "profile")
    assert raised.value.code == "uid"


def test_credentials_hold_all_that_was_handed_out_and_the_profile_for_one_step():
    data = {"id": 7, "login": "ann"}
    assert mapped().credentials_of(TOKENS, data, "profile") == Credentials(
        "7", "ann", "t0ken", refresh_token="r3fresh", expires_at=123, scope="read", extra={"profile": data}
    )


def test_who_is_kept_out_gets_no_credentials():
    class Closed(Mapped):
        def admit(self, data):
            raise Refused("Kept out", cause="c", remedy="r")

    with pytest.raises(Refused):
        mapped(kind=Closed).credentials_of(TOKENS, {"id": 7}, "profile")


@pytest.mark.parametrize("uid", ["login", ""])
def test_no_setting_says_who_somebody_is_where_the_class_does(uid):
    with pytest.raises(ConfigurationError) as raised:
        mapped(PROFILE_MAP={"uid": uid})
    assert raised.value.code == "option-value"


def test_a_setting_adds_to_the_map_and_takes_away():
    example = mapped(PROFILE_MAP={"uid": "id", "full_name": "", "locale": "lang"})
    assert example.profile_map == {"uid": "id", **MAP, "full_name": "", "locale": "lang"}


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"PROFILE_URL": "http://127.0.0.1:1/me"}, "http://127.0.0.1:1/a.png"),
        ({"PROFILE_URL": "", "ISSUER": "http://127.0.0.1:2"}, "http://127.0.0.1:2/a.png"),
    ],
)
def test_without_https_a_picture_is_taken_from_the_providers_own_address_alone(options, address):
    assert mapped(**options).profile_of({"id": 7, "face": address}).picture == address
    assert mapped(**options).profile_of({"id": 7, "face": "http://127.0.0.1:3/a.png"}).picture == ""


class TestCalls:
    def test_no_call_brings_an_authorization_of_its_own(self):
        call = Call("GET", "https://example.com/a", {"AUTHORIZATION": "mine", "X-API": "2", "X-Own": "3"}, None)
        assert mapped().prepare(MARA, call).headers == {"X-API": "2", "X-Own": "3", "Authorization": "Bearer t0ken"}

    def test_what_the_api_needs_is_added(self):
        call = Call("GET", "https://example.com/a", {}, None)
        assert mapped().prepare(MARA, call).headers == {"X-Api": "1", "Authorization": "Bearer t0ken"}

    def test_no_setting_takes_the_place_of_the_token(self):
        example = mapped(said({}), API_HEADERS={"Authorization": "of the settings"})
        example.get("https://example.com/a", "t0ken")
        assert requests_of(example)[0][2] == {"Authorization": "Bearer t0ken"}
        prepared = example.prepare(MARA, Call("GET", "https://example.com/a", {}, None))
        assert prepared.headers == {"Authorization": "Bearer t0ken"}


class TestAlive:
    def test_a_token_that_opens_the_profile_lives(self):
        example = mapped(said({"id": 7}))
        example.check_alive(MARA)
        assert requests_of(example)[0][1:] == (
            "https://example.com/me?fields=a%2Cb",
            {"X-Api": "1", "Authorization": "Bearer t0ken"},
        )

    def test_without_an_address_nobody_can_be_asked(self):
        with pytest.raises(Refused) as raised:
            mapped(PROFILE_URL="").check_alive(MARA)
        assert raised.value.code == "cannot-ask"

    @pytest.mark.parametrize("answer", [said({"dead": 1}, 401), said({"dead": 1})], ids=["401", "200"])
    def test_a_dead_token_is_told_whatever_status_it_comes_with(self, answer):
        with pytest.raises(Revoked):
            mapped(answer, kind=Dying).check_alive(MARA)

    def test_an_error_with_status_200_is_that_of_a_dead_token(self):
        with pytest.raises(ProviderError) as raised:
            mapped(said({"error": "invalid_token"})).check_alive(MARA)
        assert raised.value.__suppress_context__

    def test_trouble_is_no_dead_token(self):
        with pytest.raises(Unavailable):
            mapped(said({}, 503)).check_alive(MARA)


class TestProfile:
    def test_what_was_read_to_learn_the_uid_is_not_read_again(self):
        example = mapped()
        credentials = Credentials("7", "ann", token="t0ken", extra={"profile": {"id": 7, "name": "Ann Ash"}})
        assert example.fetch_profile(credentials).full_name == "Ann Ash"
        assert example.fetch_again(credentials, Profile("7")).full_name == "Ann Ash"
        assert requests_of(example) == []

    def test_else_it_is_read(self):
        example = mapped(said({"id": 7, "name": "Ann Ash"}), said({"id": 7, "name": "Ann Ash"}))
        assert example.fetch_profile(MARA).full_name == "Ann Ash"
        assert example.fetch_again(MARA, Profile("7")).full_name == "Ann Ash"

    @pytest.mark.parametrize("extra", [{}, {"profile": None}, {"profile": ["id"]}], ids=repr)
    def test_what_is_no_profile_tells_what_the_credentials_tell(self, extra):
        assert mapped().profile_from(Credentials("7", "ann", token="t", extra=extra)) == Profile("7", "ann")

    def test_a_profile_without_a_uid_is_nobodys(self):
        assert mapped().profile_of({"name": "Ann Ash"}).uid == ""

    def test_an_address_that_is_known_stays_where_this_step_learns_none(self):
        known = Profile("7", email=Email("kept@example.com", verified=True))
        extra = Credentials("7", token="t", extra={"profile": {"id": 7}})
        assert mapped(EMAILS_URL="https://example.com/mails").fetch_again(extra, known).email == known.email
        assert mapped().fetch_again(extra, known).email is None

    def test_an_address_that_this_step_learns_is_the_newer_one(self):
        known = Profile("7", email=Email("kept@example.com"))
        extra = Credentials("7", token="t", extra={"profile": {"id": 7, "mail": "new@example.com"}})
        again = mapped(EMAILS_URL="https://example.com/mails").fetch_again(extra, known)
        assert again.email == Email("new@example.com")


def mail(address: object, *, primary: object = False, verified: object = False) -> dict[str, object]:
    return {"email": address, "primary": primary, "verified": verified}


A, B = "a@example.com", "b@example.com"


class TestAddresses:
    def fetched(self, *answers: Answer, **options: object) -> Email | None:
        credentials = Credentials("7", token="t0ken", extra={"profile": {"id": 7, "mail": "profile@example.com"}})
        example = mapped(*answers, EMAILS_URL="https://example.com/mails", **options)
        return example.fetch_profile(credentials).email

    @pytest.mark.parametrize(
        ("items", "expected"),
        [
            ([mail(A), mail(B, verified=True)], Email(B, verified=True)),
            ([mail(A, verified=True), mail(B, primary=True, verified=True)], Email(B, verified=True)),
            ([mail(A, primary=True), mail(B, verified=True)], Email(B, verified=True)),
            ([mail(A, primary=True), mail(B)], Email(A)),
            ([mail(A, verified=True), mail(B, verified=True)], Email(A, verified=True)),
            ([mail(A, verified="true"), mail(B, primary=1)], None),
            ([mail(7, verified=True), mail("no address", primary=True)], None),
            ([mail(A), mail(B)], None),
            ([], None),
            ({"email": A, "verified": True}, None),
        ],
    )
    def test_verified_comes_before_primary_and_both_before_the_first(self, items, expected):
        found = self.fetched(said(items))
        assert found == (expected or Email("profile@example.com"))

    @pytest.mark.parametrize("answer", [said({}, 500), said({}, 403), said(b"<html>")], ids=["500", "403", "html"])
    def test_no_login_depends_on_them(self, answer, caplog):
        assert self.fetched(answer) == Email("profile@example.com")

    def test_without_an_address_for_them_nobody_is_asked(self):
        example = mapped()
        credentials = Credentials("7", token="t0ken", extra={"profile": {"id": 7}})
        assert example.fetch_profile(credentials).email is None
        assert requests_of(example) == []

    @pytest.mark.parametrize("value", [{}, {"data": None}, {"data": 7}], ids=repr)
    def test_where_they_are_not_there_are_none(self, value):
        assert self.fetched(said(value), EMAILS_MAP={"items": "data"}) == Email("profile@example.com")

    def test_where_they_are_is_what_the_map_says(self):
        places = {"items": "data", "address": "value", "primary": "first", "verified": "sure"}
        answer = said({"data": [{"value": A, "first": True, "sure": True}]})
        assert self.fetched(answer, EMAILS_MAP=places) == Email(A, verified=True)
