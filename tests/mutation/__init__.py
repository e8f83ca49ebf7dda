"""Whether the tests notice when a guard is gone: ``python -m tests.mutation``, which is ``make mutation``.

Each room of :mod:`rooms` is changed in one place at a time (:mod:`operators`), in a process of its own (:mod:`runs`),
which runs the tests that come by that place (:mod:`passing`). What no test notices must be explained in
:mod:`explained`.
"""
