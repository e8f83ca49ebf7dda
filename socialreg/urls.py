"""Include under any prefix: ``path("accounts/", include("socialreg.urls"))``."""

from django.urls import path

from . import api_views, confirmation_views, connection_views, owner_views, sync_views, views

app_name = "socialreg"

urlpatterns = [
    path("", views.login, name="login"),
    path("register/", views.register, name="register"),
    path("prove/", connection_views.prove, name="prove"),
    path("link/", connection_views.link, name="link"),
    path("again/", connection_views.again, name="again"),
    path("connections/", connection_views.connections, name="connections"),
    path("connections/<int:account_id>/disconnect/", connection_views.disconnect, name="disconnect"),
    path("email/", confirmation_views.email, name="email"),
    path("email/confirm/<str:token>/", confirmation_views.confirm_email, name="confirm-email"),
    path("changes/", sync_views.changes, name="changes"),
    path("disconnect/", owner_views.disconnect, name="disconnect-owner"),
    path("style.css", views.style, name="style"),
    path("api/<slug:slug>/start/", api_views.start, name="api-start"),
    path("<slug:slug>/start/", views.start, name="start"),
    path("<slug:slug>/callback/", views.callback, name="callback"),
]
