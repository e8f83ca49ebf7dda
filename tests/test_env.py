"""Providers from the environment."""

import re
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.checks import run_checks

from sandbox import enabled
from socialreg import env as from_env
from socialreg.registry import providers
from tests import shipped


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


def test_other_options_are_read_if_they_are_named_and_no_other_variable_ever_is():
    environ.Env.ENVIRON.update(GITHUB_TOKEN="a build server's", GITHUB_HOST="https://git.example.com")

    found = from_env.providers(environ.Env(), ["github", "my-corp"], {"github": ["HOST"], "gitlab": ["ISSUER"]})

    assert found["github"] == {"CLIENT_ID": "", "CLIENT_SECRET": "", "HOST": "https://git.example.com"}
    assert found["my-corp"] == {"CLIENT_ID": "", "CLIENT_SECRET": ""}
    assert set(found) == {"github", "my-corp"}


@pytest.mark.parametrize("given", [{}, {"MICROSOFT_TENANT": ""}])
def test_an_option_that_is_not_set_is_left_to_the_class(given):
    """An empty TENANT would be a tenant that does not exist, where the class has "common"."""
    environ.Env.ENVIRON.update(given)

    assert "TENANT" not in from_env.providers(environ.Env(), ["microsoft"], {"microsoft": ["TENANT"]})["microsoft"]


def test_apples_key_is_read_from_one_line_and_makes_a_usable_provider(settings):
    """Variables hold no line breaks everywhere; the class takes ``\\n`` for them."""
    key = shipped.entry("apple")["PRIVATE_KEY"]
    environ.Env.ENVIRON.update(
        APPLE_CLIENT_ID="com.example.login",
        APPLE_TEAM_ID="TEAMTEAM12",
        APPLE_KEY_ID="KEYKEYKE12",
        APPLE_PRIVATE_KEY=key.strip().replace("\n", "\\n"),
    )

    found = from_env.providers(environ.Env(), ["apple"], {"apple": ["TEAM_ID", "KEY_ID", "PRIVATE_KEY"]})

    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": found}
    assert providers.usable("apple").current_secret().count(".") == 2


def test_nothing_of_a_provider_is_imported():
    """It runs while the settings are being loaded, when nothing that needs settings can be imported."""
    code = (
        "import sys, environ; from socialreg.env import providers; "
        "providers(environ.Env(), ['apple'], {'apple': ['TEAM_ID']}); "
        "print([name for name in sys.modules if name.startswith(('socialreg_providers', 'socialreg.provider'))])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


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


def test_the_example_names_every_variable_of_the_sandboxs_providers_and_no_other():
    text = (Path(__file__).parent.parent / ".env.example").read_text("utf-8")
    wanted = {
        f"{slug.upper()}_{option}"
        for slug in shipped.slugs()
        if slug not in {*shipped.GENERIC, "mastodon"}
        for option in {"CLIENT_ID", *shipped.entry(slug), *({"TENANT"} if slug == "microsoft" else set())}
    }
    of_the_sandbox = {"ACME_PORT", "CACHE_URL", "DATABASE_URL", "SANDBOX_PORT", "SECRET_KEY", "STANDIN_PORT"}

    assert set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)) == wanted | of_the_sandbox


def test_the_sandbox_reads_each_of_them():
    text = (Path(__file__).parent.parent / ".env.example").read_text("utf-8")
    named = re.findall(r"^#([A-Z]+)_([A-Z_]+)=", text, re.MULTILINE)
    options = [(stem.lower(), option) for stem, option in named if stem.lower() in enabled.shipped()]
    environ.Env.ENVIRON.update({f"{slug.upper()}_{option}": "given" for slug, option in options})

    read = enabled.real(environ.Env())

    assert len(options) > 30
    assert [(slug, option) for slug, option in options if read[slug].get(option) != "given"] == []
