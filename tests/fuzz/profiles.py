"""How long is searched: ``EFFORT=ordinary``, which is the default, or ``nightly`` (:mod:`tests.effort`).

The ordinary profile looks at the same 500 examples in every run, so that a change fails for what it changed and for
nothing else. The nightly one looks at 10 000 that nobody has seen before; what it finds it prints with a line that
brings it back (``@reproduce_failure``). Neither keeps a database of examples, and neither measures time: how slow a
machine is says nothing of a parser.

::

    @fuzz
    @given(answers)
    def test_a_claim(answer): ...
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.effort import EFFORT

settings.register_profile(
    "ordinary",
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", settings.get_profile("ordinary"), max_examples=10_000, derandomize=False)

PROFILE = settings.get_profile(EFFORT)

#: On a test: as many examples as the profile has.
fuzz = settings(PROFILE)

#: The same on a test whose examples cost a connection or a database. They go over fixtures that are made once, and put
#: in order by each example itself.
dear = settings(PROFILE, suppress_health_check=[*PROFILE.suppress_health_check, HealthCheck.function_scoped_fixture])
