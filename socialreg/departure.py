"""What happens when a button is pressed: ask what must be asked, then send the visitor to the provider."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import attempt, circuits, conf, events, owners, steps, throttling
from .arrival import user_id
from .attempt import Attempt
from .exceptions import NoSuchServer
from .http import deadline
from .one_line import one_line
from .pages import resumable
from .provider import Provider
from .server_question import blame_server, question, server_page, typed
from .types import Resume

logger = logging.getLogger("socialreg")


def depart(request: HttpRequest, provider: Provider, asked: Resume) -> HttpResponse:
    """Send the visitor to the provider, or ask them first which server their account is on.

    :param asked: what the button's form asked for.
    :raises SocialRegError: the provider did not play along, the settings are wrong, or the button's errand is not
        theirs to do.
    """
    options = asked_options(provider, request.POST)
    if not provider.server_example:
        return _send(request, provider, asked, options)
    form = question(request, provider)
    if form.is_valid():
        answered = replace(asked, server=typed(request))
        try:
            with resumable(answered):
                return _send(request, provider, answered, {**options, "server": form.cleaned_data["server"]})
        except NoSuchServer as error:
            failure = events.failure(asked.slug, user_id(request) or "", error.code)
            logger.info("%s %s", asked.slug, one_line(str(error)), extra=events.facts(failure))
            blame_server(form, provider, error)
    return server_page(request, form, provider, asked, options)


def asked_options(provider: Provider, given: Mapping[str, object]) -> dict[str, str]:
    """Return what a form asks of the provider, of the names that the provider lists. Nothing else ever reaches it."""
    return {name: str(given[name]) for name in provider.request_options if name in given}


def set_out(request: HttpRequest, provider: Provider, asked: Resume, options: Mapping[str, str]) -> tuple[str, Attempt]:
    """Return the address to send the visitor to, and what has to wait for them meanwhile, see :func:`attempt.keep`.

    :param options: as :func:`asked_options` returns them, and the ``server``.
    :raises SocialRegError: as for :func:`depart`.
    """
    throttling.limit_address(request, "start")
    throttling.limit_account("start", user_id(request) or "")
    errand_options = owners.begin(request, asked)
    redirect_uri = f"{conf.base_url()}{reverse('socialreg:callback', args=[asked.slug])}"
    circuit = circuits.for_logins(provider, asked.slug, asked.server)
    with circuits.login_through(circuit, provider.label, at_once=True), deadline():
        redirect = steps.authorize(provider, redirect_uri, asked.intent, {**options, **errand_options})
    waiting = Attempt(
        slug=asked.slug,
        issuer=provider.issuer,
        intent=asked.intent,
        user_id=user_id(request),
        next=asked.next,
        key=redirect.key,
        pending=redirect.pending,
        across=provider.answers_by_post,
        server=asked.server,
        errand=asked.errand,
        keep=asked.keep,
    )
    return redirect.url, waiting


def _send(request: HttpRequest, provider: Provider, asked: Resume, options: Mapping[str, str]) -> HttpResponse:
    """Write to no store; what waits, waits in a cookie."""
    url, waiting = set_out(request, provider, asked, options)
    response = HttpResponseRedirect(url)
    attempt.keep(request, response, waiting)
    return response
