"""The question which server somebody's account is on, for providers of whom there are many (``server_example``)."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .exceptions import NoSuchServer
from .notices import notice_for
from .provider import Provider
from .types import Resume

#: Letters of what may be typed: more than the longest host name has (RFC 1035 section 2.3.4).
SERVER_LENGTH = 255
#: The name under which a page that lets somebody begin again brings back what they typed.
_TYPED_BEFORE = "server_before"


class ServerForm(forms.Form):
    """One field. What is typed may be a host, an address or a handle: to read it is the provider's business."""

    server = forms.CharField(
        label=gettext_lazy("Server"),
        max_length=SERVER_LENGTH,
        widget=forms.TextInput(
            # Neither a capital nor a correction belongs into a host name, which is written from the left everywhere.
            attrs={
                "inputmode": "url",
                "autocapitalize": "none",
                "autocorrect": "off",
                "spellcheck": "false",
                "autocomplete": "on",
                "dir": "ltr",
                "autofocus": True,  # there is nothing else to do here
            }
        ),
    )


def question(request: HttpRequest, provider: Provider) -> ServerForm:
    """Return the question: answered, if the request brings an answer, else to be asked."""
    form = ServerForm(request.POST if "server" in request.POST else None, initial={"server": typed(request)})
    form.fields["server"].help_text = _("For example {server}").replace("{server}", provider.server_example)
    return form


def blame_server(form: ServerForm, provider: Provider, error: NoSuchServer) -> None:
    """Say on the form that there is no such server."""
    form.add_error("server", str(notice_for(error, provider.label).sentence))


def typed(request: HttpRequest) -> str:
    """Return what the visitor typed, now or before they began again, if it is short enough to wait in a cookie."""
    value = str(request.POST.get("server") or request.POST.get(_TYPED_BEFORE) or "")
    return value if len(value.encode("ascii", "backslashreplace")) <= SERVER_LENGTH else ""


def server_page(
    request: HttpRequest, form: ServerForm, provider: Provider, asked: Resume, options: Mapping[str, str]
) -> HttpResponse:
    """Return the page that asks.

    :param asked: what the button's form asked for: it is carried on, and so are ``options``.
    """
    carried = [(name, value) for name, value in options.items() if name not in form.fields]
    context = {"form": form, "field": form["server"], "provider": provider, "asked": asked, "options": carried}
    is_wrong = form.is_bound and not form.has_error("server", "required")
    return render(request, "socialreg/server.html", context, status=NoSuchServer.status if is_wrong else 200)
