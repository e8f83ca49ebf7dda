"""The app's entry in ``INSTALLED_APPS``."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from . import checks


class SocialRegConfig(AppConfig):
    """Registers the system checks; everything else is made when it is needed."""

    name = "socialreg"
    verbose_name = _("Social accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register_all()
