"""The sandbox's addresses: its own pages, and socialreg's under /accounts/."""

from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", LoginView.as_view(template_name="sandbox/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("welcome/", views.welcome, name="welcome"),
    path("favicon.ico", RedirectView.as_view(url=static("sandbox/sprout.svg"))),
    path("accounts/", include("socialreg.urls")),
]
