"""``SocialAccountField``: what migrations, forms, the admin and the checks make of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models.deletion import CASCADE, PROTECT, SET_NULL, ProtectedError
from django.forms import modelform_factory
from django.test import RequestFactory
from django.test.utils import isolate_apps

from socialreg.fields import SocialAccountField, own_field, own_fields
from socialreg.models import SocialAccount
from tests.owners_app.models import Bot, Club, Organisation, Sister
from tests.owning import account


def test_it_may_be_empty_is_empty_once_the_account_is_gone_and_adds_nothing_to_the_account():
    field = Organisation._meta.get_field("twitter")
    assert (field.null, field.blank, field.remote_field.on_delete, field.editable) == (True, True, SET_NULL, False)
    assert field.related_model is SocialAccount
    assert not [each for each in dir(SocialAccount) if "organisation" in each]


@pytest.mark.parametrize(
    "options", [{}, {"on_delete": CASCADE, "null": False, "related_name": "owners", "editable": True}]
)
def test_it_comes_out_of_deconstruct_as_it_went_in(options):
    field = SocialAccountField("twitter", **options)
    name, path, arguments, given = field.deconstruct()
    assert (name, path) == (None, "socialreg.fields.SocialAccountField")
    again = SocialAccountField(*arguments, **given)
    assert again.deconstruct()[2:] == field.deconstruct()[2:]
    assert again.provider == field.clone().provider == "twitter"
    assert given.items() >= {"provider": "twitter", **options}.items()


def written(migration: migrations.Migration) -> migrations.Migration:
    """Return a migration as it is read back from its file."""
    names: dict[str, Any] = {}
    exec(MigrationWriter(migration).as_string(), names)
    return names["Migration"](migration.name, migration.app_label)


def test_a_migration_that_is_written_and_read_leads_to_the_models_that_are_there():
    wanted = ProjectState.from_apps(apps)
    state = ProjectState()
    for (label, name), model in wanted.models.items():
        if label != "owners_app":
            state.models[label, name] = model
    models_of_app = [m for m in apps.get_app_config("owners_app").get_models() if not m._meta.proxy]
    bare = state.clone()
    for model in models_of_app:
        made = ModelState.from_model(model)
        operation = migrations.CreateModel(made.name, list(made.fields.items()), made.options, made.bases)
        migration = type("Migration", (migrations.Migration,), {"operations": [operation]})("0001", "owners_app")
        bare = written(migration).mutate_state(bare, preserve=False)
    bare.add_model(ModelState.from_model(Sister))
    changes = MigrationAutodetector(bare, wanted)._detect_changes()
    assert changes == {}


def test_a_change_of_the_provider_is_seen_by_makemigrations():
    before, after = ProjectState.from_apps(apps), ProjectState.from_apps(apps)
    after.models["owners_app", "bot"].fields["ear"] = SocialAccountField("acme")
    (migration,) = MigrationAutodetector(before, after)._detect_changes()["owners_app"]
    assert [type(each).__name__ for each in migration.operations] == ["AlterField"]


# Nobody takes an account by a form


def test_no_form_offers_it_unless_the_site_says_so():
    """A choice of everybody's accounts would show them all, and let anybody take any."""
    assert "twitter" not in modelform_factory(Organisation, fields="__all__").base_fields
    with isolate_apps("socialreg", "tests.owners_app"):
        owner = owner_with(SocialAccountField("twitter", to=SocialAccount, editable=True))
        assert "it" in modelform_factory(owner, fields="__all__").base_fields


@pytest.mark.django_db
def test_the_admin_shows_it_where_it_is_asked_to_and_changes_it_nowhere(client):
    class OrganisationAdmin(admin.ModelAdmin):
        fields = ("name", "twitter")
        readonly_fields = ("twitter",)

    site = admin.AdminSite()
    site.register(Organisation, OrganisationAdmin)
    mine, other = account("1", username="one"), account("2", username="two")
    organisation = Organisation.objects.create(name="Cartographers", twitter=mine)
    request = RequestFactory().post("/", {"name": "Renamed", "twitter": other.pk})
    request.user = User.objects.create_superuser("root")
    model_admin = site._registry[Organisation]
    form = model_admin.get_form(request, organisation)(request.POST, instance=organisation)
    assert list(form.fields) == ["name"]
    assert form.is_valid()
    form.save()
    organisation.refresh_from_db()
    assert (organisation.name, organisation.twitter) == ("Renamed", mine)


# Checks


def owner_with(field: SocialAccountField) -> type[models.Model]:
    class Owner(models.Model):
        it = field

        class Meta:
            app_label = "owners_app"

        def __str__(self) -> str:
            return "it"

    return Owner


def found(field: SocialAccountField) -> list[str]:
    with isolate_apps("tests.owners_app"):
        messages = owner_with(field)._meta.get_field("it").check()
        return [message.id for message in messages if message.id.startswith("socialreg")]


@pytest.mark.parametrize(
    ("provider", "ids"), [("twitter", []), ("github", ["socialreg.W007"]), ("", ["socialreg.W007"])]
)
def test_a_provider_that_is_not_enabled_is_a_warning(settings, provider, ids):
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": {}}}
    assert found(SocialAccountField(provider)) == ids


def test_settings_that_are_no_dict_are_told_by_their_own_check_alone(settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": ["twitter"]}
    assert found(SocialAccountField("twitter")) == []


@pytest.mark.django_db  # Django's own checks ask SQLite whether it knows JSON, the first time
def test_manage_py_check_says_it_and_names_the_field(settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "PROVIDERS": {"twitter": {}}}
    (message,) = [each for each in run_checks() if each.id == "socialreg.W007"]
    assert message.obj is Organisation._meta.get_field("second")
    assert "'acme'" in message.msg
    assert "twitter" in message.hint


# Finding it


def test_a_field_is_found_by_its_name_then_by_a_provider_that_no_other_has():
    assert own_field(Organisation, "second") is own_field(Organisation, "acme")
    assert own_field(Club, "twitter") is own_field(Sister, "twitter") is Organisation._meta.get_field("twitter")
    assert [own_field(Bot, name) for name in ("twitter", "name", "nothing")] == [None, None, None]
    assert own_fields(User) == []


@pytest.mark.django_db
def test_on_delete_is_the_sites_own_choice(settings):
    """``PROTECT`` keeps an account from being deleted while something has it."""
    field = SocialAccountField("twitter", on_delete=PROTECT)
    assert field.remote_field.on_delete is PROTECT
    owned = account("1")
    own = Organisation._meta.get_field("twitter")
    own.remote_field.on_delete = PROTECT
    try:
        Organisation.objects.create(name="one", twitter=owned)
        with pytest.raises(ProtectedError):
            owned.delete()
    finally:
        own.remote_field.on_delete = SET_NULL
