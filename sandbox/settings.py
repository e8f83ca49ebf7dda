"""The sandbox's settings: an ordinary site's, with what differs from machine to machine read from ``.env``."""

import importlib.util
from pathlib import Path

import environ
import pymysql

from socialreg.env import providers
from socialreg.testing import CONSUMER_KEY, CONSUMER_SECRET

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

if importlib.util.find_spec("MySQLdb") is None:
    pymysql.install_as_MySQLdb()  # what Django imports for mysql:// addresses; pure Python, so it installs everywhere

SITE_PORT = env.int("SANDBOX_PORT", default=8000)
SITE_URL = f"http://127.0.0.1:{SITE_PORT}"
STAND_IN_PORT = env.int("STANDIN_PORT", default=8001)
STAND_IN_URL = f"http://127.0.0.1:{STAND_IN_PORT}"

PROVIDERS = providers(env, ["twitter"])
REAL_X = any(PROVIDERS["twitter"].values())
if not REAL_X:
    PROVIDERS["twitter"] = {
        "CLIENT_ID": CONSUMER_KEY,
        "CLIENT_SECRET": CONSUMER_SECRET,
        "API_HOST": STAND_IN_URL,
        "LOGIN_HOST": STAND_IN_URL,
    }

SOCIALREG = {
    "BASE_URL": SITE_URL,
    "PROVIDERS": PROVIDERS,
    "PRIVATE_HOSTS": [] if REAL_X else [f"127.0.0.1:{STAND_IN_PORT}"],
}

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
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "welcome"
LOGOUT_REDIRECT_URL = "home"

INSTALLED_APPS = [
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
