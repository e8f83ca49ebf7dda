"""The sandbox's settings: an ordinary site's, with what differs from machine to machine read from ``.env``."""

import importlib.util
from pathlib import Path

import django
import environ
import pymysql

from . import enabled
from .acme import client as acme

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

if importlib.util.find_spec("MySQLdb") is None:
    pymysql.install_as_MySQLdb()  # what Django imports for mysql:// addresses; pure Python, so it installs everywhere

SITE_PORT = env.int("SANDBOX_PORT", default=8000)
SITE_URL = f"http://127.0.0.1:{SITE_PORT}"
STAND_IN_PORT = env.int("STANDIN_PORT", default=8001)
STAND_IN_URL = f"http://127.0.0.1:{STAND_IN_PORT}"

ACME_PORT = env.int("ACME_PORT", default=acme.DEFAULT_PORT)
ACME_URL = acme.url(ACME_PORT)
ACME_FOLDER = Path(env.str("ACME_FOLDER", default=str(BASE_DIR / "sandbox")))

REAL = enabled.real(env)
#: The others. When the stand-in is there, it gives each of them the entry that leads to it (``__main__``).
PLAYED: dict[str, dict[str, object]] = {slug: {} for slug in enabled.shipped() if slug not in REAL}
if "x" in PLAYED:
    PLAYED["x"]["LABEL"] = "X (OAuth 2)"  # there is a button for each of X's protocols
PLAYED["windmill"] = {"PROVIDER": "oauth2", "LABEL": "Windmill"}  # of no class: by settings alone
_ENTRIES = {
    "acme": {
        "PROVIDER": "oidc",
        "LABEL": "Acme SSO",
        "ISSUER": acme.issuer(ACME_PORT),
        "CLIENT_ID": acme.CLIENT_ID,
        "CLIENT_SECRET": acme.CLIENT_SECRET,
        "COLOR": "#7c2d12",
        "DARK_COLOR": "#fdba74",
        "DARK_TEXT_COLOR": "#2b1206",
    },
    **PLAYED,
    **REAL,
}
PROVIDERS = dict(sorted(_ENTRIES.items()))

SOCIALREG = {
    "BASE_URL": SITE_URL,
    "PROVIDERS": PROVIDERS,
    "PRIVATE_HOSTS": [f"127.0.0.1:{STAND_IN_PORT}", f"127.0.0.1:{ACME_PORT}"],
    "MAY_CONNECT": "sandbox.hooks.may_connect",
    "EMAIL_CONFIRMATION": "send",
    "IS_EMAIL_CONFIRMED": "sandbox.hooks.is_email_confirmed",
}
#: For the Content Security Policy. Where a real provider sends a browser on the way is its own affair.
FORM_TARGETS = [STAND_IN_URL, ACME_URL, *(["https:"] if REAL else [])]
PICTURE_SOURCES = ["https:", STAND_IN_URL]

SECRET_KEY = env.str("SECRET_KEY", default="sandbox-only-and-worthless-0123456789abcdefghijklmnopqrstuvwxyz")
DEBUG = True  # a stand-in, spoken to over plain http, works with DEBUG alone
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "sandbox.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'sandbox' / 'db.sqlite3'}")}
CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}
STATIC_URL = "/static/"
DEFAULT_FROM_EMAIL = "Windowsill <post@windowsill.example>"
_OUTBOX = "django.core.mail.backends.locmem.EmailBackend"  # in memory: the page "Mail" shows it
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _OUTBOX}}
else:
    EMAIL_BACKEND = _OUTBOX
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "welcome"
LOGOUT_REDIRECT_URL = "home"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "socialreg",
    "sandbox",
]
MIDDLEWARE = [
    "sandbox.policy.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
                "django.contrib.messages.context_processors.messages",
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
        "socialreg": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.server": {"level": "ERROR"},
    },
}
