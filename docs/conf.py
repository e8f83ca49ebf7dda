"""How Sphinx builds the documentation: ``make docs``."""

import os
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "providers")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()  # autodoc imports models

import socialreg  # noqa: E402

project = "socialreg"
author = "the socialreg contributors"
copyright = "the socialreg contributors"
release = version = socialreg.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "docs._ext.provider_table", "docs._ext.security_cases"]
exclude_patterns = ["_build"]
html_theme = "furo"
highlight_language = "none"
html_static_path = ["_static"]
html_css_files = ["long-lines.css"]
html_title = f"socialreg {release}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
