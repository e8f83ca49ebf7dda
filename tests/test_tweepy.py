"""Real tweepy, acting as an account, against the stand-in: over OAuth 1.0a and over OAuth 2.0."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import tweepy

from docs.examples import using
from socialreg.exceptions import ConfigurationError, Revoked
from socialreg.models import SocialAccount
from socialreg.types import Credentials
from tests.using import account_of, kept, plays_x

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["twitter", "x"])
def account(request, site, x, settings) -> SocialAccount:
    """Mara's account, over either protocol."""
    plays_x(x, settings)
    account = account_of(x, request.param)
    x.requests.clear()
    return account


@pytest.fixture
def client(account) -> tweepy.Client:
    return account.tweepy_client()


@pytest.fixture
def api(site, x) -> tweepy.API:
    return account_of(x, "twitter").tweepy_api()


def test_a_client_posts_reads_and_deletes_and_nobody_has_to_know_the_protocol(client, account, x):
    assert isinstance(client, tweepy.Client)
    post = client.create_tweet(text="A changelog, é & so on")
    assert [(each.author_id, each.text) for each in x.posts] == [(account.subject, "A changelog, é & so on")]
    assert client.get_me().data.username == "maralind"
    assert client.get_me(user_fields=["verified", "description"]).data.verified is True
    assert [each.text for each in client.get_users_tweets(account.subject).data] == ["A changelog, é & so on"]
    assert client.delete_tweet(post.data["id"]).data == {"deleted": True}
    assert x.posts == []


def test_user_auth_makes_no_difference(client):
    assert [client.get_me(user_auth=flag).data.username for flag in (True, False)] == ["maralind", "maralind"]


def test_calls_that_need_the_persons_id_know_it(client, account, x):
    with pytest.raises(tweepy.NotFound):  # the stand-in has no likes
        client.like("1")
    assert [record.path for record in x.requests] == [f"/2/users/{account.subject}/likes"]


def test_the_session_is_closed_after_every_call_and_works_on(client):
    client.session.close()
    assert client.get_me().data.username == "maralind"


def test_tweepy_raises_its_own_for_errors(client, x):
    client.create_tweet(text="twice")
    with pytest.raises(tweepy.Forbidden, match="duplicate"):
        client.create_tweet(text="twice")
    with pytest.raises(tweepy.NotFound):
        client.delete_tweet(7)
    with pytest.raises(tweepy.BadRequest):
        client.create_tweet(text="")
    x.fault("rate-limited")
    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.get_me()
    assert caught.value.reset_time > 1_700_000_000
    x.clear()
    x.fault("server-error")
    with pytest.raises(tweepy.TwitterServerError):
        client.get_me()


def test_dead_tokens_are_tweepys_error_and_mark_the_account(site, x):
    account = account_of(x, "twitter")
    client = account.tweepy_client()
    account.session().post("https://api.x.com/1.1/oauth/invalidate_token.json")
    with pytest.raises(tweepy.Unauthorized):
        client.get_me()
    assert SocialAccount.objects.get(pk=account.pk).lost_at is not None
    with pytest.raises(Revoked):
        client.get_me()


def test_a_token_that_is_refused_is_refreshed_on_the_way(site, x, settings):
    plays_x(x, settings)
    client = account_of(x, "x").tweepy_client()
    x.fault("clock-skew", times=1, path="/2/tweets", seconds=4000)
    assert client.create_tweet(text="once").data["text"] == "once"
    assert [post.text for post in x.posts] == ["once"]


def test_no_token_is_in_tweepys_hands_or_log(client, account, caplog):
    caplog.set_level("DEBUG")
    client.create_tweet(text="a")
    credentials = account.credentials
    secrets = {credentials.token, credentials.secret, credentials.refresh_token} - {""}
    kept = caplog.text + repr(vars(client)) + repr(vars(client.session))
    assert "Making API request" in caplog.text
    assert not [secret for secret in secrets if secret in kept]


def test_the_api_verifies_and_posts(api, x):
    assert isinstance(api, tweepy.API)
    me = api.verify_credentials(include_email=True)
    assert (me.screen_name, me.id_str) == ("maralind", "1400000000000000001")
    assert api.update_status("Hello & good-bye, é~*").text == "Hello & good-bye, é~*"
    assert [post.text for post in x.posts] == ["Hello & good-bye, é~*"]
    with pytest.raises(tweepy.Forbidden) as caught:
        api.update_status("Hello & good-bye, é~*")
    assert caught.value.api_codes == [187]


def test_the_api_is_for_oauth1_alone(site, x, settings):
    plays_x(x, settings)
    with pytest.raises(ConfigurationError, match=r"v1\.1 cannot be used"):
        account_of(x, "x").tweepy_api()


def test_tweepy_is_for_x_alone(world):
    account = kept("acme", Credentials("7", token="t"))
    for make in (account.tweepy_client, account.tweepy_api):
        with pytest.raises(ConfigurationError, match=r"account\.session\(\)"):
            make()


def test_without_tweepy_the_error_says_what_to_install(site, x):
    program = """
    import sys
    sys.modules["tweepy"] = None
    import os
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    django.setup()
    from socialreg.exceptions import ConfigurationError
    from socialreg.models import SocialAccount
    try:
        SocialAccount(issuer="https://x.com").tweepy_client()
    except ConfigurationError as error:
        print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True, timeout=60
    )
    assert 'pip install "socialreg[tweepy]"' in done.stdout


def test_setup_imports_neither_tweepy_nor_requests():
    program = "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup(); "
    program += "import socialreg.models; print(sorted({'tweepy', 'requests'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_example_works(account, x):
    post = using.announce_with_tweepy(account, "A changelog")
    assert [(each.id, each.text) for each in x.posts] == [(post, "A changelog")]
