"""The guards of an attempt, each at its very edge: its cookie, its age, its claim."""

from __future__ import annotations

import shutil
import threading
import time
from http.cookies import Morsel

import pytest
from django.core.files import locks
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from socialreg import attempt, claims
from socialreg.attempt import Attempt
from socialreg.encryption import seal
from socialreg.exceptions import Expired, Mismatch, Replayed, Unavailable

NOW = 1_800_000_000.0
ISSUER = "https://x.com"


def made(key: str = "a-k3y", **changes: object) -> Attempt:
    given = {"slug": "twitter", "issuer": ISSUER, "intent": "login", "user_id": None, "next": "/home/", "key": key}
    return Attempt(**{**given, "pending": {"secret": "a-s3cret"}, **changes})  # type: ignore[arg-type]


def kept(one: Attempt, **cookies: str) -> dict[str, Morsel[str]]:
    """Let an attempt wait in a browser that has these cookies; return those that are set."""
    response = HttpResponse()
    attempt.keep(request(cookies), response, one)
    return dict(response.cookies)


def request(cookies: dict[str, str]) -> HttpRequest:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return RequestFactory().get("/", headers={"cookie": header})


def waiting(*attempts: Attempt) -> dict[str, str]:
    """Return the cookies of a browser in which these attempts wait, begun in this order."""
    return {name: cookie.value for one in attempts for name, cookie in kept(one).items()}


@pytest.fixture
def clock(monkeypatch):
    """Set this machine's clock: ``clock(0)`` is when the attempts begin."""

    def put(seconds: float) -> None:
        monkeypatch.setattr("time.time", lambda: NOW + seconds)

    put(0)
    return put


def claim(cookies: dict[str, str], key: str = "a-k3y") -> Attempt:
    return attempt.claim(request(cookies), "twitter", ISSUER, key)


def test_what_a_provider_let_wait_is_not_shown():
    assert not [secret for secret in ("a-k3y", "a-s3cret") if secret in repr(made())]


def test_an_attempt_comes_back_as_it_was(site, clock):
    whole = made(server="one.example", errand="signed", keep=True, user_id="7", intent="connect", across=True)
    found = claim(waiting(whole))
    assert found == Attempt(**{**{name: getattr(whole, name) for name in whole.__slots__}, "started": NOW})
    resume = found.resume()
    assert (resume.slug, resume.intent, resume.next, resume.server) == ("twitter", "connect", "/home/", "one.example")
    assert (resume.cookie, resume.errand, resume.keep) == (attempt.cookie_name("a-k3y", across=True), "signed", True)


@pytest.mark.parametrize(
    ("base", "across", "name", "same_site"),
    [
        ("https://testserver", False, "__Host-socialreg-attempt-", "Lax"),
        ("https://testserver", True, "__Host-socialreg-attempt-across-", "None"),
        ("http://testserver", False, "socialreg-attempt-", "Lax"),
        ("http://testserver", True, "socialreg-attempt-across-", "Lax"),
    ],
)
def test_a_cookie_is_this_hosts_alone_and_crosses_sites_only_where_it_must(site, base, across, name, same_site):
    site(BASE_URL=base)
    ((found, cookie),) = kept(made(across=across)).items()
    assert found.removeprefix(name).isalnum()
    assert len(found) == len(name) + 24
    is_secure = base.startswith("https")
    assert (bool(cookie["secure"]), cookie["httponly"], cookie["samesite"]) == (is_secure, True, same_site)
    assert (cookie["max-age"], cookie["path"], cookie["domain"]) == (3600, "/", "")


@pytest.mark.parametrize("across", [True, False])
def test_a_cookie_is_removed_with_what_it_was_set_with(site, across):
    site(BASE_URL="https://testserver")
    response = HttpResponse()
    attempt.forget(response, attempt.cookie_name("a-k3y", across=across))
    ((_, cookie),) = response.cookies.items()
    assert (cookie.value, cookie["max-age"], cookie["samesite"]) == ("", 0, "None" if across else "Lax")


def test_a_key_that_is_no_text_names_no_attempt(site):
    assert attempt.find(request({}), "\ud800") is None


@pytest.mark.parametrize("key", ["", "b-k3y"])
def test_an_attempt_under_anothers_name_is_not_that_other(site, key):
    (value,) = waiting(made()).values()
    assert attempt.find(request({attempt.cookie_name(key): value}), key) is None


def test_an_attempt_without_a_key_is_nobodys(site):
    assert attempt.find(request(waiting(made(""))), "") is None


@pytest.mark.parametrize("name", ["x-{}", "{}-x", "{}"])
def test_only_a_cookie_of_this_very_name_is_read(site, name):
    ((found, value),) = waiting(made()).items()
    assert (attempt.find(request({name.format(found): value}), "a-k3y") is not None) is (name == "{}")


@pytest.mark.parametrize(("blank", "read"), [("", True), (" ", True), ("\t", True), ("\xa0", False), ("\u2003", False)])
def test_a_name_that_only_unicode_takes_for_this_one_may_be_a_neighbours(site, blank, read):
    ((name, value),) = waiting(made()).items()
    arrived = RequestFactory().get("/")
    arrived.META["HTTP_COOKIE"] = f"a=b;{blank}{name}={value}"
    assert (attempt.find(arrived, "a-k3y") is not None) is read


def test_a_cookie_of_another_release_is_no_attempt(site):
    (name,) = waiting(made())
    sealed = seal("attempt", {"slug": "twitter", "colour": "blue"})
    assert attempt.find(request({name: sealed}), "a-k3y") is None


@pytest.mark.parametrize(
    ("seconds", "taken"), [(-60.5, False), (-60, True), (0, True), (600, True), (600.5, False), (3600, False)]
)
def test_an_attempt_is_good_for_600_seconds_and_60_of_another_clock(site, clock, seconds, taken):
    cookies = waiting(made())
    clock(seconds)
    if taken:
        assert claim(cookies).started == NOW
        return
    with pytest.raises(Expired) as raised:
        claim(cookies)
    assert raised.value.resume == attempt.find(request(cookies), "a-k3y").resume()


def test_a_claim_is_remembered_for_as_long_as_the_attempt_is_good_by_any_clock(site, clock):
    cookies = waiting(made())
    clock(-60)
    claim(cookies)
    clock(599)
    with pytest.raises(Replayed):
        claim(cookies)


@pytest.mark.parametrize(("slug", "issuer"), [("second", ISSUER), ("twitter", "https://evil.example")])
def test_an_attempt_is_of_one_provider_and_one_issuer(site, slug, issuer):
    with pytest.raises(Mismatch) as raised:
        attempt.claim(request(waiting(made())), slug, issuer, "a-k3y")
    assert raised.value.resume is not None


def test_without_a_cache_nobody_goes_on(site, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    with pytest.raises(Unavailable) as raised:
        claim(waiting(made()))
    assert raised.value.code == "cache"
    assert raised.value.resume is not None


class TestRoom:
    """At most five attempts, and at most 5000 bytes of them, wait in one browser."""

    def begun(self, clock, count: int, **changes: object) -> dict[str, str]:
        cookies: dict[str, str] = {}
        for number in range(count):
            clock(number)
            cookies |= waiting(made(f"k-{number}", **changes))
        return cookies

    def dropped(self, cookies: dict[str, str], one: Attempt) -> list[str]:
        return [name for name, cookie in kept(one, **cookies).items() if not cookie.value]

    def test_the_fifth_has_room_and_the_sixth_drops_the_oldest(self, site, clock):
        cookies = self.begun(clock, 5)
        clock(9)
        assert self.dropped({name: cookies[name] for name in list(cookies)[1:]}, made()) == []
        assert self.dropped(cookies, made()) == [attempt.cookie_name("k-0")]

    def test_a_cookie_that_is_no_attempt_is_the_oldest(self, site, clock):
        cookies = self.begun(clock, 4) | {attempt.cookie_name("broken"): "broken"}
        assert self.dropped(cookies, made()) == [attempt.cookie_name("broken")]

    def test_names_of_others_are_left_alone(self, site, clock):
        names = ["sessionid", "x-socialreg-attempt-" + "a" * 24, "socialreg-attempt-" + "a" * 25]
        assert self.dropped(self.begun(clock, 4) | dict.fromkeys(names, "x" * 3000), made()) == []

    def test_bytes_are_counted_and_the_new_one_with_them(self, site, clock, monkeypatch):
        cookies = self.begun(clock, 2)
        clock(9)
        new = next(cookie.value for cookie in kept(made()).values())
        together = len(new) + sum(map(len, cookies.values()))
        monkeypatch.setattr(attempt, "MOST_BYTES", together)
        assert self.dropped(cookies, made()) == []
        monkeypatch.setattr(attempt, "MOST_BYTES", together - 1)
        assert self.dropped(cookies, made()) == [attempt.cookie_name("k-0")]

    def test_the_bytes_are_5000(self, site, clock):
        one = next(iter(waiting(made(next="/" + "x" * 700)).values()))
        count = 5000 // len(one)
        assert 1 <= count < attempt.MOST_ATTEMPTS
        cookies = self.begun(clock, count, next="/" + "x" * 700)
        clock(9)
        assert len(self.dropped(cookies, made("k-9", next="/" + "x" * 700))) == 1


def test_the_clock_of_an_attempt_is_the_machines(site):
    before = time.time()
    assert before <= claim(waiting(made())).started <= time.time()


@pytest.mark.parametrize(
    ("debug", "host", "told"),
    [(True, "testserver:8000", False), (True, "localhost:8000", True), (False, "localhost", False)],
)
def test_a_cookie_that_is_going_to_be_missing_is_told_in_development_alone(site, settings, caplog, debug, host, told):
    settings.DEBUG = debug
    attempt.keep(RequestFactory().get("/", headers={"host": host}), HttpResponse(), made())
    assert ("where the browser has no cookie of it" in caplog.text) is told


class TestClaimsInFiles:
    """Django's cache in files looks first and writes then: a lock stands around both."""

    @pytest.fixture
    def folder(self, settings, tmp_path):
        folder = tmp_path / "not" / "there"
        backend = "django.core.cache.backends.filebased.FileBasedCache"
        settings.CACHES = {
            "default": {"BACKEND": backend, "LOCATION": str(folder)},
            "other": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        }
        return folder

    def test_the_first_gets_it_once_in_a_folder_that_is_nobody_elses(self, folder):
        assert [claims.claim("a", 60), claims.claim("a", 60), claims.claim("b", 60)] == [True, False, True]
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "socialreg.lock").exists()
        assert len(list(folder.glob("*.djcache"))) == 2

    def test_a_folder_that_was_cleared_away_is_made_again(self, folder):
        assert claims.claim("a", 60)
        shutil.rmtree(folder.parent)
        assert claims.claim("a", 60)
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_it_is_remembered_for_its_seconds(self, folder, clock):
        assert claims.claim("a", 60)
        clock(59)
        assert not claims.claim("a", 60)
        clock(61)
        assert claims.claim("a", 60)

    def test_whoever_comes_second_waits_until_the_first_has_written(self, folder):
        claims.claim("first", 60)
        done: list[bool] = []
        with (folder / "socialreg.lock").open("ab") as file:
            locks.lock(file, locks.LOCK_EX)
            second = threading.Thread(target=lambda: done.append(claims.claim("a", 60)), daemon=True)
            second.start()
            second.join(0.3)
            assert done == []
        second.join(10)
        assert done == [True]


def test_elsewhere_the_cache_itself_claims_and_no_folder_is_made(site, clock):
    assert [claims.claim("a", 60), claims.claim("a", 60)] == [True, False]
    clock(61)
    assert claims.claim("a", 60)
