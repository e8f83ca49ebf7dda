"""What goes on without ``CACHES["default"]`` while that is out of order: counting attempts, and knowing who is down.

One that is silent is waited for as long as its client waits, with each question. So whoever has waited in vain tells
the rest of the process, and nobody there asks for a second. What cannot do without (:mod:`claims`) asks all the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.signals import setting_changed

from .exceptions import SocialRegError

logger = logging.getLogger("socialreg.cache")

#: Seconds for which nobody asks, and for which the log has it once.
_REST, _TOLD = 1.0, 60.0


class _Rest:
    """Until when nobody asks, and until when the log need not be told, by :func:`time.monotonic`."""

    ends = 0.0
    told_until = 0.0


def is_at_rest() -> bool:
    """Whether the cache has failed a moment ago: it is not worth asking."""
    return time.monotonic() < _Rest.ends


@contextmanager
def forgiving() -> Iterator[None]:
    """Go on if the cache fails inside: it protects nobody then, and keeps nobody out either."""
    try:
        yield
    except SocialRegError:  # a setting, say: the cache is well
        raise
    except Exception as error:  # noqa: BLE001 - every cache backend has errors of its own
        now = time.monotonic()
        _Rest.ends = now + _REST
        if now >= _Rest.told_until:
            _Rest.told_until = now + _TOLD
            logger.error(  # noqa: TRY400 - its text may hold an address with a password
                "The cache failed: %s. Cause: it is down, or silent. Until it is back nobody is counted, nobody knows "
                'which provider is down, and no callback is taken. Remedy: bring CACHES["default"] back',
                type(error).__name__,
            )


def _changed(setting: str, **_: object) -> None:
    if setting == "CACHES":  # it is another one
        _Rest.ends = _Rest.told_until = 0.0


setting_changed.connect(_changed, dispatch_uid="socialreg.doing_without")
