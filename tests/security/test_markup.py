"""A37: what a provider or a visitor says is text on every page of ours, the admin's too, and no markup or script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from socialreg.models import SocialAccount
from socialreg.owners import connect_url
from socialreg.registry import providers
from socialreg.testing import StandIn
from socialreg.testing.messages import Response
from tests import owning, urls
from tests.owners_app.models import Organisation
from tests.parsed import Page
from tests.security.visiting import CONNECTIONS, LINK, PASSWORD, PROVE, REGISTER, fill_in, question, user_of
from tests.security.walking import EVERY, PROTOCOLS, SERVER, come_back, start
from tests.security.walking import changed as altered
from tests.security.worlds import SAID, SLUGS, TOKEN
from tests.world import World, go

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.security.test_markup")]

#: Out of an attribute, a title, a script, a comment, a template; and escaped once too few.
MARKUP = """"'><xss-probe onxss=1></title></script><!--{{ "xss"|add:"-ran" }}&lt;xss-probe&gt; &#60;xss-probe&#62;"""
SHORT = "<xss-probe onxss=1>"
ADDRESSES = [
    "javascript:alert('xss')",
    "JaVa\tScRiPt:alert('xss')",
    "data:text/html,<xss-probe>",
    "https://pictures.example/\"onxss='1'<xss-probe>",
    "vbscript:xss",
]
#: What stands for an address in a profile, by the names of a class's ``profile_map``.
OF_ADDRESSES = {"picture", "profile_url", "avatar"}
#: Those whose names are asked about: they tell one, and a class takes it as it is.
ASKING = {"twitter", "github", "google", "x", "facebook", "linkedin"}
#: By which a class tells people apart.
WHO = {"uid", "team"}
#: What X over OAuth 1.0a tells: its class has no map.
OF_X = ["username", "full_name", "email", "picture"]
#: The attributes by which a page leads somewhere or fetches something.
LEADING = ("href", "src", "srcset", "action", "formaction", "poster", "data", "xlink:href", "style")


class ProfileForm(forms.ModelForm):
    """A form of the site's own, that is filled in."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]


_PROFILE = "{% load socialreg %}{% prefill_button slug form %}{{ form.as_p }}"
_OWNER = "{% load socialreg %}{% connect_button organisation.twitter %}{{ address }}"


def profile(request: HttpRequest, slug: str) -> HttpResponse:
    shown = {"form": ProfileForm(instance=request.user), "slug": slug}
    return HttpResponse(engines["django"].from_string(_PROFILE).render(shown, request))


def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    found = Organisation.objects.get(pk=pk)
    shown = {"organisation": found, "address": connect_url(request, found, "twitter", next=MARKUP)}
    return HttpResponse(engines["django"].from_string(_OWNER).render(shown, request))


urlpatterns = [
    path("profile/<slug:slug>/", profile),
    path("organisation/<int:pk>/", organisation),
    *urls.urlpatterns,
]


def harmless(response: HttpResponse) -> str:
    """Assert that nothing of what was said has become an element, a handler or a script's address; return the page."""
    content = response.content.decode()
    if "text/html" not in response.get("Content-Type", "") or not content:
        return content
    assert "xss-ran" not in content
    for tag, attrs in Page(response).elements:
        assert not tag.startswith("xss"), tag
        assert "onxss" not in attrs, (tag, attrs)
        for value in (attrs[name] for name in LEADING if name in attrs):
            plain = "".join(each for each in value if each.isprintable() and each != " ").lower()
            assert not plain.startswith(("javascript:", "vbscript:", "data:")), (tag, attrs)
    return content


@contextmanager
def changed(settings, **changes: object) -> Iterator[None]:
    before = settings.SOCIALREG
    settings.SOCIALREG = {**before, **changes}
    yield
    settings.SOCIALREG = before


Come = Callable[..., HttpResponse]


def walk(come: Come, settings, slug: str) -> list[str]:
    """Go every way on which something is shown of a profile; return the pages."""
    visitor, prover, root = Client(), Client(), User.objects.create_superuser("root", password=PASSWORD)
    pages = [harmless(come(visitor))]
    pages.append(harmless(visitor.get(REGISTER)))
    pages.append(harmless(visitor.post(REGISTER, {"username": "", "email": SHORT, "first_name": MARKUP})))
    with changed(settings, FINDERS=[lambda *_: root]):
        pages.append(harmless(come(prover)))
        pages.append(harmless(prover.get(PROVE)))
        asked = question(prover, "root")
        pages.append(harmless(prover.get(asked)))
        prover.post(asked, {"cancel": "1"})
    assert fill_in(visitor, username="mara", email="mara@example.org").status_code == 302
    user = user_of(visitor)
    pages += [harmless(visitor.get(address)) for address in ("/home/", CONNECTIONS, reverse("socialreg:login"))]
    pages += _asked_about(come, settings, slug, visitor)
    Organisation.objects.create(name=SHORT, twitter=SocialAccount.objects.first())
    pages += [harmless(page) for page in _in_the_admin(root)]
    assert user is not None
    return pages


def _asked_about(come: Come, settings, slug: str, visitor: Client) -> list[str]:
    """Let the profile be another one than it was, and a form of the site's be filled in from it."""
    told_before = {"full_name": "", "first_name": "", "last_name": "", "profile": {}}
    SocialAccount.objects.update(profile_at=timezone.now() - timedelta(days=2), **told_before)
    User.objects.filter(username="mara").update(first_name=SHORT[:30], last_name=SHORT[:30])
    back = Client()
    with changed(settings, SYNC={"first_name": "ask", "last_name": "ask"}):
        led = come(back)
        asked = back.get(reverse("socialreg:changes"))
        pages = [harmless(led), harmless(asked)]
    if slug in ASKING:
        assert led["Location"] == reverse("socialreg:changes")
        assert asked.status_code == 200
    come(visitor, intent="prefill", next=f"/profile/{slug}/")
    return [*pages, harmless(visitor.get(f"/profile/{slug}/")), harmless(visitor.get(CONNECTIONS))]


def _in_the_admin(root: User) -> Iterator[HttpResponse]:
    """Open every page that the admin has of what is stored."""
    client = Client()
    client.force_login(root)
    for model in (model for model in admin.site._registry if model._meta.app_label in {"socialreg", "auth"}):
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield client.get(reverse(f"{place}_changelist"))
        yield client.get(reverse(f"{place}_changelist"), {"q": MARKUP})
        for key in model._base_manager.values_list("pk", flat=True):
            for page in ("change", "delete", "history"):
                yield client.get(reverse(f"{place}_{page}", args=[key]))
    chosen = list(SocialAccount.objects.values_list("pk", flat=True))
    for action in ("delete_selected", "verify", "refresh"):
        act = {"action": action, "_selected_action": chosen}
        yield client.post(reverse("admin:socialreg_socialaccount_changelist"), act, follow=True)


#: Each protocol with all of them, every provider with one.
TOLD = [(slug, address) for slug in PROTOCOLS for address in ADDRESSES]
TOLD += [(slug, ADDRESSES[at % len(ADDRESSES)]) for at, slug in enumerate(EVERY) if slug not in PROTOCOLS]


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "address"), TOLD)
def test_a37_whatever_a_provider_tells_of_somebody(standin: StandIn, settings, slug, address):
    names = list(getattr(providers[slug], "profile_map", {})) or OF_X
    told = {name: address if name in OF_ADDRESSES else MARKUP for name in names if name not in WHO}
    told |= {"email": f'{SHORT}"@example.com'} if "email" in told else {}
    standin.tell(slug, told)

    def come(client: Client, **data: str) -> HttpResponse:
        return come_back(client, standin.approve(start(client, slug, **data), "maralind"))

    pages = walk(come, settings, slug)
    if "full_name" in told or "username" in told:
        assert any("&lt;xss-probe" in page for page in pages), "it was shown, as text"


@pytest.mark.parametrize("slug", SLUGS)
def test_a37_also_for_a_number(world: World, settings, slug):
    """Whatever identifies somebody may be any text."""
    world.fields[SAID[slug]] = world.fields["corp-userinfo", "sub"] = SHORT
    for document, name in (("acme-profile", "username"), ("acme-profile", "name"), ("mastodon-profile", "username")):
        world.fields[document, name] = ...
    for name in ("preferred_username", "name"):
        world.fields["corp-claims", name] = world.fields["corp-userinfo", name] = ...

    def come(client: Client, **data: str) -> HttpResponse:
        if data:  # a form that is filled in: nothing to be seen of a number
            return HttpResponse()
        return go(world, slug, client)

    pages = walk(come, settings, slug)
    assert any("&lt;xss-probe" in page for page in pages)


#: Names under which our pages take something, and one that they do not.
NAMES = (
    "next",
    "errand",
    "intent",
    "server",
    "server_before",
    "prove_by",
    "proof",
    "address",
    "email",
    "username",
    "first_name",
    "password",
    "which",
    "field",
    "socialreg_whose",
    "keep",
    "error",
    "error_description",
    "error_uri",
    "state",
    "code",
    "iss",
    "denied",
    "oauth_token",
    "scope",
    "foo",
)


OF_A_PROVIDER = ("start", "callback", "api-start")
PLAIN = ("login", "register", "prove", "link", "again", "connections", "email", "changes", "disconnect-owner")
BUTTONS = ("change", "cancel", "resend", "link", "prove", "register", "confirm", "take", "foo")


@pytest.fixture(params=[False, True], ids=["nobody", "somebody"])
def visitor(request, settings) -> Client:
    settings.SOCIALREG = {**settings.SOCIALREG, "EMAIL_CONFIRMATION": "send", "MAY_CONNECT": owning.HOOK}
    client = Client(HTTP_REFERER=f"http://testserver/{SHORT}", HTTP_USER_AGENT=MARKUP)
    if request.param:
        client.force_login(User.objects.create_user("<xss-probe>", "mara@example.org", PASSWORD))
    return client


@pytest.mark.parametrize("slug", EVERY)
def test_a37_whatever_a_visitor_says_on_the_way(standin: StandIn, visitor, slug):
    said = dict.fromkeys(NAMES, MARKUP)
    for place in (reverse(f"socialreg:{name}", args=[slug]) for name in OF_A_PROVIDER):
        harmless(visitor.get(place, said))
        harmless(visitor.post(place, said))
        harmless(visitor.post(place, {**said, "intent": "connect"}))


def test_a37_whatever_a_visitor_says_anywhere_else(standin: StandIn, visitor):
    """In the address and in the form, with each button."""
    said = dict.fromkeys(NAMES, MARKUP)
    places = [reverse(f"socialreg:{name}") for name in PLAIN]
    places += [reverse("socialreg:confirm-email", args=[SHORT]), reverse("socialreg:disconnect", args=[1])]
    for place in places:
        harmless(visitor.get(place, said))
        for button in BUTTONS:
            harmless(visitor.post(place, {**said, button: MARKUP}))
            harmless(visitor.post(place, {**said, "email": "a@example.com", button: "1"}))


@pytest.mark.parametrize("slug", EVERY)
def test_a37_an_error_in_a_callback_of_an_attempt_that_is_waited_for(standin: StandIn, caplog, slug):
    """Each parameter that could tell of one, in the right attempt: neither shown nor logged as it came."""
    client = Client()
    back = standin.approve(start(client, slug), "maralind")
    told = dict.fromkeys(("error", "error_description", "error_uri", "error_reason", "message"), MARKUP)
    page = harmless(come_back(client, altered(back, **told)))
    assert "xss" not in page
    assert "<xss-probe" not in caplog.text


@pytest.mark.parametrize("slug", SLUGS)
def test_a37_an_error_that_a_provider_answers(world: World, caplog, slug):
    for status in (200, 400, 401, 403, 500):
        world.answers[TOKEN[slug]] = Response.json({"error": MARKUP, "error_description": MARKUP}, status)
        page = harmless(go(world, slug, Client()))
        assert "xss" not in page
    assert "<xss-probe" not in caplog.text


def test_a37_an_organisations_button_says_nothing_but_what_it_is_for(standin: StandIn, settings):
    settings.SOCIALREG = {**settings.SOCIALREG, "MAY_CONNECT": owning.HOOK}
    member, found = owning.member_of(name=MARKUP[:100], username=SHORT)
    client = Client()
    client.force_login(member)
    harmless(client.get(f"/organisation/{found.pk}/"))
    url = connect_url(owning.request_of(member), found, "twitter", next=MARKUP)
    harmless(client.get(url))
    harmless(come_back(client, standin.approve(client.post(url, SERVER)["Location"], "maralind")))
    harmless(client.get(LINK))
