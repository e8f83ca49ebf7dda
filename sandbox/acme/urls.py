"""Acme's addresses: pages for people, and under /o/ the endpoints of OAuth 2.0 and OpenID Connect."""

from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from oauth2_provider import urls as toolkit

from . import views
from .people import EMPLOYEES

# The first that matches wins: the consent page is ours. The toolkit's pages on which people register applications of
# their own are left out.
endpoints = [
    path("authorize/", views.Authorize.as_view(), name="authorize"),
    *toolkit.base_urlpatterns,
    *toolkit.oidc_urlpatterns,
]
login = LoginView.as_view(template_name="acme/login.html", extra_context={"employees": EMPLOYEES})

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("favicon.ico", RedirectView.as_view(url=static("acme/anvil.svg"))),
    path("o/", include((endpoints, toolkit.app_name))),
]
