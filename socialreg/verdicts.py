"""What the outcome of a request says of a provider.

A failure is what no visitor can bring about: no connection, no answer in time, a gateway in trouble. Any other answer
is none, or anybody could lock everybody out by nonsense.
"""

from __future__ import annotations

from enum import Enum, auto

from .answer import Answer
from .exceptions import BadAnswer, SocialRegError, Unavailable

#: Whoever has waited for a shorter time has no reason to complain: less than any wait of :mod:`deadlines`.
PATIENCE_SECONDS = 2.5
#: What a gateway answers for whoever is behind it. Not 500: many answer that to nonsense, which any visitor can send.
_OUT_OF_ORDER = frozenset({502, 503, 504})


class Verdict(Enum):
    """``CUT_SHORT``: there was no answer in less time than anybody can be asked to answer in."""

    WELL = auto()
    FAILED = auto()
    CUT_SHORT = auto()
    NOTHING = auto()


def verdict(outcome: Answer | SocialRegError, waited: float) -> Verdict:
    """Return what an outcome says.

    :param waited: how many seconds it took.
    """
    if isinstance(outcome, Answer):
        return Verdict.FAILED if outcome.status in _OUT_OF_ORDER else Verdict.WELL
    if isinstance(outcome, BadAnswer):  # of somebody who is there
        return Verdict.WELL
    if not isinstance(outcome, Unavailable):  # nobody was asked
        return Verdict.NOTHING
    return Verdict.CUT_SHORT if outcome.code == "timeout" and waited < PATIENCE_SECONDS else Verdict.FAILED
