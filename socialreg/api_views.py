"""The start for front ends of a site's own: asked by a script of its pages, answered in JSON.

Django's session and CSRF check, as for every form; the same codes, notices and statuses as on our pages. Answers are
for pages of this site alone: nothing here is opened to others (CORS).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from django.http import HttpRequest, HttpResponse, JsonResponse

from . import attempt, strict_json
from .departure import asked_options, set_out
from .exceptions import LoginNotRecent, LoginRequired, Mismatch, NoSuchServer, SocialRegError
from .failures import mark, report
from .pages import answered_by, need_post, resumable, resume_from
from .provider import Provider
from .recent_login import hold_back
from .registry import providers
from .server_question import ServerForm
from .types import Intent, Resume

#: Bytes of what is asked. An errand, an address to go on to and some options fit several times.
MOST_BYTES = 8192
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def answer(request: HttpRequest, error: SocialRegError) -> HttpResponse:
    """Return an error as JSON: its code, and what a page of ours would say."""
    told = report(request, error)
    said: dict[str, str] = {
        "code": error.code,
        "title": str(told.notice.title),
        "message": str(told.notice.sentence),
        "reference": told.reference,
    }
    if isinstance(error, LoginRequired):
        said["login_url"] = error.login_url
    response = JsonResponse({"error": said}, status=error.status)
    mark(response, error, told.resume)
    return response


def _start(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin: say where the browser has to go."""
    with resumable(Resume(slug)):
        need_post(request)
        given = _given(request)
        if given.get("intent", "login") not in get_args(Intent):
            raise _unusable(f"there is no such intent; there are {', '.join(get_args(Intent))}")
    asked = resume_from(given, slug)
    with resumable(asked):
        provider = providers.usable(slug)
        _need_login(request, asked)
        server = _server(provider, given)
        options = asked_options(provider, given) | ({"server": server} if server else {})
        url, waiting = set_out(request, provider, replace(asked, server=server), options)
    response = JsonResponse({"authorization_url": url})
    attempt.keep(request, response, waiting)
    return response


start = answered_by(answer, _start)


def _given(request: HttpRequest) -> Mapping[str, object]:
    """Return what is asked: the members of a JSON object, or the fields of a form.

    :raises Mismatch: it is neither, longer than it can be, or a member is of another type.
    """
    body = b"" if request.content_type in _FORMS else request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise _unusable("it is longer than it can be")
    if not body:
        return request.POST.dict()
    if request.content_type != "application/json":
        raise _unusable("it is neither JSON nor a form")
    try:
        given = strict_json.loads(body)
    except ValueError:
        raise _unusable("it is no JSON") from None
    if not isinstance(given, dict) or not all(_is_as_it_should(name, value) for name, value in given.items()):
        raise _unusable("it is no object of texts, with true or false for keep")
    return given


def _is_as_it_should(name: str, value: object) -> bool:
    return isinstance(value, bool if name == "keep" else str)


def _unusable(cause: str) -> Mismatch:
    return Mismatch(
        "A start by a script says nothing of use",
        cause=cause,
        remedy="Look at what your front end sends",
        code="bad-request",
        notice="not-allowed",
    )


def _need_login(request: HttpRequest, asked: Resume) -> None:
    """See that whoever wants to add an account is logged in, and has been for a short while only.

    :raises LoginRequired: they are not.
    """
    held = hold_back(request, asked)
    if held is None:
        return
    kind = LoginNotRecent if request.user.is_authenticated else LoginRequired
    error = kind("A script asked to begin what needs a login", cause="nobody is logged in, or not lately enough")
    error.login_url = held["Location"]
    raise error


def _server(provider: Provider, given: Mapping[str, object]) -> str:
    """Return the server that the visitor's account is on, as they typed it, ``""`` where nobody needs to know.

    :raises NoSuchServer: they have to be asked for it.
    """
    if not provider.server_example:
        return ""
    form = ServerForm({"server": given.get("server")})
    if not form.is_valid():
        raise NoSuchServer(
            "A script began without the server that the account is on",
            cause="there is no member server, or it is longer than any server's name",
            remedy="Let the front end ask for it, and send it as server",
            code="server-needed",
            notice="server-needed",
        )
    return str(form.cleaned_data["server"])
