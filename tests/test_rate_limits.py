"""What an answer's headers say of how many calls a provider still takes; whoever wants to know sees every answer."""

from __future__ import annotations

import pytest

from socialreg import rate_limits
from socialreg.answer import Answer
from socialreg.exceptions import Unavailable
from socialreg.http import Client
from tests.servers import Server, keep_alive

NOW = 1_790_000_000


def said(status: int = 200, **headers: str) -> Answer:
    return Answer(status, "GET somewhere", {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize(
    ("answer", "resumes"),
    [
        (said(), None),
        (said(x_rate_limit_remaining="1", x_rate_limit_reset=str(NOW + 60)), None),
        (said(x_rate_limit_remaining="0", x_rate_limit_reset=str(NOW + 60)), NOW + 60),
        (said(x_ratelimit_remaining="0", x_ratelimit_reset="60"), NOW + 60),
        (said(x_ratelimit_remaining="0.0", x_ratelimit_reset="59.5"), NOW + 60),
        (said(ratelimit_remaining="0", ratelimit_reset="60"), NOW + 60),
        (said(ratelimit_remaining="0"), NOW + 900),
        (said(429), NOW + 900),
        (said(429, retry_after="60"), NOW + 60),
        (said(429, retry_after="0"), NOW + 10),
        (said(429, x_rate_limit_reset=str(NOW - 600)), NOW + 10),
        (said(429, x_rate_limit_reset="99999999999"), NOW + 86400),
        (said(429, retry_after="Fri, 31 Dec 9999 23:59:59 GMT"), NOW + 86400),
        (said(x_rate_limit_remaining="0", x_rate_limit_reset="99999999999"), NOW + 86400),
        (said(429, retry_after="Mon, 21 Sep 2026 14:14:20 GMT"), NOW + 60),
        (said(429, retry_after="60", x_rate_limit_reset=str(NOW + 600)), NOW + 60),
        (said(503, retry_after="60"), None),
    ],
)
def test_the_time_of_the_next_call(answer, resumes):
    assert rate_limits.resumes_at(answer, NOW) == resumes


@pytest.mark.parametrize("odd", ["", "soon", "-1", "1e9", "9" * 30, "\u0661", "nan", "inf", "0x10", "1,2"])
def test_what_is_no_number_says_nothing(odd):
    assert rate_limits.resumes_at(said(x_rate_limit_remaining=odd), NOW) is None
    for name in ("retry_after", "x_rate_limit_reset"):
        assert rate_limits.resumes_at(said(429, **{name: odd}), NOW) == NOW + 900


def test_an_observer_sees_every_answer_inside_and_none_outside():
    seen: list[Answer] = []
    with Server(keep_alive("429 Too Many Requests", headers={"Retry-After": "7"})) as server:
        client = Client(private_hosts=frozenset({server.netloc}), plain_http=True)
        client.send("GET", server.url)
        with rate_limits.observed(seen.append):
            client.send("GET", server.url)
            client.send("POST", server.url, body=b"")
        client.send("GET", server.url)
        client.close()
    assert [(answer.status, answer.headers["retry-after"]) for answer in seen] == [(429, "7")] * 2


def test_no_answer_is_none_to_see():
    seen: list[Answer] = []
    with Server(lambda peer: peer.reset()) as server:
        client = Client(private_hosts=frozenset({server.netloc}), plain_http=True)
        with rate_limits.observed(seen.append), pytest.raises(Unavailable):
            client.send("GET", server.url)
        client.close()
    assert not seen
