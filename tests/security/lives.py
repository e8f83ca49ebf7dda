"""What happens to an account from its first login to its end, so that every room has had its secrets in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from socialreg import upkeep
from socialreg.background import background
from socialreg.exceptions import SocialRegError
from socialreg.models import SocialAccount
from socialreg.registry import providers
from tests.holding import held
from tests.keep import expire
from tests.parsed import Page
from tests.security.planted import Watched
from tests.security.secret_scan import cached, dump
from tests.security.walking import come_back, start

FAULTS = ("server-error", "not-json", "code-refused")


@dataclass
class Life:
    """One account at one provider; ``seen`` is what was shown to browsers, ``kept`` what lay about after each step."""

    watched: Watched
    slug: str
    client: Client = field(default_factory=Client)
    seen: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)

    def live(self) -> None:
        """Do all of it."""
        steps: list[Callable[[], object]] = [
            self.arrive,
            self.register,
            self.use,
            self.fail,
            self.fill_in,
            self.come_again,
            self.be_looked_at,
            self.leave,
        ]
        for step in steps:
            step()
            self.kept.append(dump())
            self.cached.append(cached())

    def show(self, response: HttpResponse) -> HttpResponse:
        """Keep what a browser is shown, and what it is given to keep; not where it is sent, which names its state."""
        self.seen.append(f"{response.content.decode()} {response.cookies}")
        return response

    def come(self, client: Client, **data: str) -> HttpResponse:
        """Press the button, consent, come back."""
        back = self.watched.approve(start(client, self.slug, **data), "maralind")
        response = self.show(come_back(client, back))
        self.seen.append(str(client.cookies))
        return response

    def arrive(self) -> None:
        """A registration waits in the session."""
        assert self.come(self.client)["Location"] == reverse("socialreg:register")

    def register(self) -> None:
        page = self.show(self.client.get(reverse("socialreg:register")))
        answers = {"username": "mara", "email": "mara@example.org"}
        assert self.show(self.client.post(reverse("socialreg:register"), Page(page).form(**answers))).status_code == 302
        self.show(self.client.get(reverse("socialreg:connections")))

    def use(self) -> None:
        """The provider's API is called, tokens are refreshed, the profile is read, with and without what is needed."""
        account = SocialAccount.objects.get()
        if account.refreshable:
            expire(account)
            upkeep.refresh(account.pk)
        for act in (upkeep.verify_alive, upkeep.sync_profile, self._call):
            try:
                act(account.pk)
            except SocialRegError as error:  # some providers have no address for it
                self.seen.append(str(error))

    def _call(self, key: int) -> None:
        account = SocialAccount.objects.get(pk=key)
        provider = providers[self.slug]
        address = getattr(provider, "alive_endpoint", lambda: "")() or provider.endpoints()[0]
        answer = account.session().get(address)
        self.seen.append(f"{answer!r} {answer.request!r} {answer.request.headers} {answer.url}")

    def fail(self) -> None:
        """The provider fails while somebody logs in, and while tokens are refreshed."""
        account = SocialAccount.objects.get()
        for fault in FAULTS:
            client = Client()
            back = self.watched.approve(start(client, self.slug), "maralind")
            self.watched.fault(fault)
            self.show(come_back(client, back))
            self.show(Client().post(reverse("socialreg:start", args=[self.slug]), {"server": "one.example"}))
            for act in (upkeep.verify_alive, upkeep.refresh):
                try:
                    act(account.pk)
                except SocialRegError as error:
                    self.seen.append(f"{error!r} {error}")
            self.watched.clear()

    def fill_in(self) -> None:
        """A profile waits in the session, to fill a form in."""
        self.come(self.client, intent="prefill", next="/home/", keep="1")

    def come_again(self) -> None:
        """Somebody logs in by the account, and another one to whom its address is known has to prove who they are."""
        self.come(Client())
        User.objects.create_user("other", "mara.lindqvist@example.com", "secret")
        SocialAccount.objects.update(identity="f" * 64, subject="another")
        client = Client()
        self.come(client)
        self.show(client.get(reverse("socialreg:prove")))

    def be_looked_at(self) -> None:
        """An operator opens every page of the admin, and does everything that can be done there."""
        operator = Client()
        operator.force_login(User.objects.create_superuser("operator"))
        account = SocialAccount.objects.get()
        for model in (each for each in admin.site._registry if each._meta.app_label == "socialreg"):
            base = f"admin:socialreg_{model._meta.model_name}"
            self.show(operator.get(reverse(f"{base}_changelist")))
            for row in model._base_manager.all()[:5]:
                for page in ("change", "history", "delete"):
                    self.show(operator.get(reverse(f"{base}_{page}", args=[row.pk])))
        listed = reverse("admin:socialreg_socialaccount_changelist")
        for action in ("verify", "refresh", "delete_selected"):
            chosen = {"action": action, ACTION_CHECKBOX_NAME: str(account.pk)}
            self.show(operator.post(listed, chosen, follow=True))

    def leave(self) -> None:
        """The account is disconnected, and its tokens are revoked."""
        user = User.objects.get(username="mara")
        user.set_password("secret")
        user.save()
        self.client.force_login(user)
        account = SocialAccount.objects.get()
        with held():
            response = self.show(self.client.post(reverse("socialreg:disconnect", args=[account.pk])))
        assert response.status_code == 302
        background.drain()
        assert not SocialAccount.objects.exists()

    def places(self) -> dict[str, str]:
        """Return what there is to be looked through, by the name of the place."""
        asked = [f"{each.path}?{each.query}" for each in self.watched.requests if not each.browser]
        return {
            "pages and cookies": "\n".join(self.seen),
            "tables": "\n".join(self.kept),
            "cache": "\n".join(self.cached),
            "addresses": "\n".join(asked),
            "mails": "\n".join(["mails:", *(each.message().as_string() for each in mail.outbox)]),
        }
