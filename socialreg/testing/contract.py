"""What no provider may get wrong, as tests that any provider's own test takes over.

::

    from socialreg.testing.contract import ProviderContract
    from mysite.acme import Acme

    class TestAcme(ProviderContract):
        provider = Acme

Run by pytest. The stand-in plays the provider by the class's own data, and everything goes over real HTTP. What it
cannot know are the provider's oddities: those want tests of their own, with payloads from its documentation.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from socialreg import steps
from socialreg.authorization_code import AuthorizationCode
from socialreg.exceptions import Denied, Mismatch, ProviderError, SocialRegError
from socialreg.oidc import OIDCProvider
from socialreg.provider import Provider
from socialreg.types import Redirect

from .odd_values import FIELDS, MARKUP, NAMES, NOBODY, NOT_TRUE, ODD, PROTOCOL, SCRIPT
from .trial import CALLBACK, Trial, begin
from .upkeep_contract import UpkeepContract


class ProviderContract(UpkeepContract):
    """The contract. A test class derives from it and names its provider.

    ``options`` is what the provider's entry in the settings needs besides what the stand-in gives it; ``start_options``
    is what its start form sends along.
    """

    provider: ClassVar[type[Provider]]
    options: ClassVar[Mapping[str, object]] = {}
    start_options: ClassVar[Mapping[str, str]] = {}

    def trial(self) -> AbstractContextManager[Trial]:
        """Let the stand-in play the provider, as new."""
        return begin(self.provider, self.options, {"server": "one.example", **self.start_options})

    # -- the class

    def test_the_slug_is_the_modules_name(self) -> None:
        """By it the class is found, and its picture."""
        stem = inspect.getmodule(self.provider).__name__.rpartition(".")[2]  # type: ignore[union-attr] # a class has one
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", self.provider.slug)
        assert self.provider.slug.replace("-", "_") == stem

    def test_the_picture_needs_nothing_but_itself(self) -> None:
        """It is put into pages as it is, under a policy that forbids scripts and inline styles."""
        icon = self.provider.icon()
        assert icon.startswith("<svg"), "there is no SVG beside the module"
        assert not re.search(r"<(script|style|image|use|foreignObject)|style=|\son\w+=|https?://(?!www\.w3\.org)", icon)
        assert 'aria-hidden="true"' in icon, "the button's words say it already"

    def test_the_uid_is_no_name_and_no_address(self) -> None:
        with self.trial() as trial:
            claim = trial.provider.uid_claim
        assert claim, "the class does not say where the uid comes from"
        assert re.split(r"[.\]]", claim)[-1].lower() not in NAMES, f"{claim!r} changes hands"

    # -- the protocol

    def test_a_start_sends_state_and_challenge_and_no_secret(self) -> None:
        with self.trial() as trial:
            first, second = trial.begin(), trial.begin()
            sent = dict(parse_qsl(urlsplit(first.url).query))
            assert first.key
            assert first.key in sent.values()
            assert first.key != second.key
            hidden = {trial.provider.client_secret, first.pending.get("verifier"), first.pending.get("secret")}
            assert not hidden & set(sent.values()), "a secret went along"
            if isinstance(trial.provider, AuthorizationCode):
                self._check_start(trial.provider, first, sent)

    def _check_start(self, provider: AuthorizationCode, redirect: Redirect, sent: Mapping[str, str]) -> None:
        assert sent.get("response_type") == "code"
        assert sent.get("state") == redirect.key
        assert len(redirect.key) >= 22, "less than 128 bits"  # noqa: PLR2004
        if provider.pkce:
            assert sent.get("code_challenge_method") == "S256"
            assert sent.get("code_challenge")
        if isinstance(provider, OIDCProvider):
            assert sent.get("nonce") == redirect.pending["nonce"]

    def test_a_form_cannot_replace_a_parameter_of_the_protocol(self) -> None:
        # A scope comes from this site's own buttons: a class that lets a browser say it cannot be made.
        hostile = {name: "hostile" for name in PROTOCOL if name != "scope"}
        with self.trial() as trial:
            redirect = steps.authorize(trial.provider, CALLBACK, "login", {**hostile, **trial.options})
            sent = parse_qsl(urlsplit(redirect.url).query)
            assert not [name for name, value in sent if name in PROTOCOL and value == "hostile"]

    def test_a_callback_without_its_state_makes_no_call(self) -> None:
        with self.trial() as trial:
            redirect = trial.begin()
            good = trial.back(redirect, "maralind")
            before = trial.calls()
            assert {"state", "oauth_token"} & good.keys(), "the callback does not say which attempt it belongs to"
            for wrong in _without_state(good):
                try:
                    steps.verify(trial.provider, redirect.pending, wrong)
                except Mismatch:
                    continue
                raise AssertionError("a callback that does not belong to the attempt was taken")
            assert trial.calls() == before, "a call was made before the state was known to be right"

    def test_cancelling_is_no_error(self) -> None:
        with self.trial() as trial:
            redirect = trial.begin()
            params = trial.cancel(redirect)
            before = trial.calls()
            try:
                steps.verify(trial.provider, redirect.pending, params)
            except Denied:
                assert trial.calls() == before
            else:
                raise AssertionError("whoever pressed cancel was logged in")

    # -- who it is

    def test_the_same_person_is_the_same_twice_whatever_they_call_themselves(self) -> None:
        with self.trial() as trial:
            before = trial.profile("maralind")
            mara = trial.standin.people.pop("maralind")
            renamed = replace(mara, screen_name="marina", name="Marina L", email="marina@example.org")
            trial.standin.people["marina"] = renamed
            after = trial.profile("marina")
            assert (before.uid, before.issuer) == (after.uid, after.issuer)

    def test_whoever_takes_over_a_name_is_somebody_else(self) -> None:
        with self.trial() as trial:
            before = trial.profile("maralind")
            mara, juno = trial.standin.people.pop("maralind"), trial.standin.people.pop("junofox")
            heir = replace(juno, screen_name=mara.screen_name, name=mara.name, email=mara.email)
            trial.standin.people["maralind"] = heir
            assert trial.profile("maralind").uid != before.uid

    def test_who_is_nobody_is_refused(self) -> None:
        """Null, empty, a bool, a list: an account of theirs would be everybody's."""
        with self.trial() as trial:
            for nobody in NOBODY:
                trial.tell({"uid": nobody})
                try:
                    trial.credentials()
                except ProviderError as error:
                    assert error.code != "provider", f"the class fell over the uid {nobody!r}"
                else:
                    raise AssertionError(f"the uid {nobody!r} was taken")

    # -- what is told of them

    def test_an_address_is_verified_only_where_that_is_documented(self) -> None:
        with self.trial() as trial:
            for said in NOT_TRUE:
                if self._is_documented(said):
                    continue
                trial.tell({"email_verified": said})
                address = trial.profile().email
                assert address is None or not address.verified, f"{said!r} was taken for true"

    def _is_documented(self, said: object) -> bool:
        """Whether the class says that the provider documents to send this for true, or to give verified ones alone."""
        vouches = getattr(self.provider, "emails_verified", False)
        return vouches or (isinstance(said, str) and said in getattr(self.provider, "true_strings", ()))

    def test_every_field_but_the_uid_may_be_anything(self) -> None:
        with self.trial() as trial:
            uid = trial.credentials().uid
            for odd in ODD:
                trial.tell(dict.fromkeys(FIELDS, odd))
                assert trial.profile().uid == uid, f"with {odd!r} in every other field"

    def test_markup_is_carried_as_text(self) -> None:
        """It is escaped where it is shown; an address of a script is none."""
        with self.trial() as trial:
            trial.tell({"full_name": MARKUP, "first_name": MARKUP, "picture": SCRIPT, "profile_url": SCRIPT})
            profile = trial.profile()
            for address in (profile.picture, profile.profile_url):
                assert address.startswith(("https://", f"{trial.standin.url}/")) or not address, "no web address"
            assert profile.full_name in {"", MARKUP, f"{MARKUP} {profile.last_name}".strip()}

    # -- a bad day

    def test_every_bad_answer_is_an_error_of_our_tree(self) -> None:
        with self.trial() as trial:
            trial.profile()
            for path in trial.paths():
                for fault in ("not-json", "empty", "truncated", "server-error", "reset"):
                    trial.standin.fault(fault, path=path)
                    self._check_bad_day(trial, f"{fault!r} at {path}")
                    trial.standin.clear()

    def _check_bad_day(self, trial: Trial, what: str) -> None:
        """A class may do without an answer. If it does not, it is told to whoever reads the log."""
        try:
            trial.profile()
        except SocialRegError as error:
            assert error.code != "provider", f"the class fell over {what}"
            assert error.remedy, f"nobody is told what to do about {what}"

    def test_no_secret_is_in_a_repr(self) -> None:
        with self.trial() as trial:
            redirect = trial.begin()
            credentials = steps.verify(trial.provider, redirect.pending, trial.back(redirect, "maralind"))
            shown = f"{redirect!r} {credentials!r}"
            secrets = [*redirect.pending.values(), redirect.url, credentials.token, credentials.refresh_token]
            assert not [secret for secret in secrets if len(secret) > 12 and secret in shown]  # noqa: PLR2004


def _without_state(good: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name in ("state", "oauth_token"):
        if name in good:
            yield {key: value for key, value in good.items() if key != name}
            yield {**good, name: ""}
            yield {**good, name: "of another attempt"}
