"""Which class an entry means: what ships is found by its slug, a site's own by its dotted name, without any list."""

from __future__ import annotations

import subprocess
import sys

import pytest

import socialreg_providers
from socialreg.exceptions import ConfigurationError
from socialreg.lookup import classes_in, find_class, shipped_slugs
from socialreg_providers.twitter import Twitter
from tests import shipped


class Acme(Twitter):
    """A class of a site's own."""

    slug = "acme"


class Heir(Acme):
    """One that inherits its slug."""


also_acme = Acme


def test_all_that_ship_are_listed_and_none_is_imported_for_that():
    assert shipped_slugs() == shipped.slugs()
    code = (
        "import sys; from socialreg.lookup import shipped_slugs; shipped_slugs(); "
        "print(sorted(name for name in sys.modules if name.startswith(('socialreg_providers.', 'django'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("named", ["tests.test_lookup.Acme", Acme])
def test_a_sites_own_is_named_by_dots_or_is_the_class_itself(named):
    assert find_class("corp", {"PROVIDER": named}).__name__ == "Acme"


@pytest.mark.parametrize("named", ["tests.test_lookup.Nobody", "tests.no_such_module.Acme", "nobody"])
def test_a_class_that_is_not_there_is_told_with_the_names_of_those_that_are(named):
    with pytest.raises(ConfigurationError, match="cannot be found") as raised:
        find_class("corp", {"PROVIDER": named})
    assert "twitter" in raised.value.remedy


@pytest.mark.parametrize("named", ["socialreg_providers", "a/b", "..", "_x_errors", "os", "os.path", 7, object])
def test_what_is_no_provider_is_refused(named):
    with pytest.raises(ConfigurationError, match="cannot be found"):
        find_class("acme", {"PROVIDER": named})


def test_a_shipped_module_that_lacks_something_itself_is_not_taken_for_one_that_does_not_ship(monkeypatch, tmp_path):
    (tmp_path / "halfway.py").write_text("import socialreg_providers._gone\n", "utf-8")
    monkeypatch.setattr(socialreg_providers, "__path__", [*socialreg_providers.__path__, str(tmp_path)])
    with pytest.raises(ConfigurationError, match="cannot be found") as raised:
        find_class("halfway", {})
    assert raised.value.cause == "'halfway': ModuleNotFoundError: No module named 'socialreg_providers._gone'"
    with pytest.raises(ConfigurationError, match="no provider of this name ships"):
        find_class("half-way", {})


def test_a_class_counts_once_by_however_many_names_and_not_if_it_inherits_the_slug():
    module = sys.modules[__name__]
    assert classes_in(module, "acme") == [Acme]
    assert classes_in(module, "twitter") == [Twitter]
    assert classes_in(module, "github") == []


@pytest.mark.parametrize("slug", ["oidc", "oauth2"])
def test_those_that_ship_are_found_by_their_names(slug):
    found = find_class("corp", {"PROVIDER": slug})
    assert (found.slug, found.__module__) == (slug, f"socialreg_providers.{slug}")
