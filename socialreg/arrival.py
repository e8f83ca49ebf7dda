"""What happens when a browser comes back: verify, recognise, decide, and do what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from . import (
    accounts,
    circuits,
    conf,
    held,
    owners,
    pending,
    prefill,
    sessions,
    shelves,
    steps,
    sync,
    sync_questions,
    throttling,
)
from .account_rows import refresh
from .asking import asked_of, unasked_form
from .attempt import Attempt
from .backends import announce_login, ask_hooks, start_session
from .decision import Attach, Connect, LogIn, Prefill, ProveOwnership, Refuse, Register, Visitor, decide, recognise
from .events import about
from .exceptions import LostRace, NotAllowed
from .http import deadline
from .models import SocialAccount, identity_digest
from .pending import Pending
from .provider import Provider
from .redirects import after_login, safe_next
from .sign_in_events import Event, SignInEvent
from .transactions import database, record
from .types import Arrival, Credentials, Profile, storable_raw


def user_id(request: HttpRequest) -> str | None:
    """Return the id of whoever is logged in, ``None`` for nobody. No query where there is no session."""
    return str(request.user.pk) if request.user.is_authenticated else None


def arrive(request: HttpRequest, provider: Provider, attempt: Attempt, params: Mapping[str, str]) -> HttpResponse:
    """Finish a claimed attempt.

    :raises SocialRegError: whatever stopped it; nothing is written then.
    """
    arrival, account = _ask_provider(provider, attempt, params)
    visitor = Visitor(attempt.intent, attempt.user_id, user_id(request), bool(attempt.errand))
    known = recognise(request, arrival.profile, account, visitor)
    match decide(known, visitor):
        case Refuse() as refused:
            raise NotAllowed(
                f"An arrival from {attempt.slug!r} was turned away",
                cause=refused.reason,
                remedy="Nothing, if it happens now and then",
                code=refused.notice,
                notice=refused.notice,
            )
        case LogIn() if account is not None and account.user is not None:
            return log_in(request, account.user, account, arrival, attempt.next)
        case Connect():
            return connect(request, arrival, attempt.next)
        case Attach():
            return owners.attach(request, arrival, attempt)
        case Prefill():
            return prefill.arrive(request, arrival, attempt)
        case ProveOwnership() | Register() if pending.is_proof(request, attempt.next):
            raise NotAllowed(
                "Somebody came to prove who they are by an account that nobody has here",
                cause="they have not connected it, or took another one than they meant to",
                remedy="Nothing: what waits for their proof waits on",
                code="no-proof",
                notice="no-proof",
            )
        case ProveOwnership():
            waiting = Pending(arrival, "prove", attempt.next, by_address=known.by_address)
            return _overtaken(request, arrival, attempt.next) or _wait(request, waiting, "socialreg:prove")
        case Register() | LogIn():  # LogIn is never decided without an account
            return begin_registration(request, arrival, attempt.next)
        case unreachable:
            assert_never(unreachable)


def _ask_provider(
    provider: Provider, attempt: Attempt, params: Mapping[str, str]
) -> tuple[Arrival, SocialAccount | None]:
    """Make the provider's calls, in ten seconds at most for all of them."""
    circuit = circuits.for_logins(provider, attempt.slug, attempt.server)
    with circuits.login_through(circuit, provider.label), deadline():
        credentials = steps.verify(provider, attempt.pending, params)
        issuer = credentials.issuer or provider.issuer
        account = SocialAccount.objects.for_identity(issuer, credentials.uid)
        if account is not None:
            about(account.user_id, account.pk)
        throttling.limit_account("callback", identity_digest(issuer, credentials.uid))
        # Whoever asks for a form to be filled in wants what stands there now.
        stored = account is not None and attempt.intent != "prefill" and account.is_fresh(timezone.now())
        profile = _profile(provider, credentials, account, stored=stored)
    # What verify brought along for the profile is spent: tokens are kept, claims are not.
    credentials = replace(credentials, extra={})
    if account is not None and not profile.raw:
        # The provider told no more than the credentials do: what was stored before stays.
        profile = replace(account.stored_profile(), username=credentials.username or account.username)
    profile = replace(profile, issuer=issuer, raw=storable_raw(profile.raw))
    ownerless = account is not None and account.user_id is None
    return Arrival(attempt.slug, issuer, credentials, profile, fetched=not stored, ownerless=ownerless), account


def _profile(provider: Provider, credentials: Credentials, account: SocialAccount | None, *, stored: bool) -> Profile:
    if account is None:
        return steps.fetch_profile(provider, credentials)
    known = account.stored_profile()
    return known if stored else steps.fetch_again(provider, credentials, known)


def log_in(
    request: HttpRequest, user: AbstractBaseUser, account: SocialAccount, arrival: Arrival, next_url: str
) -> HttpResponse:
    """Log the account's user in and send them on.

    :raises NotAllowed: the user is not active, or a hook of the site's objects.
    """
    if not user.is_active:
        raise NotAllowed(
            "The account's user is not active",
            cause="is_active was taken from the user",
            remedy="Nothing, if that was meant; else set is_active again",
            code="inactive",
            notice="inactive",
        )
    ask_hooks(request, user, arrival.profile)
    changes = _renew(account, arrival)
    if not pending.is_proof(request, next_url):  # an ordinary login takes nothing that waits here
        pending.discard(request)
    if held.must_wait(user):
        record(Event(SignInEvent.Kind.LOGIN, account.provider, str(user.pk), account.pk, code="unconfirmed"))
        return held.keep_out(request, user, next_url)
    start_session(request, user)
    sessions.note_account(request, account.pk)
    announce_login(request, user, account, arrival.profile)
    return HttpResponseRedirect(sync_questions.lead(request, account, changes.asked, after_login(request, next_url)))


def _renew(account: SocialAccount, arrival: Arrival) -> sync.Changes:
    """Keep what was learnt, and let the user's own fields follow as the site's settings say: both, or neither."""
    if not arrival.fetched or not conf.sync():
        refresh(account, arrival)
        return sync.Changes()
    before = account.stored_profile()
    with transaction.atomic(using=database()):
        refresh(account, arrival)
        return sync.apply(account, before, arrival.profile)


def register(request: HttpRequest, arrival: Arrival, form: BaseForm, next_url: str) -> HttpResponse:
    """Write what a valid form holds, log the new user in and send them on.

    :raises NotAllowed: a hook of the site's objects, or a race for a unique value was lost.
    """
    for hook in conf.before_register():
        hook(request, arrival.profile)
    done = accounts.register(request, arrival, form)
    if not done.new:
        return log_in(request, done.user, done.account, arrival, next_url)
    pending.discard(request)
    if not done.user.is_active:  # the site's form makes users who have to wait
        raise NotAllowed(
            "Registered, and not active yet",
            cause="the registration form made a user whose is_active is false",
            remedy="Set is_active when the user may log in",
            code="not-active-yet",
            notice="not-active-yet",
        )
    if held.must_wait(done.user):
        return held.keep_out(request, done.user, next_url)
    start_session(request, done.user)
    sessions.note_account(request, done.account.pk)
    return HttpResponseRedirect(after_login(request, next_url))


def begin_registration(request: HttpRequest, arrival: Arrival, next_url: str) -> HttpResponse:
    """Show the form, or register at once if the site asks for what is missing and nothing is."""
    form = unasked_form(arrival.profile)
    asked = asked_of(arrival.profile, form)
    if not asked and form.is_valid():
        try:
            return register(request, arrival, form, next_url)
        except LostRace:
            asked = tuple(form.fields)  # somebody else was faster: let them choose
    elif conf.ask_for() == "missing" and form.errors and (response := _overtaken(request, arrival, next_url)):
        return response
    for hook in conf.before_register():
        hook(request, arrival.profile)
    return _wait(request, Pending(arrival, "register", next_url, asked), "socialreg:register")


def _overtaken(request: HttpRequest, arrival: Arrival, next_url: str) -> HttpResponse | None:
    """Log in whoever was registered in this very moment, in another tab; return ``None`` if nobody was.

    Asked where somebody was found, or an answer refused, who may be the visitor themselves.
    """
    account = SocialAccount.objects.for_identity(arrival.issuer, arrival.credentials.uid)
    if account is None or account.user is None:
        return None
    return log_in(request, account.user, account, arrival, next_url)


def connect(request: HttpRequest, arrival: Arrival, next_url: str) -> HttpResponse:
    """Add the account to whoever is logged in, under a new session key, and send them on.

    :raises NotAllowed: it belongs to somebody else.
    """
    user = cast("AbstractBaseUser", request.user)
    accounts.connect(request, user, arrival)
    pending.discard(request)
    request.session.cycle_key()
    return HttpResponseRedirect(safe_next(next_url) or reverse("socialreg:connections"))


def _wait(request: HttpRequest, waiting: Pending, page: str) -> HttpResponse:
    shelves.under_a_new_key(request)
    pending.keep(request, waiting)
    return HttpResponseRedirect(reverse(page))
