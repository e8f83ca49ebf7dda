"""A text as one line of a log, whatever it holds."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return a text as one line: what others wrote shall write no lines of its own into the log."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
