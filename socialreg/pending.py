"""A registration, or the proof of an old account, that waits for its visitor: sealed in the session, thirty minutes.

It is usable in the session that it was made in and in no other, and a login takes nothing from it: what waits here is
attached by an answer to a question that names it, or not at all.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from . import shelves
from .exceptions import Expired, Mismatch, NotAllowed
from .models import identity_digest
from .shelves import LIFETIME
from .types import Arrival, Credentials, Email, Profile, Resume


@dataclass(frozen=True, slots=True)
class Pending:
    """Who waits, for what, and where they want to go afterwards.

    ``asked`` names the fields of the registration form that are shown. ``proof`` is empty until the visitor chose, on
    our page, to prove that an account is theirs. ``by_address`` says that this account has their address. ``since`` is
    in seconds since the epoch: answering prolongs nothing.
    """

    arrival: Arrival
    purpose: Literal["register", "prove"]
    next: str
    asked: tuple[str, ...] = ()
    by_address: bool = False
    proof: str = field(default="", repr=False)
    since: float = field(default_factory=time.time)

    @property
    def whose(self) -> str:
        """The name of the identity that waits: a page carries it, so that no other tab's answer is taken for it."""
        return identity_digest(self.arrival.issuer, self.arrival.credentials.uid)

    def resume(self) -> Resume:
        """Return what a page needs to let the visitor begin again."""
        return Resume(self.arrival.slug, "login", self.next)


def waits(request: HttpRequest) -> bool:
    """Whether anything waits in the visitor's session, be it too old by now."""
    return shelves.is_taken(request, "pending")


def keep(request: HttpRequest, pending: Pending) -> None:
    """Let it wait in the visitor's session, in place of any other."""
    shelves.put(request, "pending", asdict(pending))


def load(request: HttpRequest) -> Pending:
    """Return what waits in the visitor's session.

    :raises Expired: nothing does, or not any more.
    """
    data = shelves.find(request, "pending")
    waiting = _restore(data) if data else None
    if waiting is None or time.time() - waiting.since > LIFETIME:
        discard(request)
        raise Expired(
            "No registration waits in this session",
            cause="it was finished, took longer than 30 minutes, or the session was lost",
            remedy="One such line is nothing; many mean that sessions do not last: see SESSION_ENGINE and its store",
            notice="nothing-waits",
        )
    return waiting


def load_for_nobody(request: HttpRequest) -> Pending:
    """Return what waits for a visitor who is not logged in: a user who logged in meanwhile gets nobody's identity.

    :raises Expired: nothing waits, or not any more.
    :raises NotAllowed: somebody logged in, or the page that was sent is about another identity.
    """
    waiting = load(request)
    error = None
    if request.user.is_authenticated:
        error = NotAllowed(
            "Somebody logged in while a registration was waiting",
            cause="a login was finished in another tab",
            remedy="Nothing: nobody's account was linked",
            code="changed",
            notice="changed",
        )
    elif request.POST.get("socialreg_whose", waiting.whose) != waiting.whose:
        error = NotAllowed(
            "A page was sent that another tab has overtaken",
            cause="somebody else came back from a provider in another tab since the page was shown",
            remedy="Nothing: nobody was registered",
            code="other-tab",
            notice="other-tab",
        )
    if error is not None:
        error.resume = waiting.resume()
        raise error
    return waiting


def discard(request: HttpRequest) -> None:
    """Drop what waits, if anything does."""
    shelves.clear(request, "pending")


def begin_proof(request: HttpRequest, pending: Pending) -> str:
    """Note that the visitor goes off to prove an account, and return the address to come back to."""
    proof = secrets.token_urlsafe(16)
    keep(request, replace(pending, proof=proof))
    return _link_page(proof)


def is_proof(request: HttpRequest, next_url: str) -> bool:
    """Whether a login is the one that its visitor was sent off to by :func:`begin_proof`, and no ordinary one.

    :param next_url: where that login leads.
    """
    if not waits(request):
        return False
    try:
        proof = load(request).proof
    except Expired:
        return False
    return bool(proof) and hmac.compare_digest(_link_page(proof).encode(), next_url.encode(errors="replace"))


def _link_page(proof: str) -> str:
    return f"{reverse('socialreg:link')}?{urlencode({'proof': proof})}"


def load_proven(request: HttpRequest, proof: str) -> Pending:
    """Return what waits, if the visitor comes from the login that was begun with :func:`begin_proof`.

    :raises Expired: nothing waits any more.
    :raises Mismatch: the login was not begun there.
    """
    pending = load(request)
    if not pending.proof or not hmac.compare_digest(pending.proof.encode(), proof.encode(errors="replace")):
        raise Mismatch(
            "A pending account was asked for from elsewhere than the page that offered it",
            cause="the link is old, was put together by hand, or is somebody else's",
            remedy="Nothing: nobody's account was linked",
        )
    return pending


def _restore(data: Mapping[str, Any]) -> Pending | None:
    values = dict(data)
    try:
        arrival = dict(values.pop("arrival"))
        return Pending(
            arrival=Arrival(
                credentials=Credentials(**arrival.pop("credentials")),
                profile=restore_profile(arrival.pop("profile")),
                **arrival,
            ),
            asked=tuple(values.pop("asked")),
            **values,
        )
    except (KeyError, TypeError):  # sealed by an older or a newer release
        return None


def restore_profile(data: Mapping[str, Any]) -> Profile:
    """Return a profile as it was before :func:`dataclasses.asdict`.

    :raises KeyError, TypeError: it was sealed by an older or a newer release.
    """
    values = dict(data)
    address = values.pop("email")
    return Profile(email=Email(**address) if address else None, **values)
