"""``account.session()``: an account's own calls, to its provider alone, with tokens that live."""

from __future__ import annotations

import io
import threading
import time
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from docs.examples import using
from socialreg import signals
from socialreg.account_session import AccountSession
from socialreg.api_access import ApiAccess
from socialreg.exceptions import (
    BadAnswer,
    Barred,
    ConfigurationError,
    Forbidden,
    RateLimited,
    Refused,
    Revoked,
    Unavailable,
)
from socialreg.http import Client
from socialreg.models import SocialAccount
from socialreg.registry import providers
from socialreg.testing.messages import Response
from socialreg.testing.people import Person
from socialreg.types import Call, Credentials
from tests.providers.grid import Peer
from tests.using import account_of, kept, plays_x

pytestmark = pytest.mark.django_db
TWEETS = "https://api.x.com/2/tweets"


@pytest.fixture
def mara(site, x) -> SocialAccount:
    """Mara's account over OAuth 1.0a."""
    account = account_of(x, "twitter")
    x.requests.clear()
    return account


@pytest.fixture
def juno(site, x, settings) -> SocialAccount:
    """Juno's account over OAuth 2.0, which may post."""
    plays_x(x, settings)
    account = account_of(x, "x", "junofox")
    x.requests.clear()
    return account


@pytest.fixture
def acme(world) -> SocialAccount:
    """An account at a provider that writes down what it is asked."""
    account = kept("acme", Credentials("7", "maralind", token="the-t0ken"))
    world.peer.answers["/profile"] = Response.json({"id": "7"})
    world.peer.answers["/posts"] = Response.json({"ok": True})
    return account


def calls(standin) -> list[str]:
    return [f"{record.method} {record.path} {record.status}" for record in standin.requests]


# What it does


def test_over_oauth1_it_posts_and_it_is_requests_all_over(mara, x):
    response = mara.session().post(TWEETS, json={"text": "Hello, islands & all"})
    assert isinstance(response, requests.Response)
    assert (response.status_code, response.ok, response.reason) == (201, True, "Created")
    assert response.json()["data"] == {**response.json()["data"], "text": "Hello, islands & all"}
    assert [(post.author_id, post.text) for post in x.posts] == [(mara.subject, "Hello, islands & all")]
    assert (response.url, calls(x)) == (TWEETS, ["POST /2/tweets 201"])


def test_over_oauth2_it_posts(juno, x):
    assert juno.session().post(TWEETS, json={"text": "Foxes"}).json()["data"]["text"] == "Foxes"
    assert [(post.author_id, post.text) for post in x.posts] == [(juno.subject, "Foxes")]


@pytest.mark.parametrize("host", ["api.x.com", "api.twitter.com", "upload.x.com", "upload.twitter.com", "API.X.com"])
def test_whichever_of_xs_names_is_used_the_call_goes_where_the_settings_say(mara, x, host):
    assert mara.session().get(f"https://{host}/2/users/me").status_code == 200
    assert calls(x) == ["GET /2/users/me 200"]


@pytest.mark.parametrize(
    "options",
    [
        {"params": {"user.fields": "verified,description", "odd": 'a b+c&d=é[]|"~'}},
        {"params": [("user.fields", "verified")], "headers": {"Accept": "application/json"}},
    ],
)
def test_the_query_is_signed_as_it_is_sent(mara, options):
    assert mara.session().get("https://api.x.com/2/users/me", **options).status_code == 200


@pytest.mark.parametrize("query", ["a=[1]", "a=%7E~&b", 'a="', "a=%5B|", "a=b c", "a=é"])
def test_so_is_one_that_was_written_by_hand(mara, query):
    assert mara.session().get(f"https://api.x.com/2/users/me?{query}").status_code == 200


def test_a_form_is_signed_and_json_and_files_are_not(mara, x):
    session = mara.session()
    told = session.post("https://api.x.com/1.1/statuses/update.json", data={"status": "a b+c&d=é~*"})
    assert (told.status_code, told.json()["text"]) == (200, "a b+c&d=é~*")
    # Whoever signs what is not to be signed gets 401; here it is what is missing that is found.
    files = {"media": ("a.txt", io.BytesIO(b"status=7&a=b"), "text/plain")}
    assert session.post(TWEETS, files=files, data={"text": "a"}).status_code == 400
    assert session.post(TWEETS, data=io.BytesIO(b"status=7"), headers={"Content-Type": "text/plain"}).status_code == 400
    assert session.post(TWEETS, data=iter([b'{"text": ', b'"in pieces"}']), headers=JSON).status_code == 201


JSON = {"Content-Type": "application/json"}


def test_a_form_that_is_none_is_told_and_not_sent(mara, x):
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    with pytest.raises(ConfigurationError, match="cannot be signed") as caught:
        mara.session().get("https://api.x.com/2/users/me", data="not a form", headers=headers)
    assert (caught.value.code, caught.value.__cause__, x.requests) == ("signature", None, [])


def test_an_answer_that_is_an_error_of_the_calls_own_is_returned(mara, x):
    response = mara.session().get("https://api.x.com/2/nowhere")
    assert response.status_code == 404
    with pytest.raises(requests.HTTPError):
        response.raise_for_status()
    assert mara.session().post(TWEETS, json={"text": ""}).status_code == 400
    mara.session().post(TWEETS, json={"text": "twice"})
    again = mara.session().post(TWEETS, json={"text": "twice"})
    assert (again.status_code, "duplicate" in again.json()["detail"]) == (403, True)


# The way out


NOT_X = [
    "https://evil.example/2/tweets",
    "https://api.x.com.evil.example/2/tweets",
    "https://evilapi.x.com/2/tweets",
    "https://api.x.com@evil.example/2/tweets",
    "https://maralind:secret@api.x.com/2/tweets",
    "https://api.x.com:8443/2/tweets",
    "https://api.x.com./2/tweets",
    "http://api.x.com/2/tweets",
    "http://api.x.com:443/2/tweets",
    "https://localhost/2/tweets",
    "https://x.com.evil.example#@api.x.com/",
    "https://evil.example\\@api.x.com/2/tweets",
    "https://evil.example?https://api.x.com/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/2/tweets",
]


@pytest.mark.parametrize("url", NOT_X)
@pytest.mark.parametrize("who", ["mara", "juno"])
def test_a_token_never_leaves_for_a_foreign_host(who, url, x, request):
    with pytest.raises((ConfigurationError, requests.RequestException)) as caught:
        request.getfixturevalue(who).session().post(url, json={"text": "a"})
    if isinstance(caught.value, ConfigurationError):
        assert (caught.value.code, "API_HOSTS" in caught.value.remedy) == ("foreign-host", True)
        assert "secret" not in str(caught.value)
    assert x.requests == []


def test_not_for_another_server_on_this_machine_either(mara, juno):
    with Peer() as other:
        for account in (mara, juno):
            with pytest.raises(ConfigurationError, match="was to be sent to"):
                account.session().get(f"{other.url}/2/users/me")
        assert other.requests == []


def test_a_host_that_the_settings_name_is_the_providers_own(acme, world, settings):
    entries = settings.SOCIALREG["PROVIDERS"]
    entries = {**entries, "acme": {**entries["acme"], "API_HOSTS": ["api.acme.example:8443"]}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": entries}
    serves = providers["acme"].serves
    assert serves("https://api.acme.example:8443/posts")
    assert not serves("http://api.acme.example:8443/posts")
    assert not serves("https://api.acme.example/posts")
    assert not serves("https://somebody:s3cret@api.acme.example:8443/posts")
    assert not serves("https://api.acme.example:8443\\@evil.example/posts")
    assert serves(f"{world.peer.url}/anything")


def test_a_redirect_is_an_error_and_reaches_nobody(mara, x):
    with Peer() as other:
        x.fault("redirect", code=307)
        with pytest.raises(BadAnswer) as caught:
            mara.session().post(TWEETS, json={"text": "a"}, allow_redirects=True)
        assert (caught.value.code, other.requests, len(x.requests)) == ("redirect", [], 1)


def test_a_redirect_to_another_host_gets_no_token(acme, world):
    with Peer() as other:
        world.peer.answers["/posts"] = Response.redirect(f"{other.url}/posts", 308)
        with pytest.raises(BadAnswer):
            acme.session().post(f"{world.peer.url}/posts", allow_redirects=True)
        assert (other.requests, len(world.peer.requests)) == ([], 1)


def test_nothing_that_is_said_beside_the_call_has_an_effect(acme, world, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    session = acme.session()
    session.verify, session.proxies, session.trust_env = False, {"http": "http://127.0.0.1:9"}, True
    session.cookies.set("a", "b")
    world.peer.answers["/posts"] = Response.json({"ok": True}).with_headers({"Set-Cookie": "session=1"})
    headers = {"Authorization": "Bearer another", "cookie": "c=d", "Host": "evil.example", "X-Mine": "yes"}
    for _ in range(2):
        answer = session.post(
            f"{world.peer.url}/posts", headers=headers, auth=("u", "p"), stream=True, timeout=0.001, verify=False
        )
    assert (answer.json(), answer.cookies.get_dict()) == ({"ok": True}, {})
    for sent in world.peer.requests:
        assert sent.headers["authorization"] == "Bearer the-t0ken"
        assert sent.headers["host"] in world.peer.url
        assert sent.headers["x-mine"] == "yes"
        assert sent.headers["user-agent"].startswith("socialreg/")
        assert "cookie" not in sent.headers


def test_a_call_that_is_prepared_has_one_authorization_and_an_address_that_can_be_signed(acme, mara, world, site):
    brought = {"authorization": "Bearer another", "AUTHORIZATION": "Basic YTpi", "X-Mine": "yes"}
    for slug, account in (("acme", acme), ("twitter", mara)):
        call = Call("GET", 'https://api.x.com/2/things?a=[1]|"&b=é', brought)
        ready = providers[slug].prepare(account.credentials, call)
        names = [name.lower() for name in ready.headers]
        assert (names.count("authorization"), "x-mine" in names) == (1, True)
        assert "another" not in ready.headers["Authorization"]
    assert ready.url.endswith("?a=%5B1%5D%7C%22&b=%C3%A9")


def test_neither_the_answer_nor_an_error_shows_the_token(acme, world, caplog):
    caplog.set_level("DEBUG")
    answer = acme.session().get(f"{world.peer.url}/posts")
    assert "authorization" not in answer.request.headers
    assert "the-t0ken" not in repr(vars(answer)) + repr(acme.session().__dict__) + caplog.text


def test_every_call_goes_through_the_one_client(mara, juno, monkeypatch):
    sent = []
    send = Client.send

    def watched(self, method, url, **options):
        sent.append((method, url.rpartition("/")[2]))
        return send(self, method, url, **options)

    monkeypatch.setattr(Client, "send", watched)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", _only_from_http(requests.adapters.HTTPAdapter.send))
    mara.session().get("https://api.x.com/2/users/me")
    juno.session().get("https://api.x.com/2/users/me")
    assert sent == [("GET", "me")] * 2


def _only_from_http(send):
    def checked(self, *arguments, **options):
        assert type(self).__module__ == "socialreg.http"
        return send(self, *arguments, **options)

    return checked


def test_an_answer_that_is_too_large_or_late_is_an_error(mara, x):
    x.fault("huge", path="/2/users/me")
    with pytest.raises(BadAnswer):
        mara.session().get("https://api.x.com/2/users/me")
    x.clear()
    x.fault("reset", path="/2/users/me")
    with pytest.raises(Unavailable):
        mara.session().get("https://api.x.com/2/users/me")


# Errors


def test_too_many_calls_come_with_the_time_of_the_next(mara, juno, x):
    x.fault("rate-limited")
    for account in (mara, juno):
        with pytest.raises(RateLimited) as caught:
            account.session().post(TWEETS, json={"text": "a"})
        assert abs(caught.value.reset - time.time() - 900) < 60
    assert x.posts == []


def test_what_the_scope_does_not_cover_is_forbidden_and_names_it(site, x, settings):
    plays_x(x, settings, SCOPE=["users.read", "tweet.read", "offline.access"])
    account = account_of(x, "x", "junofox")
    with pytest.raises(Forbidden) as caught:
        account.session().post(TWEETS, json={"text": "a"})
    assert caught.value.scope == "tweet.write"
    account.refresh_from_db()
    assert account.lost_at is None


def test_a_token_for_reading_alone_is_forbidden_to_write(site, x, settings):
    entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "X_AUTH_ACCESS_TYPE": "read"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    account = account_of(x, "twitter")
    with pytest.raises(Forbidden) as caught:
        account.session().post(TWEETS, json={"text": "a"})
    assert caught.value.scope == "write"
    assert account.session().get("https://api.x.com/2/users/me").status_code == 200


@pytest.mark.parametrize("code", [64, 326])
def test_a_suspended_or_locked_person_is_barred_and_the_account_not_lost(mara, x, code):
    x.fault("error", code=code, path="/2/users/me")
    with pytest.raises(Barred) as caught:
        mara.session().get("https://api.x.com/2/users/me")
    assert (caught.value.code, mara.lost_at) == (str(code), None)


@pytest.mark.parametrize("code", [453, 220, 261, 87])
def test_what_is_the_apps_own_fault_is_returned(mara, x, code):
    x.fault("error", code=code, path="/2/users/me")
    assert mara.session().get("https://api.x.com/2/users/me").status_code == 403
    x.clear()
    x.fault("not-enrolled")
    assert mara.session().get("https://api.x.com/2/users/me").json()["reason"] == "client-not-enrolled"
    assert mara.lost_at is None


# Tokens that die


@pytest.fixture
def lost(settings) -> list[str]:
    """The codes with which accounts were lost."""
    found: list[str] = []

    def note(code, **_):
        found.append(code)

    signals.credentials_lost.connect(note)
    yield found
    signals.credentials_lost.disconnect(note)


def test_a_dead_token_is_told_marks_the_account_and_is_not_used_again(
    mara, x, lost, django_capture_on_commit_callbacks
):
    mara.session().post("https://api.x.com/1.1/oauth/invalidate_token.json")
    x.requests.clear()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Revoked):
        mara.session().post(TWEETS, json={"text": "a"})
    assert calls(x) == ["POST /2/tweets 401", "GET /1.1/account/verify_credentials.json 401"]
    stored = SocialAccount.objects.get(pk=mara.pk)
    assert (bool(stored.lost_at), stored.lost_at, len(lost)) == (True, mara.lost_at, 1)
    with pytest.raises(Revoked):
        stored.session().post(TWEETS, json={"text": "a"})
    assert len(x.requests) == 2


def test_wrong_keys_in_the_settings_lose_no_account(mara, x, settings):
    entry = {**settings.SOCIALREG["PROVIDERS"]["twitter"], "CLIENT_SECRET": "wrong"}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": entry}}
    with pytest.raises(Refused) as caught:
        mara.session().post(TWEETS, json={"text": "a"})
    assert (type(caught.value), caught.value.code) == (Refused, "32")
    assert SocialAccount.objects.get(pk=mara.pk).lost_at is None


def test_a_clock_that_is_off_is_corrected_and_the_call_repeated(mara, x):
    x.fault("clock-skew")
    assert mara.session().post(TWEETS, json={"text": "late"}).status_code == 201
    assert calls(x) == ["POST /2/tweets 401", "POST /2/tweets 201"]
    assert mara.session().post(TWEETS, json={"text": "later"}).status_code == 201
    assert len(x.requests) == 3


def test_a_token_about_to_end_is_refreshed_first_and_the_account_renewed_in_place(juno, x):
    before = juno.credentials
    juno.expires_at = timezone.now() + timedelta(seconds=50)
    juno.save()
    assert juno.session().post(TWEETS, json={"text": "a"}).status_code == 201
    assert calls(x) == ["POST /x/token 200", "POST /2/tweets 201"]
    assert juno.expires_at > timezone.now() + timedelta(seconds=3000)
    assert juno.credentials.refresh_token not in {"", before.refresh_token}
    assert SocialAccount.objects.get(pk=juno.pk).credentials == juno.credentials


def test_one_that_lives_a_while_is_not(juno, x):
    assert juno.session().get("https://api.x.com/2/users/me").status_code == 200
    assert calls(x) == ["GET /2/users/me 200"]


def test_while_nobody_refreshes_a_token_that_lives_still_is_used(juno, x):
    juno.expires_at = timezone.now() + timedelta(seconds=30)
    juno.save()
    x.fault("unavailable", path="/x/token")
    assert juno.session().post(TWEETS, json={"text": "a"}).status_code == 201
    juno.expires_at = timezone.now() - timedelta(seconds=1)
    juno.save()
    with pytest.raises(Unavailable):
        juno.session().post(TWEETS, json={"text": "b"})


def test_a_token_that_is_refused_is_refreshed_once_and_the_call_repeated(juno, x):
    x.fault("clock-skew", times=1, path="/2/tweets", seconds=4000)
    assert juno.session().post(TWEETS, json={"text": "once"}).status_code == 201
    assert calls(x) == ["POST /2/tweets 401", "POST /x/token 200", "POST /2/tweets 201"]
    assert [post.text for post in x.posts] == ["once"]


def test_one_that_another_process_has_refreshed_is_taken_over(juno, x):
    stale = SocialAccount.objects.get(pk=juno.pk)
    x.fault("clock-skew", times=1, path="/2/tweets", seconds=4000)
    juno.session().post(TWEETS, json={"text": "first"})
    x.requests.clear()
    assert stale.session().post(TWEETS, json={"text": "second"}).status_code == 201
    assert calls(x) == ["POST /2/tweets 401", "POST /2/tweets 201"]


def test_an_address_that_refuses_a_living_token_loses_no_account(juno, x):
    x.fault("clock-skew", path="/2/tweets", seconds=8000)
    assert juno.session().post(TWEETS, json={"text": "a"}).status_code == 401
    assert calls(x)[-1] == "GET /x/profile 200"
    assert SocialAccount.objects.get(pk=juno.pk).lost_at is None


def test_a_token_that_stays_refused_is_lost(juno, x):
    x.fault("clock-skew", seconds=8000, path="/2/tweets")
    x.fault("profile-refused", path="/x/profile")
    with pytest.raises(Revoked):
        juno.session().post(TWEETS, json={"text": "a"})
    assert SocialAccount.objects.get(pk=juno.pk).lost_at is not None
    assert juno.lost_at is not None


def test_a_refresh_token_that_is_dead_loses_the_account(juno, x):
    x.fault("clock-skew", seconds=8000, path="/2/tweets")
    x.fault("code-refused", path="/x/token")
    with pytest.raises(Revoked) as caught:
        juno.session().post(TWEETS, json={"text": "a"})
    stored = SocialAccount.objects.get(pk=juno.pk)
    assert (stored.lost_code, juno.lost_code, caught.value.code) == ("invalid_grant",) * 3


def test_one_that_cannot_be_refreshed_is_asked_about_and_lost(acme, world):
    world.peer.answers["/posts"] = world.peer.answers["/profile"] = Response.json({"error": "invalid_token"}, 401)
    with pytest.raises(Revoked):
        acme.session().get(f"{world.peer.url}/posts")
    assert [sent.path for sent in world.peer.requests] == ["/posts", "/profile"]
    assert SocialAccount.objects.get(pk=acme.pk).lost_at is not None


def test_tokens_that_nobody_can_open_are_told_and_none_is_sent(mara, x, settings):
    settings.SECRET_KEY = "another-key-without-any-fallback-0123456789abcdefghijklm"
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        mara.session().get("https://api.x.com/2/users/me")
    assert x.requests == []


def test_an_account_whose_provider_was_disabled_is_told(mara, x, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {}}
    with pytest.raises(ConfigurationError, match="no provider 'twitter'"):
        mara.session().get("https://api.x.com/2/users/me")
    assert x.requests == []


# What it costs


def test_a_call_asks_the_database_nothing_and_notes_its_use_once_an_hour(
    mara, x, django_assert_num_queries, django_capture_on_commit_callbacks
):
    with django_assert_num_queries(0):
        mara.session().get("https://api.x.com/2/users/me")
    long_ago = timezone.now() - timedelta(hours=2)
    SocialAccount.objects.filter(pk=mara.pk).update(used_at=long_ago)
    account = SocialAccount.objects.get(pk=mara.pk)
    session = account.session()
    with django_assert_num_queries(1), django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            session.get("https://api.x.com/2/users/me")
    stored = SocialAccount.objects.get(pk=mara.pk).used_at
    assert (stored, stored > long_ago + timedelta(hours=1)) == (account.used_at, True)


def test_fifty_threads_with_fifty_accounts_mix_nobody_up(site, x, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "WORKERS": 4 * 50}  # a place for each: nobody waits in vain for one
    names = [f"person{number}" for number in range(50)]
    x.people.update({name: Person(str(1_500_000_000 + n), name, name) for n, name in enumerate(names)})
    everybody = [account_of(x, "twitter", name) for name in names]
    gate = threading.Barrier(len(everybody))
    failures: list[BaseException] = []

    def speak(account: SocialAccount) -> None:
        try:
            session = account.session()
            gate.wait(20)
            for word in ("one", "two"):
                session.post(TWEETS, json={"text": f"{word}: I am {account.subject}"}).raise_for_status()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=speak, args=[account]) for account in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    said = [(post.author_id, post.text.rpartition(" ")[2]) for post in x.posts]
    assert len(said) == 100
    assert all(author == named for author, named in said)


def test_a_session_that_does_not_raise_returns_the_answers(juno, x):
    session = AccountSession(juno, raises=False)
    x.fault("rate-limited", times=1)
    assert session.post(TWEETS, json={"text": "a"}).status_code == 429
    x.fault("clock-skew", seconds=8000, path="/2/tweets")
    x.fault("code-refused", path="/x/token")
    assert session.post(TWEETS, json={"text": "a"}).status_code == 401
    assert SocialAccount.objects.get(pk=juno.pk).lost_at is not None


def test_of_many_servers_an_account_may_call_its_own_alone(standin):
    there = providers["mastodon"].bound_to(Credentials("1", issuer="https://one.example"))
    home = there.server_address
    assert there.serves(f"{home}/api/v1/statuses")
    assert not there.serves(f"{home.replace('one', 'two')}/api/v1/statuses")
    assert not there.serves(f"{home}.evil/api/v1/statuses")
    assert not providers["mastodon"].serves("https://mastodon.social/api/v1/statuses")


def test_facebooks_calls_carry_their_proof(standin):
    account = account_of(standin, "facebook")
    url = str(providers["facebook"].profile_url)
    standin.requests.clear()
    query = "fields=id,name,first_name,last_name,email,picture.width(400).height(400)&appsecret_proof=forged"
    answer = account.session().get(f"{url}?{query}")
    assert (answer.status_code, answer.json()["id"]) == (200, account.subject)
    (asked,) = standin.requests
    assert (asked.query.count("appsecret_proof"), "forged" in asked.query) == (1, False)


def test_what_a_providers_calls_need_is_added_unless_the_caller_says_it(acme, world, settings):
    provider = providers["acme"]
    provider.api_headers = {"User-Agent": "web:ours", "X-Version": "1"}
    session = acme.session()
    session.get(f"{world.peer.url}/posts", headers={"x-version": "2"})
    (sent,) = world.peer.requests
    assert (sent.headers["user-agent"], sent.headers["x-version"]) == ("web:ours", "2")


def test_a_provider_that_cannot_make_calls_says_so(acme, world, monkeypatch):
    monkeypatch.setattr(type(providers["acme"]), "prepare", ApiAccess.prepare)
    with pytest.raises(ConfigurationError, match="cannot be used for calls"):
        acme.session().get(f"{world.peer.url}/posts")
    assert world.peer.requests == []


# The documents


def test_the_examples_work(mara, juno, x):
    for account in (mara, juno):
        post = using.announce(account, f"I am {account.subject}")
        assert (x.posts[-1].id, using.recent_posts(account)) == (post, [x.posts[-1].text])
    assert using.announce_or_say_why_not(mara, "More") == "Done."
    x.fault("rate-limited", times=1)
    assert using.announce_or_say_why_not(mara, "More still").startswith("Try again after ")
    x.fault("reset", times=1, path="/2/tweets")
    assert using.announce_or_say_why_not(mara, "More still") == "That did not work."
    x.clear()
    mara.session().post("https://api.x.com/1.1/oauth/invalidate_token.json")
    assert using.announce_or_say_why_not(mara, "More still") == "Please connect the account again."


def test_the_example_names_the_scope_that_is_missing(site, x, settings):
    plays_x(x, settings, SCOPE=["users.read", "tweet.read"])
    told = using.announce_or_say_why_not(account_of(x, "x"), "a")
    assert told == "The account may not do that yet; it lacks tweet.write."
