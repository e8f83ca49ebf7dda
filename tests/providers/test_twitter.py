"""X over real HTTP against the stand-in. No Django in here: a provider needs none."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from socialreg.exceptions import (
    BadAnswer,
    ConfigurationError,
    Denied,
    ProviderError,
    Refused,
    SocialRegError,
    Unavailable,
)
from socialreg.http import Client, deadline
from socialreg.testing import FAULTS, XStandIn
from socialreg.types import Credentials, Email
from socialreg_providers._x_errors import MEANINGS
from socialreg_providers._x_profile import largest
from socialreg_providers.twitter import Twitter

CALLBACK = "http://127.0.0.1:8000/accounts/twitter/callback/"
REQUEST_TOKEN, ACCESS_TOKEN, V2 = "/oauth/request_token", "/oauth/access_token", "/2/users/me"
V1 = "/1.1/account/verify_credentials.json"
MARA = "1400000000000000001"


@pytest.fixture(scope="module")
def outside(_x: XStandIn) -> Iterator[Client]:
    client = Client(private_hosts=frozenset({urlsplit(_x.url).netloc}), plain_http=True)
    yield client
    client.close()


@pytest.fixture
def twitter(x: XStandIn, outside: Client) -> Twitter:
    return Twitter(x.provider_settings(), outside)


def credentials(twitter: Twitter, x: XStandIn, screen_name: str = "maralind") -> Credentials:
    redirect = twitter.authorize(CALLBACK, "login", {})
    params = dict(parse_qsl(urlsplit(x.approve(redirect.url, screen_name)).query))
    return twitter.verify(redirect.pending, params)


def profile(twitter: Twitter, x: XStandIn, screen_name: str = "maralind"):
    return twitter.fetch_profile(credentials(twitter, x, screen_name))


def paths(x: XStandIn) -> list[str]:
    return [record.path for record in x.api_requests]


class TestAuthorize:
    def test_asks_for_read_access_and_sends_the_browser_to_authenticate(self, twitter, x):
        redirect = twitter.authorize(CALLBACK, "login", {})
        assert redirect.url.startswith(f"{x.url}/oauth/authenticate?oauth_token=")
        assert list(parse_qs(urlsplit(redirect.url).query)) == ["oauth_token"]

    def test_connecting_always_asks(self, twitter, x):
        assert twitter.authorize(CALLBACK, "connect", {}).url.startswith(f"{x.url}/oauth/authorize?")

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"force_login": "true"}, {"force_login": ["true"]}),
            ({"force_login": "1"}, {}),
            ({"screen_name": "maralind"}, {"screen_name": ["maralind"]}),
            ({"screen_name": "a&oauth_token=b"}, {}),
            ({"screen_name": "x" * 51}, {}),
            ({"oauth_callback": "https://evil.example", "x_auth_access_type": "write", "oauth_token": "b"}, {}),
        ],
        ids=str,
    )
    def test_of_what_a_start_form_asks_only_two_options_reach_the_address_and_only_sound_values(
        self, twitter, options, expected
    ):
        query = parse_qs(urlsplit(twitter.authorize(CALLBACK, "login", options).url).query)
        query.pop("oauth_token")
        assert query == expected

    def test_the_settings_choose_page_login_and_access_type(self, x, outside):
        options = {"METHOD": "authorize", "FORCE_LOGIN": True, "X_AUTH_ACCESS_TYPE": "read"}
        twitter = Twitter({**x.provider_settings(), **options}, outside)
        url = twitter.authorize(CALLBACK, "login", {}).url
        assert url.startswith(f"{x.url}/oauth/authorize?")
        assert url.endswith("&force_login=true")
        assert twitter.request_token_params("login", {}) == {"x_auth_access_type": "read"}

    def test_a_method_that_is_none_is_told_when_the_site_starts(self, x, outside):
        with pytest.raises(ConfigurationError, match="METHOD of Twitter cannot be 'authorise'"):
            Twitter({**x.provider_settings(), "METHOD": "authorise"}, outside)

    def test_the_hosts_are_xs_own_unless_told_otherwise(self, outside):
        assert {urlsplit(url).netloc for url in Twitter({}, outside).endpoints()} == {"api.x.com"}

    @pytest.mark.parametrize("fault", ["callback-unconfirmed", "callback-confirmation-missing", "token-missing"])
    def test_an_answer_that_lacks_what_it_must_have_sends_nobody_anywhere(self, twitter, x, fault):
        x.fault(fault)
        with pytest.raises(BadAnswer):
            twitter.authorize(CALLBACK, "login", {})


class TestVerify:
    def test_identity_comes_from_the_access_token_answer(self, twitter, x):
        found = credentials(twitter, x)
        assert (found.uid, found.username) == (MARA, "maralind")
        assert found.token
        assert found.secret
        assert paths(x) == [REQUEST_TOKEN, ACCESS_TOKEN]

    def test_unknown_fields_are_ignored_and_a_missing_screen_name_is_borne(self, twitter, x):
        x.fault("extra-fields")
        x.fault("screen-name-missing")
        assert credentials(twitter, x).uid == MARA

    @pytest.mark.parametrize("fault", ["user-id-missing", "user-id-empty"])
    def test_without_a_user_id_nobody_is_anybody(self, twitter, x, fault):
        x.fault(fault)
        with pytest.raises(BadAnswer):
            credentials(twitter, x)

    def test_cancel_ends_the_attempt_before_any_call(self, twitter, x):
        redirect = twitter.authorize(CALLBACK, "login", {})
        params = dict(parse_qsl(urlsplit(x.deny(redirect.url)).query))
        with pytest.raises(Denied):
            twitter.verify(redirect.pending, params)
        assert paths(x) == [REQUEST_TOKEN]

    def test_a_spent_token_reads_as_begin_again_and_not_as_a_mistake_of_the_site(self, twitter, x):
        redirect = twitter.authorize(CALLBACK, "login", {})
        params = dict(parse_qsl(urlsplit(x.approve(redirect.url, "maralind")).query))
        twitter.verify(redirect.pending, params)
        with pytest.raises(Refused) as raised:
            twitter.verify(redirect.pending, params)
        assert raised.value.notice == "expired"


class TestProfile:
    def test_a_full_profile(self, twitter, x):
        found = profile(twitter, x)
        assert (found.uid, found.username, found.full_name) == (MARA, "maralind", "Mara Lindqvist")
        assert (found.first_name, found.last_name) == ("Mara", "Lindqvist")
        assert found.email == Email("mara.lindqvist@example.com", verified=True)
        assert re.fullmatch(rf"{x.url}/avatars/\w+_400x400\.\w+", found.picture)
        assert found.profile_url == "https://x.com/maralind"
        assert (found.locale, found.timezone) == ("", None)
        assert found.raw["name"] == "Mara Lindqvist"
        assert paths(x) == [REQUEST_TOKEN, ACCESS_TOKEN, V2]

    def test_no_address_an_emoji_a_single_word_and_the_default_picture(self, twitter, x):
        assert profile(twitter, x, "tomas_ok").email is None
        assert profile(twitter, x, "junofox").full_name == "Juno \N{FOX FACE} Park"
        kestrel = profile(twitter, x, "kestrel")
        assert (kestrel.first_name, kestrel.last_name) == ("Kestrel", "")
        assert "default_profile_images" in profile(twitter, x, "ines_moreau").picture

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("https://pbs.twimg.com/profile_images/1/abc_normal.jpg", "https://pbs.twimg.com/profile_images/1/abc_400x400.jpg"),
            ("https://pbs.twimg.com/profile_images/1/a_normal_b.jpg", "https://pbs.twimg.com/profile_images/1/a_normal_b.jpg"),
            ("https://pbs.twimg.com/profile_images/1/my_normal_normal.png", "https://pbs.twimg.com/profile_images/1/my_normal_400x400.png"),
            (
                "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
                "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
            ),
            ("", ""),
        ],
    )  # fmt: skip
    def test_the_largest_picture_that_is_known_to_exist(self, given, expected):
        assert largest(given) == expected

    @pytest.mark.parametrize("code", [403, 404, 429, 500, 503])
    def test_the_ladder_goes_on_to_v1_when_v2_fails(self, twitter, x, code):
        codes = {403: ("error", 453), 404: ("error", 68), 429: ("rate-limited", None), 500: ("error", 131)}
        fault, number = codes.get(code, ("unavailable", None))
        x.fault(fault, path=V2, code=number)
        found = profile(twitter, x)
        assert found.email == Email("mara.lindqvist@example.com", verified=True)
        assert "_400x400" in found.picture
        assert paths(x)[-2:] == [V2, V1]

    def test_the_ladder_ends_with_what_the_token_told(self, twitter, x, caplog):
        caplog.set_level(logging.INFO)
        x.fault("not-enrolled")
        x.fault("v1-not-in-tier")
        found = profile(twitter, x)
        assert (found.uid, found.username, found.email) == (MARA, "maralind", None)
        assert found.profile_url == "https://x.com/maralind"
        assert "attach the app to a project" in caplog.text
        assert "453" in caplog.text

    @pytest.mark.parametrize("code", [32, 89])
    def test_keys_or_tokens_that_x_refuses_are_not_tried_twice(self, twitter, x, code, caplog):
        x.fault("error", code=code, path=V2)
        assert profile(twitter, x).uid == MARA
        assert V1 not in paths(x)
        assert f"[{code}]" in caplog.text

    def test_a_silent_x_is_asked_once_and_the_login_goes_on(self, twitter, x):
        found = credentials(twitter, x)
        x.fault("slow", path=V2)
        with deadline(0.4):
            assert twitter.fetch_profile(found).uid == MARA
        assert V1 not in paths(x)

    @pytest.mark.parametrize(("code", "notice"), [(64, "suspended"), (326, "locked")])
    @pytest.mark.parametrize("path", [V2, V1])
    def test_a_suspended_or_locked_account_does_not_get_in(self, twitter, x, code, notice, path):
        if path == V1:
            x.fault("unavailable", path=V2)
        x.fault("error", code=code, path=path)
        with pytest.raises(Refused) as raised:
            profile(twitter, x)
        assert raised.value.notice == notice

    @pytest.mark.parametrize("fault", ["other-person", "id-missing"])
    def test_another_persons_profile_stops_the_login(self, twitter, x, fault):
        x.fault(fault)
        with pytest.raises(BadAnswer) as raised:
            profile(twitter, x)
        assert raised.value.code == "other-person"

    @pytest.mark.parametrize("fault", ["partial", "field-not-authorized", "no-email-permission"])
    def test_a_profile_without_the_address_is_a_profile(self, twitter, x, fault):
        x.fault(fault)
        found = profile(twitter, x)
        assert (found.uid, found.email) == (MARA, None)
        assert found.full_name == "Mara Lindqvist"

    def test_fields_of_wrong_types_are_left_out(self, twitter, x):
        x.fault("wrong-types")
        found = profile(twitter, x)
        assert (found.username, found.full_name, found.email, found.picture) == ("maralind", "", None, "")

    @pytest.mark.parametrize(
        "value", ["javascript:alert(1)", "http://evil.example/a.png", "https://a@evil.example/", 7, None]
    )
    def test_a_picture_that_is_no_https_address_is_left_out(self, twitter, x, value):
        answer = twitter.get(f"{x.url}{V2}", {"user.fields": "name"}, credentials(twitter, x))
        data = {"id": MARA, "profile_image_url": value}
        names = ("id", "username", "profile_image_url", "confirmed_email")
        assert twitter._profile(answer, Credentials(MARA, "maralind"), data, names).picture == ""


class TestErrors:
    @pytest.mark.parametrize("shape", ["json", "xml"])
    @pytest.mark.parametrize("path", [REQUEST_TOKEN, ACCESS_TOKEN])
    @pytest.mark.parametrize("code", sorted(set(MEANINGS) - {135}))
    def test_every_code_leads_to_a_cause_and_a_remedy(self, twitter, x, code, path, shape):
        x.fault("error", code=code, path=path, shape=shape)
        with pytest.raises(ProviderError) as raised:
            credentials(twitter, x)
        error = raised.value
        assert error.code == str(code)
        assert error.cause == MEANINGS[code].cause
        assert error.remedy.startswith(f"{code}: ")
        assert error.notice == MEANINGS[code].notice
        assert "{" not in error.remedy

    @pytest.mark.parametrize("path", [REQUEST_TOKEN, ACCESS_TOKEN])
    def test_a_callback_that_is_not_approved_is_named_to_the_letter(self, twitter, x, path):
        x.fault("error", code=415, path=path)
        with pytest.raises(Refused) as raised:
            credentials(twitter, x)
        assert raised.value.remedy.startswith(f"415: add exactly {CALLBACK} to the app's callback URLs")

    @pytest.mark.parametrize("shape", ["hash", "text"])
    @pytest.mark.parametrize("code", [32, 64, 88, 89, 130, 215, 326, 415, 416, 417, 453])
    def test_shapes_without_a_number_are_understood_by_their_words(self, twitter, x, code, shape):
        x.fault("error", code=code, path=REQUEST_TOKEN, shape=shape)
        with pytest.raises(ProviderError) as raised:
            twitter.authorize(CALLBACK, "login", {})
        assert raised.value.code == str(code)

    def test_a_problem_document_of_v2_is_no_riddle(self, twitter, x, caplog):
        caplog.set_level(logging.INFO)
        x.fault("error", code=453, path=V2, shape="problem")
        assert profile(twitter, x).email is not None
        assert "users/me with 403" in caplog.text

    def test_a_clock_that_is_off_is_corrected_from_the_date_header(self, twitter, x):
        x.fault("clock-skew")
        assert profile(twitter, x).uid == MARA
        assert paths(x) == [REQUEST_TOKEN, REQUEST_TOKEN, ACCESS_TOKEN, V2]

    def test_a_clock_error_that_cannot_be_corrected_names_the_remedy(self, twitter, x):
        x.fault("error", code=135, path=REQUEST_TOKEN)
        x.fault("no-date", path=REQUEST_TOKEN)
        with pytest.raises(Refused) as raised:
            twitter.authorize(CALLBACK, "login", {})
        assert "NTP" in raised.value.remedy

    def test_a_rate_limit_names_the_time_to_wait_for(self, twitter, x):
        x.fault("rate-limited", path=REQUEST_TOKEN)
        with pytest.raises(Unavailable) as raised:
            twitter.authorize(CALLBACK, "login", {})
        assert raised.value.notice == "busy"
        assert "x-rate-limit-reset" in raised.value.remedy

    def test_a_wrong_secret_is_a_configuration_matter(self, x, outside):
        with pytest.raises(Refused) as raised:
            Twitter({**x.provider_settings(), "CLIENT_SECRET": "wrong"}, outside).authorize(CALLBACK, "login", {})
        assert (raised.value.code, raised.value.notice) == ("32", "not-available")


#: What only slows down is shown in the tests of http; what the browser brings back, in those of the views.
GRID = sorted(name for name in FAULTS if not name.startswith(("back-", "slow", "drip")) and name != "redirect")


def outcome(twitter: Twitter, x: XStandIn) -> tuple[str, SocialRegError | None]:
    """Return the uid that came out, or the error. Anything else that is raised fails the test."""
    try:
        return profile(twitter, x).uid, None
    except SocialRegError as error:
        return "", error


@pytest.mark.parametrize("path", [REQUEST_TOKEN, ACCESS_TOKEN, V2, V1])
@pytest.mark.parametrize("fault", GRID)
def test_whatever_x_answers_nothing_but_our_errors_comes_out_and_no_secret_with_it(twitter, x, fault, path, caplog):
    caplog.set_level(logging.DEBUG)
    x.fault(fault, path=path)
    if path == V1:
        x.fault("not-enrolled")
    uid, error = outcome(twitter, x)
    told = f"{caplog.text}{error or ''}"
    assert twitter.client_secret not in told
    assert not re.search("oauth_(token|verifier|signature)=|oauth_(token|verifier|signature)'", told)
    if error is None:
        assert uid == MARA
    else:
        assert all((error.failed, error.cause, error.remedy, error.code))
