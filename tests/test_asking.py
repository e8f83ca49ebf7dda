"""Which questions are asked, of a site's own forms too, over the whole way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from socialreg import asking
from socialreg.forms import RegistrationForm
from socialreg.models import SocialAccount
from socialreg.types import Email, Profile

from .parsed import Page
from .test_register import MARA, REGISTER, Browser, nobody, page_for, send

pytestmark = pytest.mark.django_db

PROFILE = Profile("1", "maralind", "Mara Lindqvist", "Mara", "Lindqvist", Email(MARA, verified=True), locale="xx")


class WithTerms(RegistrationForm):
    terms = forms.BooleanField()


class Questionnaire(RegistrationForm):
    """Every kind of field, under one roof."""

    terms = forms.BooleanField(help_text="You <em>must</em>.")
    colours = forms.MultipleChoiceField(choices=[("r", "Red"), ("g", "Green")], widget=forms.CheckboxSelectMultiple)
    met = forms.SplitDateTimeField(required=False)
    born = forms.DateField(required=False, widget=forms.SelectDateWidget(years=[1990, 1991]))
    size = forms.ChoiceField(required=False, choices=[("s", "Small")], widget=forms.RadioSelect)
    about = forms.CharField(required=False, widget=forms.Textarea)
    source = forms.CharField(widget=forms.HiddenInput, initial="web")


def registers_at_once(browser: Browser) -> bool:
    return browser.log_in("maralind", next="/home/?in")["Location"] == "/home/?in"


@pytest.fixture
def missing(site):
    """A site that asks for what is missing, by a form of its own."""

    def use(form: object = "socialreg.forms.RegistrationForm") -> None:
        site(ASK_FOR="missing", REGISTRATION_FORM=form)

    return use


def asked_of(profile: Profile) -> tuple[str, ...]:
    return asking.asked_of(profile, asking.unasked_form(profile))


# Nothing, or something, is missing


def test_nothing_missing_means_no_form(missing, browser):
    missing()
    assert registers_at_once(browser)
    user = browser.user()
    assert (user.username, user.email, user.first_name, user.last_name) == ("maralind", MARA, "Mara", "Lindqvist")
    assert not user.has_usable_password()


def test_only_what_is_missing_is_asked(missing, browser):
    missing()
    page = page_for(browser, "tomas_ok")
    assert page.asked() == {"email"}
    assert "X told us the rest." in page.text
    send(browser, page, email="tomas@example.net")
    assert (browser.user().username, browser.user().first_name) == ("tomas_ok", "Tomás")


def test_only_what_is_invalid_is_asked_and_a_taken_name_comes_with_a_free_one(missing, browser):
    missing()
    User.objects.create_user("maralind")
    page = page_for(browser)
    assert page.asked() == {"username"}
    assert page.named("username")["value"] == "maralind2"
    send(browser, page)
    assert (browser.user().username, browser.user().email) == ("maralind2", MARA)


def test_everything_asks_for_everything_filled_in(site, browser):
    site(REGISTRATION_FORM=WithTerms)
    page = page_for(browser)
    assert page.asked() == {"username", "email", "first_name", "last_name", "terms"}
    assert "We filled in what X told us." in page.text
    assert "checked" not in page.named("terms")


# Never skipped, never asked


def test_a_consent_box_is_never_skipped_and_never_ticked_for_anybody(missing, browser):
    missing(Consents)
    page = page_for(browser)
    assert page.asked() == {"terms", "ticked", "mapped"}
    assert "checked" not in page.named("terms")
    assert "checked" not in page.named("mapped")
    assert send(browser, page, terms=None, ticked=None, mapped=None).status_code == 200
    assert nobody()
    assert send(browser, page, terms="on", ticked="on", mapped="on").status_code == 302


class Consents(RegistrationForm):
    terms = forms.BooleanField()
    ticked = forms.BooleanField(initial=True)
    mapped = forms.BooleanField()
    profile_map = {"mapped": lambda profile: True}


def test_a_required_field_with_a_default_is_asked_and_shown_with_it(missing, browser):
    missing(Defaults)
    page = page_for(browser)
    assert page.asked() == {"plan", "country"}
    assert page.form()["plan"] == ["free"]
    assert page.form()["country"] == ["se"]
    assert send(browser, page).status_code == 302


class Defaults(RegistrationForm):
    plan = forms.ChoiceField(choices=[("paid", "Paid"), ("free", "Free")], initial="free")
    country = forms.CharField(initial=lambda: "se")


def test_what_is_optional_and_unanswered_is_not_asked_and_gets_its_default(missing, browser):
    missing(Optionals)
    assert registers_at_once(browser)
    assert Optionals.saved == {"note": "", "level": "low", "newsletter": False, "photo": None, "when": None, "tags": []}


class Optionals(RegistrationForm):
    note = forms.CharField(required=False)
    level = forms.ChoiceField(required=False, choices=[("low", "Low")], initial="low")
    newsletter = forms.BooleanField(required=False, initial=True)  # unticked: nobody ticks it for somebody else
    photo = forms.FileField(required=False)
    when = forms.SplitDateTimeField(required=False)
    tags = forms.MultipleChoiceField(required=False, choices=[("a", "A")])

    saved: dict[str, object]

    def save(self, commit=True):
        names = ("note", "level", "newsletter", "photo", "when", "tags")
        type(self).saved = {name: self.cleaned_data[name] for name in names}
        return super().save(commit)


def test_an_optional_box_that_the_site_answers_by_a_function_is_as_the_function_says(missing, browser):
    missing(Ticked)
    assert registers_at_once(browser)
    assert Ticked.saved["newsletter"] is True


class Ticked(Optionals):
    profile_map = {"newsletter": lambda profile: True}


def test_a_field_that_appears_only_on_the_instance_is_asked(missing, browser):
    missing(Dynamic)
    page = page_for(browser)
    assert page.asked() == {"invitation"}
    assert send(browser, page).status_code == 200
    assert send(browser, page, invitation="x").status_code == 302


class Dynamic(RegistrationForm):
    def __init__(self, data=None, files=None, initial=None):
        super().__init__(data=data, files=files, initial=initial)
        self.fields["invitation"] = forms.CharField()


def test_a_hidden_field_with_a_value_is_no_question_but_travels_with_the_others(missing, browser):
    missing(Hidden)
    assert registers_at_once(browser)
    assert Hidden.source == "web"


class Hidden(RegistrationForm):
    origin = forms.CharField(widget=forms.HiddenInput, initial="web")
    source = ""

    def clean_origin(self):
        type(self).source = self.cleaned_data["origin"]
        return self.cleaned_data["origin"]


def test_an_error_of_a_hidden_field_is_shown_at_the_top(site, browser):
    site(REGISTRATION_FORM=Hidden)
    page = Page(send(browser, page_for(browser), origin=""))
    assert "This field is required." in page.text


# Wrong answers of the profile


def test_a_profile_value_that_is_no_valid_choice_is_asked(missing):
    missing(Localised)
    assert asked_of(PROFILE) == ("locale",)
    assert asked_of(Profile("1", "a", email=Email(MARA), locale="sv")) == ()


class Localised(RegistrationForm):
    locale = forms.ChoiceField(choices=[("sv", "Swedish"), ("en", "English")], required=False)


def test_an_error_that_clean_gives_to_a_field_asks_for_that_field(missing, browser):
    missing(Particular)
    page = page_for(browser)
    assert page.asked() == {"last_name"}
    assert page.named("last_name")["value"] == "Lindqvist"
    assert send(browser, page, last_name="Lind").status_code == 302


class Particular(RegistrationForm):
    def clean(self):
        if len(self.cleaned_data.get("last_name", "")) > 5:
            self.add_error("last_name", "Too long for us")
        return super().clean()


def test_answers_refused_as_a_whole_show_the_whole_form(missing, browser):
    missing(Whole)
    page = page_for(browser)
    assert page.asked() == {"username", "email", "first_name", "last_name"}
    refused = Page(send(browser, page))
    assert "These do not go together" in refused.text
    assert send(browser, refused, last_name="Other").status_code == 302


class Whole(RegistrationForm):
    def clean(self):
        if self.cleaned_data.get("last_name") == "Lindqvist":
            raise forms.ValidationError("These do not go together")
        return super().clean()


def test_answers_refused_as_a_whole_after_the_first_sending_open_the_whole_form_with_its_values(missing, browser):
    missing(LaterWhole)
    page = page_for(browser)
    assert page.asked() == {"terms", "word"}
    page = Page(send(browser, page, terms="on", word="bad"))
    assert page.asked() == {"username", "email", "first_name", "last_name", "terms", "word"}
    assert page.named("email")["value"] == MARA
    assert page.named("word")["value"] == "bad"
    assert not any("disabled" in attrs for _, attrs in page.elements)
    assert send(browser, page, word="good", last_name="Changed").status_code == 302
    assert browser.user().last_name == "Changed"


class LaterWhole(WithTerms):
    word = forms.CharField()

    def clean(self):
        if self.cleaned_data.get("word") == "bad":
            raise forms.ValidationError("No")
        return super().clean()


# Widgets, prefixes, files


def test_every_kind_of_field_is_asked_answered_and_saved(site, browser):
    site(REGISTRATION_FORM=Answers)
    page = page_for(browser)
    answers = {"met_0": "2024-05-06", "met_1": "07:08", "born_year": "1990", "born_month": "2", "born_day": "3"}
    response = send(browser, page, terms="on", colours=["r", "g"], size="s", about="Hm", **answers)
    assert response.status_code == 302, Page(response).text
    assert Answers.saved["colours"] == ["r", "g"]
    assert Answers.saved["met"] == datetime(2024, 5, 6, 12, 8, tzinfo=UTC)  # America/Chicago is the tests' time zone
    assert str(Answers.saved["born"]) == "1990-02-03"
    assert (Answers.saved["size"], Answers.saved["source"]) == ("s", "web")


class Answers(Questionnaire):
    saved: dict[str, object]

    def save(self, commit=True):
        type(self).saved = self.cleaned_data
        return super().save(commit)


def test_a_profile_map_answers_fields_of_several_inputs_and_of_several_choices(missing, browser):
    missing(Mapped)
    page = page_for(browser)
    assert page.asked() == {"terms"}
    User.objects.create_user("maralind")  # and all of it is shown if the form has to be shown whole
    assert send(browser, page, terms="on", met_0="1999-01-01", met_1="00:00", colours="r").status_code == 200
    assert send(browser, page, terms="on", username="free").status_code == 302
    assert Mapped.saved["met"] == datetime(2020, 1, 2, 3, 4, tzinfo=UTC)
    assert Mapped.saved["colours"] == ["g"]
    assert Mapped.saved["about"] == "Mara Lindqvist"


class Mapped(Answers):
    profile_map = {
        "met": lambda profile: datetime(2020, 1, 2, 3, 4, tzinfo=UTC),
        "colours": lambda profile: ["g"],
        "about": lambda profile: profile.raw["name"],
    }


def test_a_profile_map_is_shown_as_the_initial_values(site, browser):
    site(REGISTRATION_FORM=Mapped)
    form = page_for(browser).form()
    assert (form["met_0"], form["colours"]) == (["2020-01-01"], ["g"])
    assert form["about"] == ["\nMara Lindqvist"]  # browsers drop the first line break of a textarea


def test_a_prefix_changes_nothing(missing, browser):
    missing(Prefixed)
    page = page_for(browser)
    assert page.asked() == {"reg-terms"}
    assert send(browser, page, **{"reg-terms": "on", "reg-username": "forged"}).status_code == 302
    assert browser.user().username == "maralind"


class Prefixed(WithTerms):
    prefix = "reg"


def test_a_file_is_uploaded_and_one_from_the_profile_map_is_taken(missing, browser):
    missing(Files)
    page = page_for(browser)
    assert page.asked() == {"proof"}
    assert page.of("form")[0][1]["enctype"] == "multipart/form-data"
    assert send(browser, page).status_code == 200
    assert send(browser, page, proof=SimpleUploadedFile("a.txt", b"proof")).status_code == 302
    assert Files.contents == (b"proof", b"avatar", None)


class Files(RegistrationForm):
    proof = forms.FileField()
    avatar = forms.FileField(required=False)
    picture = forms.FileField(required=False)  # not filled with the text of an address
    profile_map = {"avatar": lambda profile: ContentFile(b"avatar", "avatar.svg")}
    contents: tuple[object, ...] = ()

    def save(self, commit=True):
        cleaned = self.cleaned_data
        type(self).contents = (cleaned["proof"].read(), cleaned["avatar"].read(), cleaned["picture"])
        return super().save(commit)


def test_a_widget_that_reads_a_name_of_its_own_gets_it(missing, browser):
    """As captchas do: their answer does not go by the name of the field."""
    missing(Captcha)
    page = page_for(browser)
    assert send(browser, page).status_code == 200
    assert send(browser, page, **{"g-answer": "42"}).status_code == 302


class Foreign(forms.TextInput):
    def value_from_datadict(self, data, files, name):
        return data.get("g-answer")


class Captcha(RegistrationForm):
    captcha = forms.CharField(widget=Foreign)


# Forms of all descent


def test_a_user_creation_form_asks_for_passwords_and_keeps_them(missing, browser):
    missing(UserCreationForm)
    page = page_for(browser)
    assert page.asked() == {"password1", "password2"}
    assert send(browser, page, password1="a-Good-0ne", password2="another").status_code == 200
    assert nobody()
    assert send(browser, page, password1="a-Good-0ne", password2="a-Good-0ne").status_code == 302
    assert browser.user().check_password("a-Good-0ne")
    assert browser.user().username == "maralind"


def test_many_to_many_choices_and_an_overridden_save_are_written(site, browser):
    group = Group.objects.create(name="Readers")
    site(REGISTRATION_FORM=WithGroups)
    page = page_for(browser)
    assert send(browser, page, groups=[group.pk]).status_code == 302
    user = browser.user()
    assert list(user.groups.all()) == [group]
    assert user.last_name == "by save()"
    assert not user.has_usable_password()


class WithGroups(forms.ModelForm):
    class Meta:
        model = User
        fields = ["username", "groups"]

    def save(self, commit=True):
        self.instance.last_name = "by save()"
        return super().save(commit)


def test_many_to_many_choices_work_on_our_form_too(missing, browser):
    group = Group.objects.create(name="Readers")
    missing(OursWithGroups)
    assert registers_at_once(browser)
    assert list(browser.user().groups.all()) == [group]


class OursWithGroups(RegistrationForm):
    profile_map = {"groups": lambda profile: Group.objects.filter(name="Readers")}

    class Meta(RegistrationForm.Meta):
        fields = [*RegistrationForm.Meta.fields, "groups"]


@pytest.mark.parametrize("ask_for", ["everything", "missing"])
def test_a_form_of_another_model_that_returns_the_user(site, browser, ask_for):
    site(REGISTRATION_FORM=TeamForm, ASK_FOR=ask_for)
    page = page_for(browser)
    assert send(browser, page, name="Islanders").status_code == 302
    user = browser.user()
    assert (user.username, [group.name for group in user.groups.all()]) == ("maralind", ["Islanders"])
    assert not user.has_usable_password()


class TeamForm(forms.ModelForm):
    nickname = forms.CharField(max_length=20)
    profile_map = {"nickname": "username"}

    class Meta:
        model = Group
        fields = ["name"]

    def save(self, commit=True):
        user = User.objects.create(username=self.cleaned_data["nickname"])
        user.groups.add(super().save(commit))
        return user


def test_a_plain_form_without_save_makes_the_user_from_its_own_fields(missing, browser):
    missing(Plain)
    page = page_for(browser)
    assert page.asked() == {"terms"}
    assert send(browser, page, terms="on", is_staff="on", password="x").status_code == 302
    user = browser.user()
    assert (user.username, user.email, user.first_name) == ("maralind", MARA, "")
    assert (user.is_staff, user.has_usable_password()) == (False, False)


class Plain(forms.Form):
    username = forms.CharField()
    email = forms.EmailField()
    first_name = forms.CharField(required=False)
    last_name = forms.CharField(required=False, empty_value=None)
    is_staff = forms.BooleanField(required=False)
    password = forms.CharField(required=False)
    terms = forms.BooleanField()
    profile_map = {"first_name": lambda profile: profile.raw["no such thing"], "last_name": lambda profile: None}


def test_a_plain_form_without_save_gives_no_rights_no_password_and_no_nulls(site, browser):
    """Even where the form itself asks for them."""
    site(REGISTRATION_FORM=Plain)
    page = page_for(browser)
    assert {"is_staff", "password"} <= page.asked()
    typed = {"username": "\N{FULLWIDTH LATIN SMALL LETTER M}ara", "email": "Mara@EXAMPLE.com"}
    assert send(browser, page, terms="on", is_staff="on", password="x", **typed).status_code == 302
    user = browser.user()
    assert (user.username, user.email) == ("mara", "Mara@example.com")  # as the user model writes them
    assert (user.is_staff, user.has_usable_password(), user.last_name) == (False, False, "")


@pytest.mark.parametrize(
    ("typed", "said"), [("taken", "already exists"), ("not fit!", "valid username"), ("x" * 151, "at most 150")]
)
def test_a_plain_form_without_save_is_judged_by_the_user_model(missing, browser, typed, said):
    missing(Plain)
    User.objects.create_user("taken")
    User.objects.create_user("maralind")
    page = page_for(browser)
    assert page.asked() == {"username", "terms"}
    assert said in Page(send(browser, page, username=typed, terms="on")).text
    assert send(browser, page, terms="on").status_code == 302
    assert browser.user().username == "maralind2"


@pytest.mark.parametrize("form", ["JoinForm", "MemberForm", "ShortForm"])
def test_the_forms_of_the_documentation_register(site, browser, form):
    site(REGISTRATION_FORM=f"docs.examples.forms.{form}")
    page = page_for(browser)
    assert send(browser, page, terms="on", heard_of_us="friend").status_code == 302
    assert browser.user().username == "maralind"
    assert browser.user().email == MARA


# What a site may get wrong


class NoUser(WithTerms):
    def save(self, commit=True):
        super().save(commit)


class AnotherThing(WithTerms):
    def save(self, commit=True):
        super().save(commit)
        return Group.objects.create(name="left over")


class Unsaved(WithTerms):
    def save(self, commit=True):
        Group.objects.create(name="left over")
        return super().save(commit=False)


class Nameless(forms.Form):
    terms = forms.BooleanField()


class WrongMap(RegistrationForm):
    profile_map = {"first_name": "nickname"}


@pytest.mark.parametrize(
    ("form", "remedy"),
    [
        (NoUser, "Return the user from save()"),
        (AnotherThing, "Return the user from save()"),
        (Unsaved, "Return the user from save()"),
        (Nameless, "Give the form a field 'username'"),
    ],
)
def test_a_form_that_makes_no_user_leaves_nothing_and_the_log_says_what_to_do(site, browser, caplog, form, remedy):
    site(REGISTRATION_FORM=form)
    response = send(browser, page_for(browser), terms="on")
    not_available(response, caplog, remedy)
    assert nobody()
    assert not Group.objects.exists()


def test_a_profile_map_of_what_no_profile_has_is_not_available_and_logged(site, browser, caplog):
    site(REGISTRATION_FORM=WrongMap)
    not_available(browser.log_in("maralind"), caplog, "Use a function of the profile, or one of")
    assert "'first_name' from 'nickname'" in caplog.text


@pytest.mark.parametrize("name", ["tests.test_asking", "tests.no_such.Form", "socialreg.types.Profile"])
def test_a_setting_that_names_no_form_is_not_available_and_logged(site, browser, caplog, name):
    site(REGISTRATION_FORM=name)
    not_available(browser.log_in("maralind"), caplog, "REGISTRATION_FORM")


def not_available(response, caplog, words) -> None:
    assert response.status_code == 503
    text = Page(response).text
    assert "Not available" in text
    reference = text.partition("reference ")[2][:8]
    [line] = [record.getMessage() for record in caplog.records if f"reference {reference}" in record.getMessage()]
    assert words in line
    assert line.count("Remedy: ") == 1


def test_a_function_of_the_profile_that_fails_answers_nothing_and_is_logged(missing, browser, caplog):
    missing(Fragile)
    page = page_for(browser)
    assert page.asked() == {"city"}
    assert "profile_map['city'] failed with KeyError" in caplog.text
    assert send(browser, page, city="Visby").status_code == 302


class Fragile(RegistrationForm):
    city = forms.CharField()
    profile_map = {"city": lambda profile: profile.raw["city"]}


def test_a_form_without_questions_registers_with_one_page(site, browser):
    site(REGISTRATION_FORM=Silent)
    assert browser.log_in("maralind", next="/home/?in")["Location"] == "/home/?in"
    assert SocialAccount.objects.get().user.username == "silent"


class Silent(forms.Form):
    def save(self):
        return User.objects.create_user("silent")


def test_the_registration_page_is_never_kept(browser):
    page_for(browser)
    response = browser.client.get(reverse("socialreg:register"))
    assert response.request["PATH_INFO"] == REGISTER
    assert "no-store" in response["Cache-Control"]
