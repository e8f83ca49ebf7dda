"""A site with a login of its own, a page with buttons, and socialreg under /accounts/."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

_HOME = """{% load socialreg %}{% login_buttons %}{% connect_button "twitter" %}
{{ request.user.username }}{{ request.user.email }}"""
_LOGIN = """<form method="post">{% csrf_token %}{{ form }}<input type="hidden" name="next" value="{{ next }}"></form>"""


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(_HOME).render({}, request))


class Login(LoginView):
    def render_to_response(self, context, **response_kwargs):
        return HttpResponse(engines["django"].from_string(_LOGIN).render(context, self.request))


urlpatterns = [
    path("", home),
    path("home/", home, name="home"),
    path("login/", Login.as_view(), name="login"),
    path("admin/", admin.site.urls),
    path("accounts/", include("socialreg.urls")),
]
