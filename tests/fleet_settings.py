"""The settings of a site in processes of its own (:mod:`tests.fleets`): the tests' own, and what a test hands over."""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403 - as settings are built upon settings

# The stand-in is in another process, and what goes wrong in this one is to be read there.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
globals().update(json.loads(Path(os.environ["SOCIALREG_FLEET"]).read_text("utf-8")))
