"""Which backend sends mails, in whatever words this Django has for it."""

from __future__ import annotations

from typing import Any

import django


def send_by(settings: Any, backend: str) -> None:
    """Let mails be sent by a backend: ``EMAIL_BACKEND`` warns since Django 6.1, and ``MAILERS`` is not there before."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend}}
    else:
        settings.EMAIL_BACKEND = backend
