"""The site that is measured, and what it is compared with."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path


def bare(request: HttpRequest) -> HttpResponse:
    """Log a known user in, and nothing else: what every login of every kind costs at least."""
    user = User.objects.get(username="baseline")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect("/")


urlpatterns = [
    path("bare/", bare),
    path("password/", LoginView.as_view(template_name="socialreg/login.html")),
    path("accounts/", include("socialreg.urls")),
]
