"""The site of the other tests, with another user model."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as ORDINARY_APPS

INSTALLED_APPS = [*ORDINARY_APPS, "tests.email_user"]
AUTH_USER_MODEL = "email_user.Member"
# Never the database of the run that starts this one.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
