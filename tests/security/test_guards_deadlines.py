"""The guards of how long the outside may take, and of what is said of it when it fails."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from socialreg import deadlines
from socialreg.deadlines import Fault, allow, deadline, step


def test_a_visitor_waits_ten_seconds_at_most():
    assert (deadlines.TOTAL_SECONDS, deadlines.CONNECT_SECONDS, deadlines.READ_SECONDS) == (9.5, 3.0, 5.0)
    with deadline():
        assert 9.4 < allow(60) <= 9.5


def test_without_a_deadline_a_step_has_its_own_time():
    assert allow(60) == 60


def test_a_step_has_its_own_time_or_what_is_left_if_that_is_less():
    with deadline(50):
        assert allow(3) == 3
        assert 49 < allow(60) <= 50


def test_the_nearer_of_two_ends_counts_and_only_inside():
    with deadline(50):
        with deadline(20):
            assert 19 < allow(60) <= 20
        with deadline(90):
            assert 49 < allow(60) <= 50
        assert 49 < allow(60) <= 50
    assert allow(60) == 60


def test_one_that_ends_badly_ends_all_the_same():
    with pytest.raises(KeyError), deadline(20):
        raise KeyError
    assert allow(60) == 60


def test_at_the_very_end_nothing_is_left(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    with deadline(0), pytest.raises(Fault) as raised:
        allow(3)
    assert raised.value.code == "timeout"


def test_a_step_is_told_how_long_it_may_take_and_what_comes_of_it_is_its_own():
    with deadline(50), step(3, "reading") as seconds:
        assert seconds == 3
    with pytest.raises(KeyError), step(3, "reading"):
        raise KeyError


def test_a_step_is_not_begun_after_the_end():
    with deadline(0), pytest.raises(Fault), step(3, "reading"):
        pytest.fail("it was begun")


def unverified() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "secret")
    error.verify_message = "it is out of date"
    return error


def broken(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "secret")
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "code", "cause"),
    [
        (TimeoutError("secret"), "timeout", "reading was not done after 3.0 s"),
        (unverified(), "certificate", "the certificate is not accepted: it is out of date"),
        (ssl.SSLEOFError(8, "secret"), "connection", "reading failed: the peer closed the connection"),
        (ssl.SSLZeroReturnError(6, "secret"), "connection", "reading failed: the peer closed the connection"),
        (broken(None), "tls", "reading failed: SSLError"),
        (broken("OLD"), "tls", "reading failed: OLD"),
        (ConnectionResetError(104, "Reset"), "connection", "reading failed: Reset"),
        (socket.gaierror(), "connection", "reading failed: gaierror"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_breaks_has_plain_words_and_the_librarys_own_are_not_shown(error, code, cause):
    with pytest.raises(Fault) as raised, step(3, "reading"):
        raise error
    assert (raised.value.code, raised.value.cause, raised.value.args) == (code, cause, (code, cause))
    assert raised.value.__suppress_context__
