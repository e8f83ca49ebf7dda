"""The examples on owners and front ends of a site's own work as they stand, in a project made for them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.project import Project

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"

_SETTINGS = """
INSTALLED_APPS += ["organisations", "socialreg"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
SOCIALREG = {
    "BASE_URL": "http://127.0.0.1", "PROVIDERS": {"twitter": {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}},
    "MAY_CONNECT": "organisations.models.members_only",
}
"""
_URLS = """
from django.urls import include
from organisations import models as o
urlpatterns += [
    path("accounts/", include("socialreg.urls")),
    path("<int:key>/", o.page), path("<int:key>/script/", o.for_our_script),
]
"""
_WALK = """
import json, re
from html import unescape
from urllib.parse import urlsplit
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from organisations.models import Organisation, remind
from socialreg.models import SocialAccount
from socialreg.testing import XStandIn

def forms(html):
    found = re.findall(r'<form [^>]*action="([^"]+)">(.*?)</form>', html, re.DOTALL)
    inputs = r'name="(\\w+)" value="([^"]*)"'
    return [(unescape(a), {n: unescape(v) for n, v in re.findall(inputs, b)}) for a, b in found]

def say(*words):
    print("SAID", *words)

with XStandIn() as x:
    settings.SOCIALREG["PROVIDERS"]["twitter"] = x.provider_settings()
    settings.SOCIALREG["PRIVATE_HOSTS"] = [urlsplit(x.url).netloc]
    client = Client(headers={"host": "127.0.0.1"})
    user, other = User.objects.create_user("juno"), User.objects.create_user("kes")
    one = Organisation.objects.create(name="Cartographers"); one.members.add(user)
    client.force_login(user)

    [(action, fields)] = forms(client.get("/1/").content.decode())
    back = client.get(x.approve(client.post(action, fields)["Location"], "kestrel"))["Location"]
    page = client.get(back).content.decode()
    say(back, "We are @kestrel" in page, "Connect another X account" in page, "Disconnect X" in page)

    asked = client.get("/1/script/").json()
    answer = client.post("/accounts/api/twitter/start/", json.dumps(asked), content_type="application/json").json()
    client.get(x.approve(answer["authorization_url"], "junofox"))
    say(Organisation.objects.get().twitter.username, SocialAccount.objects.count())

    request = RequestFactory(headers={"host": "127.0.0.1"}).get("/"); request.user = user
    link = re.search(r"http\\S+", remind(request, one))[0]
    say(client.get(link).status_code, "Continue" in client.get(link).content.decode())

    client.post(forms(page := client.get("/1/").content.decode())[1][0], {})
    say(Organisation.objects.get().twitter, SocialAccount.objects.count())

    new, nobody = Organisation.objects.create(name="New"), Client(headers={"host": "127.0.0.1"})
    say(nobody.get(f"/{new.pk}/").status_code, nobody.get(f"/{new.pk}/script/").status_code)

    client.force_login(other)
    say(client.get("/1/").status_code, client.get("/1/script/").status_code, client.post(link).status_code)
"""


def test_an_organisation_is_connected_by_button_script_and_mail_and_disconnected(tmp_path: Path):
    project = Project(tmp_path)
    project.run("python -m django startproject mysite . && python -m django startapp organisations")
    shutil.copy(EXAMPLES / "organisations.py", tmp_path / "organisations" / "models.py")
    (tmp_path / "templates").mkdir()
    shutil.copy(EXAMPLES / "templates" / "organisation.html", tmp_path / "templates")
    for name, more in (("settings", _SETTINGS), ("urls", _URLS)):
        with (tmp_path / "mysite" / f"{name}.py").open("a") as file:
            file.write(more)
    (tmp_path / "walk.py").write_text(_WALK, "utf-8")
    project.run("python manage.py makemigrations organisations --verbosity 0 && python manage.py migrate --verbosity 0")
    project.run("python manage.py makemigrations --check --dry-run")
    said = project.run("python manage.py shell --verbosity 0 -c 'exec(open(\"walk.py\").read(), globals())'")
    assert [line for line in said.split("\n") if line.startswith("SAID")] == [
        "SAID /1/ True True True",
        "SAID junofox 1",
        "SAID 405 True",
        "SAID None 0",
        "SAID 302 302",
        "SAID 404 404 403",
    ]
