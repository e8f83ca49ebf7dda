"""The stand-in over OAuth 1.0a: it plays any class by its data, and X by X's own; it refuses what RFC 5849 refuses.

The client here is oauthlib's and requests', so that nothing of ours is on both sides.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.test import Client as DjangoClient
from django.urls import reverse
from oauthlib.oauth1 import Client

from socialreg.exceptions import ConfigurationError
from socialreg.oauth1 import OAuth1Provider
from socialreg.testing import CONSUMER_KEY, CONSUMER_SECRET, FAULTS, PEOPLE, StandIn, XStandIn
from socialreg.testing.__main__ import main
from socialreg.testing.site import stand_in_for
from socialreg_providers.twitter import Twitter

CALLBACK = "https://site.example/accounts/photos/callback/?keep=1"
MARA = PEOPLE[0]
SHOWN = "?include_email=true"


class Photos(OAuth1Provider):
    """An ordinary one, with fields of its own in the access-token answer and a profile that nests."""

    slug = "photos"
    label = "Photos"
    issuer = "https://photos.example"
    pictures_host: str = "https://pictures.example"
    api_host: str = "https://api.photos.example"
    uid_claim = "user_nsid"
    username_claim = "username"
    request_token_url = "{api_host}/oauth/request_token"
    authorize_url = "https://photos.example/oauth/authorize"
    authenticate_url: str = "https://photos.example/oauth/authenticate"
    access_token_url = "{api_host}/oauth/access_token"
    profile_url = "{api_host}/me"
    profile_params = {"include_email": "true"}
    profile_map = {
        "uid": "person.id",
        "username": "person.login",
        "full_name": "person.name",
        "email": "person.mails[0].address",
        "email_verified": "person.mails[0].sure",
        "picture": "person.pictures[1]",
        "team": "team.key",
    }


class Bare(OAuth1Provider):
    """One that tells a number and nothing else, and has no profile to read."""

    slug = "bare"
    label = "Bare"
    issuer = "https://bare.example"
    uid_claim = "user_id"
    request_token_url = authorize_url = access_token_url = "https://bare.example/"


@dataclass
class App:
    """An application at a provider that is played."""

    standin: StandIn
    options: dict[str, object]
    ready: tuple[str, str] = ("", "")
    waiting: tuple[str, str] = ("", "")
    verifier: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, name: str, token=("", ""), query="", method="POST", **options) -> requests.Response:
        key = options.pop("key", self.options["CLIENT_ID"])
        secret = options.pop("secret", self.options["CLIENT_SECRET"])
        client = Client(key, secret, token[0] or None, token[1] or None, **options)
        return self.send(method, *client.sign(f"{self.options[name]}{query}", method)[:2])

    def send(self, method: str, url: str, headers: dict[str, str]) -> requests.Response:
        return self.session.request(method, url, headers=headers, timeout=10, allow_redirects=False)

    def request_token(self, callback=CALLBACK) -> tuple[str, str]:
        return pair(self.call("REQUEST_TOKEN_URL", callback_uri=callback))

    def address(self, token: tuple[str, str], name="AUTHORIZE_URL") -> str:
        return f"{self.options[name]}?oauth_token={token[0]}"

    def back(self, token: tuple[str, str], screen_name: str | None = "maralind") -> dict[str, str]:
        """Consent as somebody, or press "Cancel"; return what the browser brings back."""
        press = self.standin.deny if screen_name is None else lambda url: self.standin.approve(url, screen_name)
        return dict(parse_qsl(urlsplit(press(self.address(token))).query, keep_blank_values=True))

    def exchange(self, screen_name="maralind") -> requests.Response:
        token = self.request_token()
        return self.call("ACCESS_TOKEN_URL", token, verifier=self.back(token, screen_name)["oauth_verifier"])

    def access(self, screen_name="maralind") -> tuple[str, str]:
        return pair(self.exchange(screen_name))

    def profile(self, token: tuple[str, str], query=SHOWN) -> requests.Response:
        return self.call("PROFILE_URL", token, query, "GET")

    def prepare(self) -> None:
        """Go so far that every call has what it needs, before a fault stands in the way."""
        self.ready, self.waiting = self.access(), self.request_token()
        self.verifier = self.back(self.waiting)["oauth_verifier"]

    def every_call(self) -> list[requests.Response]:
        """Make each of the three."""
        asked = self.call("REQUEST_TOKEN_URL", callback_uri=CALLBACK)
        exchanged = self.call("ACCESS_TOKEN_URL", self.waiting, verifier=self.verifier)
        return [asked, exchanged, self.profile(self.ready)]


def pair(response: requests.Response) -> tuple[str, str]:
    assert response.status_code == 200, response.text
    fields = said(response)
    return fields["oauth_token"], fields["oauth_token_secret"]


def said(response: requests.Response) -> dict[str, str]:
    return dict(parse_qsl(response.text, keep_blank_values=True))


@pytest.fixture(scope="module")
def _standin() -> Iterator[StandIn]:
    with StandIn() as standin:
        yield standin


@pytest.fixture
def standin(_standin: StandIn) -> Iterator[StandIn]:
    _standin.reset()
    yield _standin
    _standin.reset()


@pytest.fixture
def played(standin: StandIn) -> Iterator[Callable[..., App]]:
    """Play a provider, as new; return an application there."""
    apps: list[App] = []

    def play(provider: type[OAuth1Provider], **options: object) -> App:
        apps.append(App(standin, standin.play(provider.slug, provider, options)))
        apps[-1].session.trust_env = False
        return apps[-1]

    yield play
    for app in apps:
        app.session.close()


@pytest.fixture
def photos(played) -> App:
    return played(Photos)


# The whole way


def test_an_application_gets_from_a_request_token_to_the_person_s_profile(photos):
    token = photos.call("REQUEST_TOKEN_URL", callback_uri=CALLBACK)
    assert said(token).keys() == {"oauth_token", "oauth_token_secret", "oauth_callback_confirmed"}
    assert said(token)["oauth_callback_confirmed"] == "true"
    came = photos.back(pair(token))
    assert (came["keep"], came["oauth_token"]) == ("1", pair(token)[0])
    answered = photos.call("ACCESS_TOKEN_URL", pair(token), verifier=came["oauth_verifier"])
    assert said(answered).keys() == {"oauth_token", "oauth_token_secret", "user_nsid", "username"}
    assert (said(answered)["user_nsid"], said(answered)["username"]) == (MARA.id, "maralind")
    told = photos.profile(pair(answered)).json()
    assert told["person"] == {
        "id": MARA.id,
        "login": "maralind",
        "name": "Mara Lindqvist",
        "mails": [{"address": MARA.email, "sure": True}],
        "pictures": [None, MARA.picture_url(photos.standin.url)],
    }
    assert len(told["team"]["key"]) == 32


def test_what_a_class_does_not_name_is_not_told(played):
    bare = played(Bare)
    assert said(bare.exchange()).keys() == {"oauth_token", "oauth_token_secret", "user_id"}
    assert bare.options.keys() == {
        "CLIENT_ID",
        "CLIENT_SECRET",
        "REQUEST_TOKEN_URL",
        "AUTHORIZE_URL",
        "ACCESS_TOKEN_URL",
    }


def test_where_one_field_is_uid_and_user_name_it_is_the_uid(played):
    class Numbered(Bare):
        username_claim = "user_id"

    assert said(played(Numbered).exchange())["user_id"] == MARA.id


def test_the_options_hold_all_that_a_site_needs_and_point_every_address_here(photos):
    base = f"{photos.standin.url}/photos"
    assert photos.options == {
        "CLIENT_ID": "photos-sandbox",
        "CLIENT_SECRET": photos.options["CLIENT_SECRET"],
        "REQUEST_TOKEN_URL": f"{base}/request_token",
        "AUTHORIZE_URL": f"{base}/authorize",
        "AUTHENTICATE_URL": f"{base}/authenticate",
        "ACCESS_TOKEN_URL": f"{base}/access_token",
        "PROFILE_URL": f"{base}/profile",
        "PICTURES_HOST": base,
    }
    assert photos.session.get(photos.address(photos.request_token(), "AUTHENTICATE_URL"), timeout=10).status_code == 200


def test_what_the_entry_says_wins_over_the_class_but_never_over_an_address(played):
    app = played(Photos, CLIENT_ID="mine", CLIENT_SECRET="ours", PROFILE_URL="https://elsewhere.example/")
    assert (app.options["CLIENT_ID"], app.options["CLIENT_SECRET"]) == ("mine", "ours")
    assert app.options["PROFILE_URL"] == f"{app.standin.url}/photos/profile"
    assert app.profile(app.access()).status_code == 200


def test_a_person_is_somebody_else_when_they_are_and_stays_who_they_are(photos):
    first, again, other = photos.access(), photos.access(), photos.access("tomas_ok")
    assert first == again != other
    assert photos.profile(other).json()["person"]["mails"] == [{"address": None, "sure": None}]


def test_playing_again_begins_anew_and_providers_share_nothing(photos, played):
    token, bare = photos.access(), played(Bare)
    assert bare.session.get(bare.address(photos.request_token()), timeout=10).status_code == 403
    photos.standin.reset()
    assert photos.profile(token).status_code == 200
    assert played(Photos).profile(token).status_code == 401


# What is refused


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"key": "another"}, 401),
        ({"secret": "another"}, 401),
        ({"timestamp": "1"}, 401),
        ({"signature_method": "PLAINTEXT"}, 401),
        ({"callback_uri": "oob"}, 403),
        ({"callback_uri": "javascript:alert(1)"}, 403),
        ({"callback_uri": None}, 403),
    ],
)
def test_a_request_token_is_handed_out_for_a_right_call_alone(photos, changes, status):
    answered = photos.call("REQUEST_TOKEN_URL", **{"callback_uri": CALLBACK, **changes})
    assert (answered.status_code, "oauth_token" in answered.text) == (status, False)
    assert answered.headers["Content-Type"].startswith("text/html")


def test_an_unsigned_call_is_refused(photos):
    for name, method in {"REQUEST_TOKEN_URL": "POST", "ACCESS_TOKEN_URL": "POST", "PROFILE_URL": "GET"}.items():
        assert photos.send(method, photos.options[name] + SHOWN, {}).status_code == 400


def test_a_nonce_is_good_once(photos):
    client = Client(photos.options["CLIENT_ID"], photos.options["CLIENT_SECRET"], callback_uri=CALLBACK)
    url, headers, _ = client.sign(photos.options["REQUEST_TOKEN_URL"], "POST")
    assert [photos.send("POST", url, headers).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("verifier", [None, "made-up"])
def test_a_verifier_is_needed_and_a_wrong_one_spends_nothing(photos, verifier):
    token = photos.request_token()
    right = photos.back(token)["oauth_verifier"]
    assert photos.call("ACCESS_TOKEN_URL", token, verifier=verifier).status_code == 401
    assert photos.call("ACCESS_TOKEN_URL", token, verifier=right).status_code == 200
    assert photos.call("ACCESS_TOKEN_URL", token, verifier=right).status_code == 401


def test_a_token_nobody_has_approved_is_good_for_nothing(photos):
    assert photos.call("ACCESS_TOKEN_URL", photos.request_token(), verifier="any").status_code == 401
    assert photos.profile(photos.request_token()).status_code == 401
    assert photos.profile(("unknown", "unknown")).status_code == 401
    token = photos.access()
    assert photos.profile((token[0], "another")).status_code == 401


def test_cancel_comes_back_with_denied_and_ends_the_token(photos):
    token = photos.request_token()
    assert photos.back(token, None) == {"keep": "1", "denied": token[0]}
    with pytest.raises(ConfigurationError, match="answered 403"):
        photos.back(token)


def test_a_token_is_asked_about_once(photos):
    token = photos.request_token()
    photos.back(token)
    assert photos.session.get(photos.address(token), timeout=10).status_code == 403
    form = {"oauth_token": token[0], "do": "authorize", "screen_name": "tomas_ok"}
    answered = photos.session.post(f"{photos.standin.url}/photos/consent", data=form, timeout=10)
    assert (answered.status_code, answered.history) == (403, [])


def test_nobody_of_an_unknown_name_is_let_through(photos):
    with pytest.raises(ConfigurationError, match="answered 400"):
        photos.back(photos.request_token(), "nobody")


@pytest.mark.parametrize("screen_name", ["vstahl", "nadiabloom"])
def test_who_is_suspended_or_locked_gets_no_token(photos, screen_name):
    assert photos.exchange(screen_name).status_code == 401


def test_a_profile_call_has_to_be_made_as_the_class_says(photos):
    assert photos.profile(photos.access(), "").json()["error"] == "invalid_request"


def test_another_method_finds_nothing(photos):
    assert photos.call("PROFILE_URL", photos.access(), SHOWN, "POST").status_code == 404
    assert photos.call("REQUEST_TOKEN_URL", method="GET").status_code == 404
    assert photos.send("GET", f"{photos.standin.url}/photos/token", {}).status_code == 404


# What is told


def test_other_things_can_be_told_in_the_token_answer_and_in_the_profile(photos):
    photos.standin.tell("photos", {"uid": 7, "username": "half \ud83e", "email_verified": "yes", "picture": ...})
    answered = photos.exchange()
    assert (said(answered)["user_nsid"], said(answered)["username"]) == ("7", "half ?")
    person = photos.profile(pair(answered)).json()["person"]
    assert (person["id"], person["login"], person["mails"][0]["sure"]) == (7, "half \ud83e", "yes")
    assert "pictures" not in person
    photos.standin.reset()
    assert said(photos.exchange())["user_nsid"] == MARA.id


@pytest.mark.parametrize("value", [None, True, [], {}])
def test_what_no_form_can_carry_is_empty_in_one(photos, value):
    photos.standin.tell("photos", {"uid": value})
    answered = photos.exchange()
    assert said(answered)["user_nsid"] == ""
    assert photos.profile(pair(answered)).json()["person"]["id"] == value


def test_what_is_left_out_is_nowhere(photos):
    photos.standin.tell("photos", {"uid": ...})
    answered = photos.exchange()
    assert "user_nsid" not in said(answered)
    assert "id" not in photos.profile(pair(answered)).json()["person"]


def test_nothing_is_told_at_a_provider_that_is_not_played(standin):
    with pytest.raises(ConfigurationError, match="plays no provider 'nowhere'"):
        standin.tell("nowhere", {})


# X


@pytest.fixture
def x_app(standin) -> Iterator[App]:
    """An application at X."""
    standin.play("twitter", Twitter)
    url = standin.url
    addresses = {
        "REQUEST_TOKEN_URL": f"{url}/oauth/request_token",
        "AUTHORIZE_URL": f"{url}/oauth/authorize",
        "ACCESS_TOKEN_URL": f"{url}/oauth/access_token",
        "PROFILE_URL": f"{url}/2/users/me",
        "V1": f"{url}/1.1/account/verify_credentials.json",
    }
    app = App(standin, {"CLIENT_ID": CONSUMER_KEY, "CLIENT_SECRET": CONSUMER_SECRET, **addresses})
    app.session.trust_env = False
    yield app
    app.session.close()


V2_SHOWN = "?user.fields=confirmed_email%2Cprofile_image_url"


def test_x_needs_nothing_more(standin):
    assert standin.play("twitter", Twitter) == standin.provider_settings()
    assert standin.play("twitter", Twitter, {"METHOD": "authorize"})["METHOD"] == "authorize"
    assert XStandIn is StandIn


def test_every_class_for_x_is_sent_to_x_s_own_addresses(standin):
    class Mine(OAuth1Provider):
        issuer = "https://x.com"
        request_token_url = authorize_url = access_token_url = profile_url = "https://api.x.com/"

    class Theirs(Twitter):
        label = "Twitter"

    assert standin.play("x", Theirs) == standin.provider_settings()
    assert standin.play("mine", Mine) == {
        "CLIENT_ID": CONSUMER_KEY,
        "CLIENT_SECRET": CONSUMER_SECRET,
        "REQUEST_TOKEN_URL": f"{standin.url}/oauth/request_token",
        "AUTHORIZE_URL": f"{standin.url}/oauth/authenticate",
        "ACCESS_TOKEN_URL": f"{standin.url}/oauth/access_token",
        "PROFILE_URL": f"{standin.url}/1.1/account/verify_credentials.json",
    }


TOLD = {"uid": "12", "full_name": None, "username": ["a"], "email": "other@example.org", "picture": "javascript:1"}


def test_other_things_can_be_told_at_x_in_the_token_answer_and_in_both_profiles(x_app):
    x_app.standin.tell("twitter", TOLD)
    answered = x_app.exchange()
    assert (said(answered)["user_id"], said(answered)["screen_name"]) == ("12", "")
    v2 = x_app.profile(pair(answered), V2_SHOWN).json()["data"]
    assert v2 == {
        "id": "12",
        "name": None,
        "username": ["a"],
        "confirmed_email": "other@example.org",
        "profile_image_url": "javascript:1",
    }
    v1 = x_app.call("V1", pair(answered), "?include_email=true", "GET").json()
    assert (v1["id"], v1["id_str"], v1["name"], v1["screen_name"]) == ("12", "12", None, ["a"])
    assert (v1["email"], v1["profile_image_url_https"]) == ("other@example.org", "javascript:1")


def test_what_is_told_at_x_shows_only_where_it_is_asked_for_and_left_out_is_left_out(x_app):
    token = x_app.access("tomas_ok")
    x_app.standin.tell("twitter", {"email": "other@example.org", "uid": ...})
    assert x_app.profile(token, "").json()["data"].keys() == {"name", "username"}
    assert "email" not in x_app.call("V1", token, "", "GET").json()
    assert not {"id", "id_str"} & x_app.call("V1", token, "", "GET").json().keys()
    assert "user_id" not in said(x_app.exchange())


@pytest.mark.parametrize(
    "again", [lambda s: s.reset(), lambda s: s.play("twitter", Twitter), lambda s: s.tell("twitter", {})]
)
def test_the_truth_is_told_at_x_again(x_app, again):
    x_app.standin.tell("twitter", TOLD)
    again(x_app.standin)
    assert said(x_app.exchange())["user_id"] == MARA.id


def test_x_is_told_by_every_slug_that_leads_there_and_one_that_leads_elsewhere_now_is_not_x(x_app, played):
    standin = x_app.standin
    standin.play("photos", Twitter)
    standin.tell("photos", {"uid": "12"})
    assert said(x_app.exchange())["user_id"] == "12"
    photos = played(Photos)
    standin.tell("photos", {"uid": "13"})
    assert (said(x_app.exchange())["user_id"], said(photos.exchange())["user_nsid"]) == ("12", "13")
    standin.play("photos", Twitter)
    standin.tell("photos", {"uid": "14"})
    assert said(x_app.exchange())["user_id"] == "14"


def test_x_remembers_nobody_who_has_cancelled(x_app):
    """A browser sends along who was chosen, whichever button is pressed."""
    for do, remembered in {"cancel": False, "authorize": True}.items():
        form = {"oauth_token": x_app.request_token()[0], "do": do, "screen_name": "maralind"}
        address = f"{x_app.standin.url}/oauth/consent"
        answered = x_app.session.post(address, data=form, timeout=10, allow_redirects=False)
        assert (answered.status_code, "Set-Cookie" in answered.headers) == (302, remembered)


# Faults

#: By fault, how it is seen at a provider that is played.
CHECKS: dict[str, Callable[[App], bool]] = {
    "callback-unconfirmed": lambda app: said(asked(app))["oauth_callback_confirmed"] == "false",
    "callback-confirmation-missing": lambda app: "oauth_callback_confirmed" not in said(asked(app)),
    "token-missing": lambda app: "oauth_token" not in said(asked(app)),
    "secret-missing": lambda app: "oauth_token_secret" not in said(asked(app)),
    "user-id-missing": lambda app: "user_nsid" not in said(app.exchange()),
    "user-id-empty": lambda app: said(app.exchange())["user_nsid"] == "",
    "screen-name-missing": lambda app: "username" not in said(app.exchange()),
    "extra-fields": lambda app: said(asked(app)).get("something_new") == "1",
    "clock-skew": lambda app: asked(app).status_code == 401,
    "no-date": lambda app: "Date" not in asked(app).headers,
    "server-error": lambda app: [each.status_code for each in app.every_call()] == [500] * 3,
    "rate-limited": lambda app: [each.status_code for each in app.every_call()] == [429] * 3,
    "empty": lambda app: [each.text for each in app.every_call()] == [""] * 3,
    "not-form": lambda app: asked(app).text == '{"ok": true}',
    "not-json": lambda app: app.profile(app.ready).text == "id=1&name=a",
    "other-sub": lambda app: app.profile(app.ready).json()["person"]["id"] not in {MARA.id, None},
    "null-profile": lambda app: app.profile(app.ready).json()["person"]["login"] is None,
    "back-bare": lambda app: app.back(app.request_token()) == {"keep": "1"},
    "back-without-verifier": lambda app: "oauth_verifier" not in app.back(app.request_token()),
    "back-with-other-verifier": lambda app: app.back(app.request_token())["oauth_verifier"] == "made-up",
    "back-with-other-token": lambda app: app.back(app.request_token())["oauth_token"] == "made-up",
}


def asked(app: App) -> requests.Response:
    return app.call("REQUEST_TOKEN_URL", callback_uri=CALLBACK)


@pytest.mark.parametrize("name", CHECKS)
def test_a_fault_does_what_its_sentence_says_until_it_is_cleared(photos, name):
    photos.prepare()
    photos.standin.fault(name)
    assert CHECKS[name](photos)
    photos.standin.clear()
    assert not CHECKS[name](photos)


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"slow", "drip", "drip-headers", "huge", "gzip-bomb"}))
def test_a_fault_breaks_nothing_but_what_it_is_for(photos, capfd, name):
    """The server answers or ends the connection; it never falls over itself."""
    photos.prepare()
    photos.standin.fault(name, path=None)
    for call in (asked, lambda app: app.profile(app.ready)):
        try:
            call(photos)
        except requests.RequestException:
            continue
    assert capfd.readouterr().err == ""


def test_a_fault_can_be_for_one_call(photos):
    photos.prepare()
    photos.standin.fault("server-error", path="/photos/access_token")
    assert [each.status_code for each in photos.every_call()] == [200, 500, 200]
    calls = {record.path for record in photos.standin.api_requests}
    assert calls == {"/photos/request_token", "/photos/access_token", "/photos/profile"}


# Around it


def test_the_first_page_shows_it_with_its_options(photos):
    text = requests.get(photos.standin.url, timeout=10).text
    assert ">Photos <" in text
    assert text.count("OAuth 1.0a") >= 2
    assert all(str(photos.options[name]) in text for name in photos.options if name.endswith("_URL"))


@pytest.mark.django_db
def test_a_site_logs_people_in_with_a_class_of_its_own(standin):
    client = DjangoClient()
    with stand_in_for(standin, "acme", {"PROVIDER": "docs.examples.acme.Acme"}):
        away = client.post(reverse("socialreg:start", args=["acme"]))
        assert urlsplit(away["Location"]).path == "/acme/authorize"
        home = client.get(standin.approve(away["Location"], "maralind"), follow=True)
    assert "Mara" in home.content.decode()
    assert "mara.lindqvist@example.com" in home.content.decode()


# Alone


def test_alone_it_plays_who_is_named_and_prints_their_entries():
    command = [sys.executable, "-m", "socialreg.testing", "google", "docs.examples.acme.Acme", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = next(word for word in process.stdout.readline().split() if word.startswith("http://")).rstrip("/")
        lines = [process.stdout.readline() for _ in range(17)]
        first = requests.get(url, timeout=10).text
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    given = {"SOCIALREG": {"PROVIDERS": {}}}
    exec("".join([*lines, rest]), given)
    entries = given["SOCIALREG"]["PROVIDERS"]
    assert given["SOCIALREG"]["PRIVATE_HOSTS"] == [url.removeprefix("http://")]
    assert entries["google"]["ISSUER"] == f"{url}/google"
    assert entries["acme"]["PROVIDER"] == "docs.examples.acme.Acme"
    assert entries["acme"]["PROFILE_URL"] == f"{url}/acme/profile"
    assert ">Google <" in first
    assert ">Acme Photos <" in first


def test_alone_it_is_x_if_nobody_is_named():
    command = [sys.executable, "-m", "socialreg.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
    assert lines[3] == 'SOCIALREG["PROVIDERS"]["twitter"] = {\n'


@pytest.mark.parametrize(
    "name", ["nobody", "", "..", "../x", "_x_errors", "socialreg.oidc", "socialreg.oauth1.OAuth1Provider", "json.dumps"]
)
def test_alone_it_says_why_it_does_not_start(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["socialreg.testing", "--port", "0", "twitter", name])
    with pytest.raises(SystemExit, match="2"):
        main()
    said_so = capsys.readouterr()
    assert said_so.out == ""
    assert "provider" in said_so.err
    assert "Remedy: " in said_so.err


def test_alone_it_needs_a_free_port(standin, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["socialreg.testing", "--port", standin.url.rpartition(":")[2]])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "in use" in capsys.readouterr().err
