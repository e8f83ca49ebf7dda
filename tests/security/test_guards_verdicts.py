"""The guards of what counts as a failure of a provider: each outcome at its very edge."""

from __future__ import annotations

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import BadAnswer, NotAllowed, RateLimited, Unavailable
from socialreg.verdicts import Verdict, verdict

WELL, FAILED, CUT_SHORT, NOTHING = Verdict.WELL, Verdict.FAILED, Verdict.CUT_SHORT, Verdict.NOTHING


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *((status, WELL) for status in (200, 204, 302, 400, 404, 429, 500, 501, 505)),
        *((status, FAILED) for status in (502, 503, 504)),
    ],
)
def test_f04_of_all_answers_those_of_a_gateway_alone_are_failures(status, said):
    assert verdict(Answer(status, "POST acme.example/token", {}, b""), 0.0) is said


@pytest.mark.parametrize("waited", [0.0, 2.4, 9.0])
def test_f04_whoever_answers_badly_is_there(waited):
    """It forgives what was before: any visitor can bring about such an answer, and none can bring it to the fore."""
    assert verdict(BadAnswer("It made no sense"), waited) is WELL
    assert verdict(BadAnswer("It made no sense", code="timeout"), waited) is WELL


@pytest.mark.parametrize(
    ("code", "waited", "said"),
    [
        ("timeout", 0.0, CUT_SHORT),
        ("timeout", 2.49, CUT_SHORT),
        ("timeout", 2.5, FAILED),
        ("timeout", 2.51, FAILED),
        ("timeout", 5.9, FAILED),
        ("connection", 0.0, FAILED),
        ("connection", 2.49, FAILED),
        ("connection", 9.0, FAILED),
    ],
)
def test_f04_who_was_not_waited_for_has_not_failed_and_who_was_or_is_not_there_has(code, waited, said):
    assert verdict(Unavailable("There was no answer", code=code), waited) is said


@pytest.mark.parametrize("error", [NotAllowed("Not to be asked"), RateLimited("Not now", code="timeout")])
def test_f04_what_never_went_out_says_nothing(error):
    assert verdict(error, 0.0) is NOTHING
    assert verdict(error, 9.0) is NOTHING
