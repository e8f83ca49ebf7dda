"""Leaves these tests out of a run with another user model; tests/test_forms.py starts them in a run of their own."""

from django.conf import settings

collect_ignore_glob = [] if settings.AUTH_USER_MODEL == "email_user.Member" else ["test_*.py"]
