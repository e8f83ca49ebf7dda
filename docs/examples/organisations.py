"""An organisation with an account of its own: the model, who may connect it, and its page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from socialreg.fields import SocialAccountField
from socialreg.owners import connect_url, errand


class Organisation(models.Model):
    """Several people, and one account at X that they share."""

    name = models.CharField(max_length=100)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL)
    twitter = SocialAccountField(provider="twitter")

    def __str__(self) -> str:
        return self.name


def members_only(user: AbstractBaseUser, instance: models.Model, field: str) -> bool:
    """Whether ``user`` may connect an account to ``instance``, or disconnect it: ``SOCIALREG["MAY_CONNECT"]``."""
    return isinstance(instance, Organisation) and instance.members.filter(pk=user.pk).exists()


@login_required  # nobody's key is None, and "members=None" finds what has no members
def page(request: HttpRequest, key: int) -> HttpResponse:
    """Show an organisation; the buttons are in the template."""
    organisation = get_object_or_404(Organisation, pk=key, members=request.user.pk)
    return render(request, "organisation.html", {"organisation": organisation})


def remind(request: HttpRequest, organisation: Organisation) -> str:
    """Return the text of a mail to whoever is logged in: its link opens a page with one button."""
    url = request.build_absolute_uri(connect_url(request, organisation, "twitter", next="/"))
    return f"{organisation} has no account at X yet. Connect it here: {url}"


@login_required
def for_our_script(request: HttpRequest, key: int) -> JsonResponse:
    """Tell a front end of our own what it sends when somebody presses its button."""
    organisation = get_object_or_404(Organisation, pk=key, members=request.user.pk)
    return JsonResponse({"intent": "connect", "errand": errand(request, organisation, "twitter"), "next": "/"})
