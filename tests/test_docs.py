"""The documents are true: their examples work, their tables agree with the code, their tutorial leads where it says."""

from __future__ import annotations

import importlib
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse

from docs.examples.test_login import LogInWithX  # noqa: F401 - pytest runs the example as it stands
from socialreg import checks, conf, signals
from socialreg.registry import providers
from socialreg.testing import FAULTS
from socialreg_providers._x_errors import MEANINGS
from socialreg_providers.twitter import Twitter
from tests.walk import Project, Visitor, forms_of

DOCS = Path(__file__).parent.parent / "docs"
MARA = {"username": "maralind", "email": "mara.lindqvist@example.com", "first_name": "", "last_name": ""}
