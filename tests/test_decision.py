"""Who is this, and what follows? The whole table."""

from __future__ import annotations

import pytest

from socialreg.decision import Connect, Known, LogIn, ProveOwnership, Refuse, Register, Visitor, decide

NOBODY = Known()
FOUND = Known(found=True)
ANN = Known(owner="ann")
BOB = Known(owner="bob")
CLOSED = Known(owner="ann", active=False)


@pytest.mark.parametrize(
    ("known", "intent", "started_by", "here", "outcome"),
    [
        # Log in, nobody is here.
        (NOBODY, "login", None, None, Register),
        (FOUND, "login", None, None, ProveOwnership),
        (ANN, "login", None, None, LogIn),
        (CLOSED, "login", None, None, "inactive"),
        # Log in, somebody is here and was at the start: nobody is switched, nothing is linked.
        (ANN, "login", "ann", "ann", LogIn),
        (BOB, "login", "ann", "ann", "logged-in"),
        (NOBODY, "login", "ann", "ann", "logged-in"),
        (FOUND, "login", "ann", "ann", "logged-in"),
        (CLOSED, "login", "ann", "ann", "inactive"),
        # Log in, who is here changed.
        (NOBODY, "login", None, "ann", "changed"),
        (BOB, "login", None, "ann", "changed"),
        (FOUND, "login", None, "ann", "changed"),
        (ANN, "login", "ann", None, "changed"),
        (ANN, "login", "bob", "ann", "changed"),
        (NOBODY, "login", "ann", "bob", "changed"),
        # Log in, and another tab has logged this very person in meanwhile.
        (ANN, "login", None, "ann", LogIn),
        (CLOSED, "login", None, "ann", "inactive"),
        # Connect.
        (NOBODY, "connect", "ann", "ann", Connect),
        (FOUND, "connect", "ann", "ann", Connect),
        (ANN, "connect", "ann", "ann", Connect),
        (CLOSED, "connect", "ann", "ann", Connect),
        (BOB, "connect", "ann", "ann", "taken"),
        (NOBODY, "connect", None, None, "changed"),
        (ANN, "connect", None, None, "changed"),
        (NOBODY, "connect", "ann", "bob", "changed"),
        (ANN, "connect", None, "ann", "changed"),
        (BOB, "connect", "ann", "bob", "changed"),
        (NOBODY, "connect", "ann", None, "changed"),
    ],
)
def test_the_table(known, intent, started_by, here, outcome):
    decided = decide(known, Visitor(intent, started_by, here))
    if isinstance(outcome, str):
        assert isinstance(decided, Refuse)
        assert decided.notice == outcome
    else:
        assert isinstance(decided, outcome)
