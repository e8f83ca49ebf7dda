"""What a process can be killed over: somebody registers, logs in, connects an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User

from socialreg.models import SocialAccount, UserAddress
from tests.fleets import Fleet
from tests.gates import Gate
from tests.project import forms_of
from tests.roaming import REGISTER, Answer, Browser

RENAMED = "Another Name"


class Step:
    """Something that writes: what is there before, how it is done, and what may be there after."""

    #: What the site has set for it.
    changes: dict[str, Any] = {}
    #: What may be found: nothing of it, or all of it.
    nothing: object
    everything: object

    def __init__(self, site: Fleet, gate: Gate, slug: str) -> None:
        self.site, self.gate, self.slug, self.browser = site, gate, slug, Browser()
        (self.person,) = gate.crowd(1)

    def prepare(self) -> None:
        """Let there be what there is before."""

    def act(self, **headers: str) -> Answer:
        """Do it, from the click on."""
        raise NotImplementedError

    def found(self) -> object:
        """Return what is there."""
        raise NotImplementedError

    def come(self, headers: dict[str, str], **data: str) -> Answer:
        """Press the button, consent, and come back."""
        self.callback = self.gate.approve(self.browser.start(self.site, self.slug, **data), self.person.screen_name)
        return self.browser.get(self.site, self.callback, **headers)


class Register(Step):
    """The callback registers somebody of whom nothing is to be asked."""

    changes = {"ASK_FOR": "missing"}
    nothing, everything = (0, 0, 0), (1, 1, 1)

    def act(self, **headers: str) -> Answer:
        return self.come(headers)

    def found(self) -> object:
        theirs = SocialAccount.objects.filter(user__username=self.person.screen_name, subject=self.person.id)
        return User.objects.count(), SocialAccount.objects.count(), theirs.count()


class Form(Register):
    """The form registers somebody."""

    changes = {"ASK_FOR": "everything"}

    def act(self, **headers: str) -> Answer:
        if self.come({}).location != REGISTER:  # registered by now, and logged in
            return Answer(302, {"Location": "/home/"}, "")
        (form,) = [form for form in forms_of(self.browser.get(self.site, REGISTER).page) if "username" in form.fields]
        return self.browser.post(self.site, REGISTER, {**form.fields, "username": self.person.screen_name}, **headers)


class LogIn(Step):
    """A login finds another name at the provider, and the user's own name follows it."""

    changes = {"ASK_FOR": "missing", "PROFILE_MAX_AGE": 0, "SYNC": {"first_name": "always"}}
    nothing, everything = ("Person", "Person 0"), ("Another", RENAMED)

    def prepare(self) -> None:
        self.browser.log_in(self.gate, self.slug, self.person.screen_name, self.site, self.site)
        self.browser.forget()
        self.gate.people[self.person.screen_name] = replace(self.person, name=RENAMED)

    def act(self, **headers: str) -> Answer:
        return self.come(headers)

    def found(self) -> object:
        account = SocialAccount.objects.get()
        assert account.credentials is not None
        return account.user.first_name, account.full_name


class Connect(Step):
    """An account is connected, and the address that waits for its confirmation waits no more."""

    nothing, everything = (0, "s3cret"), (1, "")

    def prepare(self) -> None:
        user = User.objects.create_user("mara", "mara@elsewhere.example", "secret")
        UserAddress.objects.create(user=user, address="new@elsewhere.example", replaces=user.email, secret="s3cret")

    def act(self, **headers: str) -> Answer:
        # Every time: whoever dies while a session gets another key takes it along.
        self.browser.forget()
        (form,) = forms_of(self.browser.get(self.site, "/login/").page)
        told = {**form.fields, "username": "mara", "password": "secret"}
        assert self.browser.post(self.site, "/login/", told).status == 302
        return self.come(headers, intent="connect")

    def found(self) -> object:
        return SocialAccount.objects.filter(user__username="mara").count(), UserAddress.objects.get().secret
