"""Providers from the environment."""

from pathlib import Path

import environ
import pytest
from django.core.checks import run_checks

from socialreg import env as from_env


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    """No variable of the machine's own is read."""
    monkeypatch.setattr(environ.Env, "ENVIRON", {})


def test_a_provider_is_read_by_its_slug_in_upper_case():
    environ.Env.ENVIRON.update(TWITTER_CLIENT_ID="id", TWITTER_CLIENT_SECRET="secret", OTHER_CLIENT_ID="not asked for")

    assert from_env.providers(environ.Env(), ["twitter"]) == {"twitter": {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}}


def test_a_hyphen_in_a_slug_is_an_underscore_in_the_variable():
    environ.Env.ENVIRON.update(MY_CORP_CLIENT_ID="id", MY_CORP_CLIENT_SECRET="secret")

    assert from_env.providers(environ.Env(), ["my-corp"])["my-corp"] == {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def test_buttons_keep_the_order_in_which_providers_are_named():
    assert list(from_env.providers(environ.Env(), ["twitter", "acme", "corp"])) == ["twitter", "acme", "corp"]


def test_a_variable_that_is_not_set_is_empty_and_a_system_check_names_it(settings):
    environ.Env.ENVIRON.update(TWITTER_CLIENT_ID="id")

    found = from_env.providers(environ.Env(), ["twitter"])

    assert found == {"twitter": {"CLIENT_ID": "id", "CLIENT_SECRET": ""}}
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": found}
    errors = [message for message in run_checks(tags=["socialreg"]) if message.id == "socialreg.E005"]
    assert len(errors) == 1
    assert "CLIENT_SECRET" in errors[0].msg


def test_a_file_is_read_as_well(tmp_path: Path):
    (tmp_path / ".env").write_text("TWITTER_CLIENT_ID=from-a-file\nTWITTER_CLIENT_SECRET='with = and #'\n", "utf-8")
    env = environ.Env()
    env.read_env(tmp_path / ".env")

    assert from_env.providers(env, ["twitter"])["twitter"] == {
        "CLIENT_ID": "from-a-file",
        "CLIENT_SECRET": "with = and #",
    }
