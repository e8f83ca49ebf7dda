"""What a login costs: ``python -m benchmarks``, explained in README.md. Importing this sets Django up."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
django.setup()
