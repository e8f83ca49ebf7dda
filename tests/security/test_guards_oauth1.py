"""The guards of OAuth 1.0a, each at its very edge. No Django in here."""

from __future__ import annotations

from email.utils import formatdate
from urllib.parse import parse_qsl

import pytest
from oauthlib.oauth1.rfc5849 import signature

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, ConfigurationError, Denied, Mismatch, Refused, Revoked, Unavailable
from socialreg.signature import SignedRequest
from socialreg.types import Call, Credentials
from tests.test_oauth1 import GRANTED, PENDING, Example, Scripted, answer, header_of, hmac_sha1, provider, stamps

CALLBACK = "https://site.example/cb/"
MARA = Credentials("7", "ann", token="t0ken", secret="s3cret")
NOW = 1_700_000_000
APP = {"CLIENT_ID": "key", "CLIENT_SECRET": "key-secret"}


class Whole(Example):
    """One whose profile is read, whose tokens can be made good for nothing, and that says when a clock is off."""

    profile_url = "https://example.com/me"
    profile_params = {"skip": "1"}
    profile_map = {"uid": "id", "username": "name", "full_name": "full", "email": "email"}
    invalidate_token_url = "https://example.com/invalidate"

    fetch_profile = Example.__mro__[1].fetch_profile

    def is_clock_error(self, answer: Answer) -> bool:
        return answer.status in {200, 401} and "off" in answer.headers

    def error_of(self, answer: Answer) -> Revoked | None:
        return Revoked("It is dead", cause="c", remedy="r") if answer.status == 401 else None


def whole(*answers: Answer) -> Whole:
    return Whole(APP, Scripted(*answers))


def date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"oauth_token": "a", "denied": "b"}, "a"),
        ({"denied": "b"}, "b"),
        ({"oauth_token": "", "denied": "b"}, "b"),
        ({"state": "c"}, ""),
    ],
)
def test_a_callback_is_named_by_its_request_token(params, key):
    assert provider().correlate(params) == key


@pytest.mark.parametrize("name", ["oauth_token", "oauth_token_secret"])
@pytest.mark.parametrize(("length", "fits"), [(500, True), (501, False)])
def test_a_request_token_has_room_for_500_characters_and_so_has_its_secret(name, length, fits):
    given = {"oauth_token": "t", "oauth_token_secret": "s", name: "x" * length}
    body = f"{'&'.join(f'{key}={value}' for key, value in given.items())}&oauth_callback_confirmed=true"
    example = provider(answer(body))
    if fits:
        redirect = example.authorize(CALLBACK, "login", {})
        assert redirect.pending == {
            "token": given["oauth_token"],
            "secret": given["oauth_token_secret"],
            "callback": CALLBACK,
        }
        return
    with pytest.raises(BadAnswer):
        example.authorize(CALLBACK, "login", {})


@pytest.mark.parametrize("missing", ["oauth_token", "oauth_token_secret"])
def test_a_token_that_is_missing_is_told_apart_from_one_that_does_not_fit(missing):
    with pytest.raises(BadAnswer) as raised:
        provider(answer(GRANTED.replace(f"{missing}=", f"x{missing}="))).authorize(CALLBACK, "login", {})
    assert "no request token" in raised.value.cause


def test_what_a_class_asks_for_is_signed_and_sent_and_replaces_nothing_of_the_protocol():
    class Asking(Example):
        def request_token_params(self, intent, options):
            return {"x_auth_access_type": "read"}

        def authorize_params(self, intent, options):
            return {"screen_name": "a b"}

    example = Asking(APP, Scripted(answer(GRANTED)))
    url = example.authorize(CALLBACK, "login", {}).url
    assert url == "https://example.com/authorize?oauth_token=t&screen_name=a+b"
    ((method, _url, headers, body),) = example.transport.sent
    assert (method, body) == ("POST", b"x_auth_access_type=read")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("token", ["\ud800", "request\udfff"], ids=ascii)
def test_a_request_token_that_is_no_text_is_another_one(token):
    with pytest.raises(Mismatch):
        provider().verify(PENDING, {"oauth_token": token, "oauth_verifier": "v"})


def test_no_request_token_is_anybodys_that_is_empty():
    pending = {**PENDING, "token": ""}
    with pytest.raises(Mismatch):
        provider().verify(pending, {"oauth_token": "", "denied": "", "oauth_verifier": "v"})
    with pytest.raises(Denied):
        provider().verify(PENDING, {"oauth_token": "request", "oauth_verifier": "v", "denied": "request"})


def test_the_remedy_of_an_exchange_that_is_refused_names_the_callback():
    with pytest.raises(Refused) as raised:
        provider(answer("", 401)).verify(PENDING, {"oauth_token": "request", "oauth_verifier": "v"})
    assert PENDING["callback"] in raised.value.remedy


@pytest.mark.parametrize(
    ("body", "named"),
    [("oauth_token=a&oauth_token_secret=b", "id"), ("oauth_token=a&id=7", "token"), ("id=7", "token")],
)
def test_what_an_answer_lacks_is_named(body, named):
    with pytest.raises(BadAnswer) as raised:
        provider(answer(body)).verify(PENDING, {"oauth_token": "request", "oauth_verifier": "v"})
    assert named in raised.value.cause


def is_signed_for_mara(example: Example) -> bool:
    """Whether the one request was signed with the secrets of the app and of the person."""
    ((method, url, headers, _body),) = example.transport.sent  # type: ignore[attr-defined]
    params = [(name, value) for name, value in header_of(headers).items() if name != "oauth_signature"]
    params += parse_qsl(url.partition("?")[2])
    base = signature.signature_base_string(method, url.partition("?")[0], signature.normalize_parameters(params))
    return hmac_sha1(base, "key-secret", "s3cret") == header_of(headers)["oauth_signature"]


class TestProfile:
    def test_it_is_read_with_the_persons_token_and_its_query_is_signed(self):
        example = whole(answer('{"id": 7, "full": "Ann Ash", "email": "ann@example.com"}'))
        profile = example.fetch_profile(MARA)
        assert (profile.uid, profile.username, profile.full_name) == ("7", "ann", "Ann Ash")
        assert profile.email is not None
        assert not profile.email.verified
        ((method, url, headers, body),) = example.transport.sent
        assert (method, url, body) == ("GET", "https://example.com/me?skip=1", None)
        assert header_of(headers)["oauth_token"] == "t0ken"
        assert is_signed_for_mara(example)

    def test_without_https_a_picture_is_taken_from_the_providers_own_address_alone(self):
        class Local(Whole):
            profile_url = "http://127.0.0.1:1/me"
            profile_map = {"uid": "id", "picture": "face"}

        for face, expected in (("http://127.0.0.1:1/a", "http://127.0.0.1:1/a"), ("http://127.0.0.1:2/a", "")):
            local = Local(APP, Scripted(answer(f'{{"id": 7, "face": "{face}"}}')))
            assert local.fetch_profile(MARA).picture == expected

    def test_the_handle_that_it_tells_is_the_newer_one(self):
        assert whole(answer('{"id": 7, "name": "ann_new"}')).fetch_profile(MARA).username == "ann_new"

    def test_one_without_a_uid_is_nobodys(self):
        assert whole(answer('{"id": true}')).fetch_profile(MARA).uid == ""

    def test_without_an_address_for_it_nobody_is_asked(self):
        class Bare(Whole):
            profile_url = ""

        bare = Bare(APP, Scripted())
        assert bare.fetch_profile(MARA).username == "ann"
        assert bare.transport.sent == []

    def test_without_a_query_the_address_stands_as_it_is(self):
        example = whole(answer("{}"))
        example.get("https://example.com/other", {}, MARA)
        assert example.transport.sent[0][1] == "https://example.com/other"

    def test_an_error_is_no_profile(self):
        with pytest.raises(Refused):
            whole(answer('{"id": 7}', 403)).fetch_profile(MARA)


class TestAlive:
    def test_a_token_that_opens_the_profile_lives(self):
        example = whole(answer("{}"))
        example.check_alive(MARA)
        assert example.transport.sent[0][:2] == ("GET", "https://example.com/me?skip=1")
        assert header_of(example.transport.sent[0][2])["oauth_token"] == "t0ken"
        assert is_signed_for_mara(example)

    @pytest.mark.parametrize(("status", "error"), [(401, Revoked), (403, Refused), (503, Unavailable)])
    def test_any_other_answer_is_an_error(self, status, error):
        with pytest.raises(error):
            whole(answer("", status)).check_alive(MARA)

    def test_a_clock_that_is_off_is_no_dead_token(self):
        example = whole(answer("", 401, off="1", date=date(NOW - 1000)), answer("{}"))
        example.check_alive(MARA)
        assert stamps(example) == [NOW, NOW - 1000]

    def test_without_a_query_the_address_stands_as_it_is(self):
        class Bare(Whole):
            profile_params = {}

        bare = Bare(APP, Scripted(answer("{}")))
        bare.check_alive(MARA)
        assert bare.transport.sent[0][1] == "https://example.com/me"

    def test_without_an_address_nobody_can_be_asked(self):
        with pytest.raises(Refused) as raised:
            provider().check_alive(MARA)
        assert raised.value.code == "cannot-ask"


class TestRevoke:
    def test_the_persons_token_is_made_good_for_nothing(self):
        example = whole(answer("{}"))
        assert example.revoke(MARA) is True
        ((method, url, headers, _body),) = example.transport.sent
        assert (method, url) == ("POST", "https://example.com/invalidate")
        assert header_of(headers)["oauth_token"] == "t0ken"
        assert is_signed_for_mara(example)

    def test_a_dead_token_is_revoked_already(self):
        assert whole(answer("", 401)).revoke(MARA) is True

    @pytest.mark.parametrize(("status", "error"), [(403, Refused), (500, Unavailable)])
    def test_another_error_is_one(self, status, error):
        with pytest.raises(error):
            whole(answer("", status)).revoke(MARA)

    def test_where_there_is_no_way_to_nobody_is_asked(self):
        assert provider().revoke(MARA) is False


class TestClock:
    def learns(self, seconds: int, status: int = 401) -> bool:
        return whole().learns_from(answer("", status, off="1", date=date(NOW + seconds)))

    @pytest.mark.parametrize(
        ("seconds", "learnt"),
        [(86_400, True), (-86_400, True), (86_401, False), (-86_401, False), (1, True), (0, False)],
    )
    def test_a_clock_may_be_a_day_off_and_no_more(self, seconds, learnt):
        assert self.learns(seconds) is learnt

    def test_nothing_is_learnt_from_an_answer_that_is_no_such_error(self):
        assert not self.learns(1000, status=200)
        assert not whole().learns_from(answer("", 401, date=date(NOW + 1000)))
        assert not whole().learns_from(answer("", 401, off="1"))
        assert not provider().learns_from(answer("", 401, date=date(NOW + 1000)))

    @pytest.mark.parametrize(("seconds", "is_off"), [(120, False), (-120, False), (121, True), (-121, True)])
    def test_120_seconds_are_no_drift(self, seconds, is_off):
        assert provider().is_off(answer("", date=date(NOW + seconds))) is is_off

    def test_what_was_learnt_counts(self):
        example = whole()
        assert example.learns_from(answer("", 401, off="1", date=date(NOW + 1000)))
        assert not example.is_off(answer("", date=date(NOW + 1000)))
        assert example.is_off(answer("", date=date(NOW)))

    def test_without_a_date_nobody_can_tell(self):
        assert not provider().is_off(answer(""))


class TestSigning:
    @pytest.mark.parametrize(
        ("request_", "body"),
        [
            (SignedRequest("POST", "https://example.com/"), b""),
            (SignedRequest("GET", "https://example.com/"), None),
            (SignedRequest("POST", "https://example.com/", form={"a": "b c"}), b"a=b+c"),
        ],
        ids=["empty", "none", "form"],
    )
    def test_a_body_is_a_form_or_none(self, request_, body):
        _url, headers, sent = provider().sign(request_)
        assert sent == body
        assert ("Content-Type" in headers) is bool(body)

    def test_a_call_is_signed_for_its_person_and_brings_no_authorization_of_its_own(self):
        call = Call("GET", "https://example.com/a?q=ü", {"AUTHORIZATION": "mine", "X-Own": "1"}, None)
        prepared = provider().prepare(MARA, call)
        assert prepared.url == "https://example.com/a?q=%C3%BC"
        assert {name for name in prepared.headers if name != "X-Own"} == {"Authorization"}
        assert header_of(dict(prepared.headers))["oauth_token"] == "t0ken"

    def test_what_cannot_be_signed_is_told_without_what_was_to_be_signed(self):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with pytest.raises(ConfigurationError) as raised:
            provider().prepare(MARA, Call("POST", "https://example.com/", headers, b"{'no': form}"))
        assert raised.value.code == "signature"
        assert raised.value.__suppress_context__


@pytest.mark.parametrize(("status", "error"), [(499, Refused), (500, Unavailable), (400, Refused)])
def test_from_500_on_it_is_the_providers_trouble(status, error):
    example = provider()
    assert type(example.error_from(answer("", status), CALLBACK)) is error
    assert "the callback is registered" in provider().error_from(answer("", 400), "").remedy
