"""The sandbox's addresses: its own pages, and socialreg's under /accounts/."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from . import organisations, views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", LoginView.as_view(template_name="sandbox/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("welcome/", views.welcome, name="welcome"),
    path("profile/", views.profile, name="profile"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<int:key>/changelog/", organisations.changelog, name="changelog"),
    path("bots/", organisations.bots, name="bots"),
    path("bots/<int:key>/hello/", organisations.say_hello, name="say-hello"),
    path("mail/", views.outbox, name="mail"),
    path("favicon.ico", RedirectView.as_view(url=static("sandbox/sprout.svg"))),
    path("accounts/", include("socialreg.urls")),
    path("admin/", admin.site.urls),
]
