"""Include under any prefix: ``path("accounts/", include("socialreg.urls"))``."""

from django.urls import path

from . import views

app_name = "socialreg"

urlpatterns = [
    path("", views.login, name="login"),
    path("register/", views.register, name="register"),
    path("prove/", views.prove, name="prove"),
    path("link/", views.link, name="link"),
    path("connections/", views.connections, name="connections"),
    path("connections/<int:account_id>/disconnect/", views.disconnect, name="disconnect"),
    path("style.css", views.style, name="style"),
    path("<slug:slug>/start/", views.start, name="start"),
    path("<slug:slug>/callback/", views.callback, name="callback"),
]
