"""The tests' site, in memory, with a view to compare with and with Django's own default password hash."""

from tests.settings import *  # noqa: F403 - this is what Django's settings modules are for

ROOT_URLCONF = "benchmarks.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGIN_REDIRECT_URL = "/bare/"
# In memory, whatever DATABASE_URL says: the work of a database, and of a disk, is not the site's.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
