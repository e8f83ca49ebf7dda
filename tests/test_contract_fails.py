"""The contract can fail: every one of its tests, on a class that gets this one thing wrong, over OAuth 1.0a and 2.0.

Each row is a class beside a good one, and the test that must find it out. The good ones pass them all.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from socialreg.answer import Answer
from socialreg.exceptions import Denied, Mismatch, ProviderError, Refused, Revoked
from socialreg.oauth1 import OAuth1Provider
from socialreg.oauth2 import OAuth2Provider
from socialreg.oidc import OIDCProvider
from socialreg.testing.contract import ProviderContract
from socialreg.tokens import Tokens
from socialreg.types import Credentials, Email, Intent, Profile, Redirect

SLUG = __name__.rpartition(".")[2]
ICON = '<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true"><path d="M0 0h1v1z"/></svg>'
SLUG_IS_MODULE = "test_the_slug_is_the_modules_name"
PICTURE = "test_the_picture_needs_nothing_but_itself"
UID_CLAIM = "test_the_uid_is_no_name_and_no_address"
START = "test_a_start_sends_state_and_challenge_and_no_secret"
FORM = "test_a_form_cannot_replace_a_parameter_of_the_protocol"
STATE = "test_a_callback_without_its_state_makes_no_call"
CANCEL = "test_cancelling_is_no_error"
SAME = "test_the_same_person_is_the_same_twice_whatever_they_call_themselves"
HEIR = "test_whoever_takes_over_a_name_is_somebody_else"
NOBODY = "test_who_is_nobody_is_refused"
VERIFIED = "test_an_address_is_verified_only_where_that_is_documented"
ODD = "test_every_field_but_the_uid_may_be_anything"
MARKUP = "test_markup_is_carried_as_text"
BAD_DAY = "test_every_bad_answer_is_an_error_of_our_tree"
REPR = "test_no_secret_is_in_a_repr"
ALIVE = "test_a_living_token_is_found_alive_by_one_request"
DEAD = "test_a_dead_token_is_found_dead"
BAD_DAY_OF_A_TOKEN = "test_a_bad_day_is_not_taken_for_a_dead_token"
REFRESH = "test_a_refresh_brings_new_tokens_of_the_same_account"
DEAD_REFRESH = "test_a_refresh_token_is_found_dead_when_it_is_and_not_before"
REFRESHED = "test_a_refreshed_id_token_is_the_same_persons"


class Good(OAuth2Provider):
    """Nothing is wrong with it."""

    slug = SLUG
    label = "Good"
    issuer = "https://good.example"
    authorize_url = "https://good.example/authorize"
    token_url = "https://good.example/token"
    profile_url = "https://good.example/me"
    profile_map = {
        "uid": "id",
        "username": "login",
        "full_name": "name",
        "email": "mail",
        "email_verified": "sure",
        "picture": "avatar",
    }

    @classmethod
    def icon(cls) -> str:
        return ICON


class GoodOIDC(OIDCProvider):
    """Nothing is wrong with it."""

    slug = SLUG
    label = "Good"
    issuer = "https://good.example"
    icon = Good.icon


class GoodWithAddresses(Good):
    """Nothing is wrong with it, and it asks a second time for addresses."""

    emails_url = "https://good.example/emails"


class Old(OAuth1Provider):
    """Nothing is wrong with it, and it speaks OAuth 1.0a."""

    slug = SLUG
    label = "Old"
    issuer = "https://old.example"
    uid_claim = "user_id"
    username_claim = "screen_name"
    request_token_url = "https://old.example/request_token"
    authorize_url = "https://old.example/authorize"
    access_token_url = "https://old.example/access_token"
    profile_url = "https://old.example/me"
    profile_map = Good.profile_map
    icon = Good.icon


# What is wrong, over OAuth 2.0 ------------------------------------------------------------------------------------


class Misnamed(Good):
    """Is looked for under another name than its module's."""

    slug = "elsewhere"


class Undrawn(Good):
    """Has no picture."""

    @classmethod
    def icon(cls) -> str:
        return ""


class Active(Good):
    """Its picture runs a script."""

    @classmethod
    def icon(cls) -> str:
        return ICON.replace("<path", '<path onload="alert(1)"')


class FarAway(Good):
    """Its picture loads another."""

    @classmethod
    def icon(cls) -> str:
        return ICON.replace("<path", '<a href="https://pictures.example/"/><path')


class ReadAloud(Good):
    """Its picture is read to those who have heard the button's words."""

    @classmethod
    def icon(cls) -> str:
        return ICON.replace(' aria-hidden="true"', "")


class ByLogin(Good):
    """Takes the name that people choose for who they are."""

    profile_map = {**Good.profile_map, "uid": "login"}


class ByUpn(Good):
    """The same, deep in the answer."""

    profile_map = {**Good.profile_map, "uid": "accounts[0].UPN"}


class ByNothing(Good):
    """Does not say where the uid comes from."""

    @property
    def uid_claim(self) -> str:
        return ""


class ByMail(Good):
    """Says that it goes by the number, and goes by the address."""

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        return str(data["mail"])


class SameState(Good):
    """Uses one state for everybody."""

    def begin(self, redirect_uri: str) -> dict[str, str]:
        return {**super().begin(redirect_uri), "state": "s" * 43}


class ShortState(Good):
    """Its state can be guessed."""

    count = 0

    def begin(self, redirect_uri: str) -> dict[str, str]:
        self.count += 1
        return {**super().begin(redirect_uri), "state": str(self.count)}


class Stateless(Good):
    """Sends no state."""

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in super().protocol_params(waiting).items() if name != "state"}


class PlainChallenge(Good):
    """Sends the verifier itself along."""

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        plain = {"code_challenge": waiting["verifier"], "code_challenge_method": "plain"}
        return {**super().protocol_params(waiting), **plain}


class Challengeless(Good):
    """Says that it does PKCE, and does not."""

    def begin(self, redirect_uri: str) -> dict[str, str]:
        return {name: value for name, value in super().begin(redirect_uri).items() if name != "verifier"}


class Implicit(Good):
    """Asks for a token in the address."""

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        return {**super().protocol_params(waiting), "response_type": "token"}


class Telling(Good):
    """Sends its secret through the browser."""

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return {"hint": self.client_secret}


class Nonceless(GoodOIDC):
    """Sends another nonce than waits."""

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        return {**super().protocol_params(waiting), "nonce": "another"}


class Obliging(Good):
    """Lets a form say what it wants."""

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return dict(options)

    def protocol_params(self, waiting: Mapping[str, str]) -> dict[str, str]:
        given = super().protocol_params(waiting)
        return {name: value for name, value in given.items() if name not in {"state", "scope"}}


class Trusting(Good):
    """Does not look at the state."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        return super().verify(pending, {**params, "state": pending["state"]})


class Hasty(Good):
    """Looks at the state when everything has happened."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        credentials = super().verify(pending, {**params, "state": pending["state"]})
        if params.get("state") != pending["state"]:
            raise Mismatch("Another state", cause="it is another", remedy="Begin again")
        return credentials


class MissingIsFine(Good):
    """Compares the state if there is one."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        return super().verify(pending, {**params, "state": params.get("state") or pending["state"]})


class Deaf(Good):
    """Takes "Cancel" for somebody without a name."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        try:
            return super().verify(pending, params)
        except Denied:
            return Credentials("anonymous")


class Offended(Good):
    """Takes "Cancel" for a failure."""

    denied_errors = frozenset()


class Curious(Good):
    """Asks the provider, although somebody pressed "Cancel"."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        try:
            return super().verify(pending, params)
        except Denied:
            self.transport.send("GET", self.profile_url)
            raise


class Restless(Good):
    """Makes another uid of the same one every time."""

    count = 0

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        type(self).count += 1
        return f"{super().uid_from(data)}-{self.count}"


class Renamed(Good):
    """Puts the name into the uid."""

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        return f"{super().uid_from(data)}-{data['name']}"


class Stringing(Good):
    """Makes a text of whatever there is: somebody called None."""

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        return str(data.get("id"))


class Falling(Good):
    """Takes for granted that there is a uid, and a number."""

    def uid_from(self, data: Mapping[str, object]) -> str | None:
        return str(int(data["id"]))  # type: ignore[call-overload]


class Gullible(Good):
    """Takes what is said of an address for a truth value."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        return replace(profile, email=Email(str(data.get("mail")), verified=bool(data.get("sure"))))


class Agreeing(Good):
    """Believes a yes."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        return replace(
            profile, email=Email("mara@example.com", verified=data.get("sure") is True or data.get("sure") == "yes")
        )


class GullibleList(GoodWithAddresses):
    """Believes whatever stands beside an address of the second call."""

    def _says(self, item: object, name: str) -> bool:
        return bool(isinstance(item, dict) and item.get(name))


class Brittle(Good):
    """Cleans the name without looking whether there is one."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        return replace(super().profile_of(data), full_name=data["name"].strip())  # type: ignore[attr-defined]


class Splitting(Good):
    """Takes for granted that an address has two halves."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        return replace(super().profile_of(data), last_name=str(data.get("mail")).split("@")[1])


class Showy(Good):
    """Shows whatever is called a picture."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        return replace(super().profile_of(data), picture=str(data.get("avatar") or ""))


class Linking(Good):
    """Links whatever is called a page."""

    profile_map = {**Good.profile_map, "profile_url": "page"}

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        return replace(super().profile_of(data), profile_url=str(data.get("page") or ""))


class Escaping(Good):
    """Escapes names before they are shown; where they are shown, that happens a second time."""

    def profile_of(self, data: Mapping[str, object]) -> Profile:
        profile = super().profile_of(data)
        return replace(profile, full_name=profile.full_name.replace("<", "&lt;"))


class Careless(Good):
    """Reads an answer by itself, and takes for granted that it can be read."""

    def profile_data(self, answer: Answer) -> Mapping[str, object]:
        return dict(json.loads(answer.body))


class Speechless(Good):
    """Fails without saying what to do."""

    def error_from(self, answer: Answer, callback: str = "") -> Refused:
        return Refused("It failed", cause="unknown", remedy="")


class Talkative(Good):
    """Puts the token where everybody reads it."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        credentials = super().verify(pending, params)
        return replace(credentials, username=credentials.token)


# What is wrong, over OAuth 1.0a -----------------------------------------------------------------------------------


class OldByName(Old):
    """Takes the name that people choose for who they are."""

    uid_claim = "screen_name"
    profile_map = {**Old.profile_map, "uid": "login"}


class OldRenamed(Old):
    """Says that it goes by the number, and goes by the name."""

    def credentials_from(self, answer: Answer) -> Credentials:
        credentials = super().credentials_from(answer)
        return replace(credentials, uid=credentials.username)

    def fetch_profile(self, credentials: Credentials) -> Profile:
        return replace(super().fetch_profile(credentials), uid=credentials.uid)


class OldTelling(Old):
    """Sends the request token's secret through the browser."""

    def authorize(self, redirect_uri: str, intent: Intent, options: Mapping[str, str]) -> Redirect:
        redirect = super().authorize(redirect_uri, intent, options)
        return replace(redirect, url=f"{redirect.url}&hint={redirect.pending['secret']}")


class OldObliging(Old):
    """Lets a form say what it wants."""

    def authorize_params(self, intent: Intent, options: Mapping[str, str]) -> Mapping[str, str]:
        return dict(options)


class OldTrusting(Old):
    """Does not look at the request token."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        return super().verify(pending, {**params, "oauth_token": pending["token"]})


class OldHasty(Old):
    """Looks at the request token when everything has happened."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        credentials = super().verify(pending, {**params, "oauth_token": pending["token"]})
        if params.get("oauth_token") != pending["token"]:
            raise Mismatch("Another token", cause="it is another", remedy="Begin again")
        return credentials


class OldDeaf(Old):
    """Takes "Cancel" for somebody without a name."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        try:
            return super().verify(pending, params)
        except Denied:
            return Credentials("anonymous")


class OldStringing(Old):
    """Makes a text of whatever there is: somebody called None."""

    def credentials_from(self, answer: Answer) -> Credentials:
        fields = answer.form()
        uid = str(fields.get("user_id"))
        return Credentials(uid, token=fields["oauth_token"], secret=fields["oauth_token_secret"])


class OldGullible(Old):
    """Takes what is said of an address for a truth value."""

    def fetch_profile(self, credentials: Credentials) -> Profile:
        profile = super().fetch_profile(credentials)
        return replace(profile, email=Email("mara@example.com", verified=bool(profile.raw.get("sure"))))


class OldBrittle(Old):
    """Cleans the name without looking whether there is one."""

    def fetch_profile(self, credentials: Credentials) -> Profile:
        profile = super().fetch_profile(credentials)
        return replace(profile, full_name=profile.raw["name"].strip())  # type: ignore[attr-defined]


class OldShowy(Old):
    """Shows whatever is called a picture."""

    def fetch_profile(self, credentials: Credentials) -> Profile:
        profile = super().fetch_profile(credentials)
        return replace(profile, picture=str(profile.raw.get("avatar") or ""))


class OldCareless(Old):
    """Reads an answer by itself, and takes for granted that it can be read."""

    def fetch_profile(self, credentials: Credentials) -> Profile:
        answer = self.get(self.profile_url, {}, credentials)
        return Profile(credentials.uid, full_name=json.loads(answer.body)["name"])


class OldTalkative(Old):
    """Puts the token where everybody reads it."""

    def verify(self, pending: Mapping[str, str], params: Mapping[str, str]) -> Credentials:
        credentials = super().verify(pending, params)
        return replace(credentials, username=credentials.token)


class Doubtful(Good):
    """Asks twice."""

    def check_alive(self, credentials: Credentials) -> None:
        super().check_alive(credentials)
        super().check_alive(credentials)


class Hopeful(Good):
    """Takes whatever is said for a yes."""

    def check_alive(self, credentials: Credentials) -> None:
        self.transport.send("GET", self.profile_url)


class Hypochondriac(Good):
    """Takes every trouble for a death."""

    def check_alive(self, credentials: Credentials) -> None:
        try:
            super().check_alive(credentials)
        except ProviderError as error:
            raise Revoked("It is dead") from error


class OldHypochondriac(Old):
    check_alive = Hypochondriac.check_alive


class Wasteful(Good):
    """Drops what the next refresh needs."""

    def refresh(self, credentials: Credentials) -> Credentials:
        return replace(super().refresh(credentials), refresh_token="")


class Patient(Good):
    """Does not see that a refresh token is dead."""

    dead_token_errors = frozenset()


class Impatient(Good):
    """Takes the app's own wrong keys for a dead token."""

    dead_token_errors = frozenset({"invalid_client", "invalid_grant", "invalid_token"})


class Forgetful(GoodOIDC):
    """Looks at no refreshed ID token."""

    def check_refreshed(self, credentials: Credentials, tokens: Tokens) -> None:
        pass


ROWS = [
    (Misnamed, SLUG_IS_MODULE),
    *[(broken, PICTURE) for broken in (Undrawn, Active, FarAway, ReadAloud)],
    *[(broken, UID_CLAIM) for broken in (ByLogin, ByUpn, ByNothing, OldByName)],
    *[(broken, START) for broken in (SameState, ShortState, Stateless, PlainChallenge, Challengeless, Implicit)],
    *[(broken, START) for broken in (Telling, Nonceless, OldTelling)],
    *[(broken, FORM) for broken in (Obliging, OldObliging)],
    *[(broken, STATE) for broken in (Trusting, Hasty, MissingIsFine, OldTrusting, OldHasty)],
    *[(broken, CANCEL) for broken in (Deaf, Offended, Curious, OldDeaf)],
    *[(broken, SAME) for broken in (ByMail, Restless, Renamed, OldRenamed)],
    *[(broken, HEIR) for broken in (ByMail, OldRenamed)],
    *[(broken, NOBODY) for broken in (Stringing, Falling, OldStringing)],
    *[(broken, VERIFIED) for broken in (Gullible, Agreeing, GullibleList, OldGullible)],
    *[(broken, ODD) for broken in (Brittle, Splitting, OldBrittle)],
    *[(broken, MARKUP) for broken in (Showy, Linking, Escaping, OldShowy)],
    *[(broken, BAD_DAY) for broken in (Careless, Speechless, OldCareless)],
    *[(broken, REPR) for broken in (Talkative, OldTalkative)],
    (Doubtful, ALIVE),
    (Hopeful, DEAD),
    *[(broken, BAD_DAY_OF_A_TOKEN) for broken in (Hypochondriac, OldHypochondriac)],
    (Wasteful, REFRESH),
    *[(broken, DEAD_REFRESH) for broken in (Patient, Impatient)],
    (Forgetful, REFRESHED),
]
TESTS = [name for name, _ in inspect.getmembers(ProviderContract, inspect.isfunction) if name.startswith("test_")]


def put_to_the_test(provider: type, name: str) -> None:
    contract = type("Contract", (ProviderContract,), {"provider": provider})()
    getattr(contract, name)()


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("provider", [Good, GoodOIDC, GoodWithAddresses, Old])
def test_a_good_class_passes(provider: type, name: str):
    put_to_the_test(provider, name)


@pytest.mark.parametrize(("broken", "name"), ROWS, ids=lambda each: getattr(each, "__name__", each))
def test_a_class_that_gets_it_wrong_fails(broken: type, name: str):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a test fails by whatever it raises
        put_to_the_test(broken, name)
    assert not isinstance(caught.value, AttributeError | TypeError | NameError), "the class is broken in another way"


def test_no_test_of_the_contract_is_without_a_class_that_fails_it():
    assert {name for _, name in ROWS} == set(TESTS)
