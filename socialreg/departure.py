"""What happens when a button is pressed: ask what must be asked, then send the visitor to the provider."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from . import attempt, conf, steps
from .arrival import user_id
from .exceptions import NoSuchServer
from .http import deadline
from .pages import one_line, resumable
from .provider import Provider
from .server_question import blame_server, question, server_page, typed
from .types import Resume

logger = logging.getLogger("socialreg")


def depart(request: HttpRequest, provider: Provider, asked: Resume) -> HttpResponse:
    """Send the visitor to the provider, or ask them first which server their account is on.

    :param asked: what the button's form asked for.
    :raises SocialRegError: the provider did not play along, or the settings are wrong.
    """
    options = {name: str(request.POST[name]) for name in provider.request_options if name in request.POST}
    if not provider.server_example:
        return _send(request, provider, asked, options)
    form = question(request, provider)
    if form.is_valid():
        answered = replace(asked, server=typed(request))
        try:
            with resumable(answered):
                return _send(request, provider, answered, {**options, "server": form.cleaned_data["server"]})
        except NoSuchServer as error:
            logger.info("%s %s", asked.slug, one_line(str(error)))
            blame_server(form, provider, error)
    return server_page(request, form, provider, asked, options)


def _send(request: HttpRequest, provider: Provider, asked: Resume, options: Mapping[str, str]) -> HttpResponse:
    """Write to no store; what waits, waits in a cookie."""
    redirect_uri = f"{conf.base_url()}{reverse('socialreg:callback', args=[asked.slug])}"
    with deadline():
        redirect = steps.authorize(provider, redirect_uri, asked.intent, options)
    waiting = attempt.Attempt(
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
    response = HttpResponseRedirect(redirect.url)
    attempt.keep(request, response, waiting)
    return response
