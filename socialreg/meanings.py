"""What a provider's error code means: why it is said, what to do about it, and which sentence the visitor reads."""

from __future__ import annotations

from dataclasses import dataclass

from .exceptions import Barred, ProviderError, Refused, Unavailable


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of one code. ``{callback}`` in ``remedy`` stands for our callback address."""

    cause: str
    remedy: str
    notice: str = "refused"

    def error(self, failed: str, code: str, callback: str = "") -> ProviderError:
        """Return the error that this code is.

        :param failed: which request it answered.
        :param code: the code, in a form that may stand in a log.
        :param callback: our callback address; empty for requests that do not carry it.
        """
        kind = _KINDS.get(self.notice, Refused)
        remedy = self.remedy.replace("{callback}", callback or "the callback address")
        return kind(failed, cause=self.cause, remedy=remedy, code=code, notice=self.notice)


_KINDS: dict[str, type[ProviderError]] = {
    "unavailable": Unavailable,
    "busy": Unavailable,
    "suspended": Barred,
    "locked": Barred,
}
