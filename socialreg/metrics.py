"""Counters for Prometheus, if ``prometheus_client`` is installed; if it is not, nothing is counted.

There are as many series as providers are enabled and codes are ours, whatever a provider or a browser sends.
"""

from __future__ import annotations

from . import codes, conf
from .codes import OK
from .exceptions import ConfigurationError
from .sign_in_events import Event

try:
    from prometheus_client import Counter
except ImportError:  # pragma: no cover - tried in a process of its own
    Counter = None  # type: ignore[assignment,misc]

#: What stands for providers that are not enabled.
_STRANGE = "unknown"


def _counter(name: str, words: str, *labels: str) -> Counter | None:
    return None if Counter is None else Counter(name, words, labels)


_EVENTS = _counter("socialreg_events", "What happened to people's ways in.", "provider", "event", "code")
_REQUESTS = _counter("socialreg_outbound_requests", "Requests sent to providers.", "provider", "outcome")
_OPENED = _counter("socialreg_circuit_opened", "How often a provider was left alone for a while.", "provider")


def happened(event: Event) -> None:
    """Count an event."""
    if _EVENTS is not None:
        code = event.code if event.code == OK else codes.family(event.code)
        _EVENTS.labels(known(event.provider), event.what, code).inc()


def asked(slug: str, *, answered: bool) -> None:
    """Count a request that was sent to a provider, and whether somebody who is well answered it."""
    if _REQUESTS is not None:
        _REQUESTS.labels(known(slug), "answered" if answered else "failed").inc()


def opened(slug: str) -> None:
    """Count that a provider's circuit was opened."""
    if _OPENED is not None:
        _OPENED.labels(known(slug)).inc()


def known(slug: str) -> str:
    """Return the provider's slug if it is enabled, and one word for all others: anybody can ask for any."""
    try:
        return slug if not slug or slug in conf.provider_settings() else _STRANGE
    except ConfigurationError:
        return _STRANGE
