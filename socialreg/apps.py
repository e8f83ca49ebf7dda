"""The app's entry in ``INSTALLED_APPS``."""

from collections.abc import Callable
from typing import cast

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _

from . import checks, conf, sessions


class SocialRegConfig(AppConfig):
    """Registers the system checks, listens to logins and deletions; everything else is made when it is needed."""

    name = "socialreg"
    verbose_name = _("Social accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register_all()
        cast("Callable[[], None]", conf.deferred("socialreg.ownerless.watch"))()  # its models are there only now
        user_logged_in.connect(sessions.note_login, dispatch_uid="socialreg.sessions")
