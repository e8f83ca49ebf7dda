"""How far a command is: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

_WIDTH = 30
#: Seconds between two pictures of the bar; rows between two lines where there is no terminal.
_PICTURE, _LINE = 0.1, 1000


class Progress:
    """Shows how many of ``total`` are done, on ``stream``; nothing at all where that is ``None``."""

    def __init__(self, total: int, stream: OutputWrapper | None) -> None:
        self._total = total
        self._stream = stream
        self._is_terminal = bool(stream and stream.isatty())
        self._drawn_at = 0.0
        self._lines = 0

    def show(self, done: int, words: str) -> None:
        """Say that so many are done.

        :param words: what became of them.
        """
        if self._stream is None:
            return
        if self._is_terminal and time.monotonic() - self._drawn_at >= _PICTURE:
            self._drawn_at = time.monotonic()
            self._stream.write(f"\r{self._bar(done)} {words}\033[K", ending="")
            self._stream.flush()
        elif not self._is_terminal and done // _LINE > self._lines:
            self._lines = done // _LINE
            self._stream.write(f"{done:,} of {self._total:,}: {words}")
            self._stream.flush()

    def end(self) -> None:
        """Take the bar away."""
        if self._stream is not None and self._is_terminal:
            self._stream.write("\r\033[K", ending="")
            self._stream.flush()

    def _bar(self, done: int) -> str:
        share = min(done / self._total, 1) if self._total else 1
        filled = round(share * _WIDTH)
        return f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%} {done:,}/{self._total:,}"
