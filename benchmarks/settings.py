"""The tests' site, with a view to compare with and with Django's own default password hash."""

from tests.settings import *  # noqa: F403 - this is what Django's settings modules are for

ROOT_URLCONF = "benchmarks.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGIN_REDIRECT_URL = "/bare/"
