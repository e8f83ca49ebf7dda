"""Acme SSO's settings. What differs from one process to another is in the environment, under ``ACME_``."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
import oauth2_provider

from .client import DEFAULT_PORT, issuer
from .key import signing_key

env = environ.Env()

PORT = env.int("ACME_PORT", default=DEFAULT_PORT)
#: Where the database and the signing key are.
FOLDER = Path(env.str("ACME_FOLDER", default=str(Path(__file__).resolve().parent.parent)))
#: The callback addresses of the one application, compared exactly.
CALLBACKS = env.list("ACME_CALLBACKS", default=["http://127.0.0.1:8000/accounts/acme/callback/"])

SECRET_KEY = "acme-only-and-worthless-0123456789abcdefghijklmnopqrstuvwxyz"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "sandbox.acme.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The tables are made as the models are now: the toolkit's history would cost a second of every first start.
# Another release so begins with another file.
DATABASE = FOLDER / f"acme-{oauth2_provider.__version__}.sqlite3"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATABASE)}}
MIGRATION_MODULES = dict.fromkeys(["auth", "contenttypes", "oauth2_provider", "sessions"])
STATIC_URL = "/static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# Cookies know no ports: on 127.0.0.1 these two would be the site's as well.
SESSION_COOKIE_NAME = "acme_session"
CSRF_COOKIE_NAME = "acme_csrf"
# Passwords and secret are published, so a costly hash would guard nothing. It would cost half a second per login.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "sandbox.acme",  # before the toolkit, so that its templates are the ones that are found
    "oauth2_provider",
]
MIDDLEWARE = [
    "sandbox.policy.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "django.server": {"level": "ERROR"},
    },
}

#: For the Content Security Policy: the consent form ends at the site's callback.
FORM_TARGETS = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(callback)) for callback in CALLBACKS})
PICTURE_SOURCES: list[str] = []

OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    # Every endpoint in discovery is below this address' host, whatever the Host header says.
    "OIDC_ISS_ENDPOINT": issuer(PORT),
    "OIDC_RSA_PRIVATE_KEY": signing_key(FOLDER / "acme.pem"),
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_VALIDATOR_CLASS": "sandbox.acme.claims.Validator",
    "SCOPES": {
        "openid": "Know that it is you",
        "profile": "See your name and user name",
        "email": "See your e-mail address",
    },
    "DEFAULT_SCOPES": ["openid"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http"],  # every site of Acme's is on this machine
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # What RFC 9700 asks for and the toolkit does only when told to.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}
