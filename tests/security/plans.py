"""A relying party, and the way through it as the site takes it, for the modules of the conformance suite."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from socialreg import steps
from socialreg.exceptions import BadAnswer
from socialreg.oidc import OIDCProvider
from socialreg.types import Credentials, Redirect
from tests.op import DISCOVERY, GONE, JWKS, MARA, OP, TOKEN, Key, compact

CALLBACK = "https://site.example/accounts/acme/callback/"
#: An ID token that says who it is and nothing else.
BARE = {name: GONE for name in MARA if name != "sub"}
#: What is asked for until an ID token is read: nothing, if it is refused before a key is needed.
UNREAD, READ = [DISCOVERY, TOKEN], [DISCOVERY, TOKEN, JWKS]


class Acme(OIDCProvider):
    slug = "acme"
    label = "Acme"
    issuer = ""


class Plan:
    """What the plans share: a relying party, and the way through it as the site takes it."""

    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def rp(self, op: OP) -> Acme:
        return Acme(op.settings(**self.options), op.client())

    def start(self, rp: Acme) -> Redirect:
        return steps.authorize(rp, CALLBACK, "login", {})

    def log_in(self, rp: Acme, op: OP) -> Credentials:
        redirect = self.start(rp)
        return steps.verify(rp, redirect.pending, op.approve(redirect.url))

    def accepted(self, rp: Acme, op: OP, asked: list[str] = READ) -> Credentials:
        credentials = self.log_in(rp, op)
        assert (credentials.uid, credentials.issuer or rp.issuer) == (MARA["sub"], op.issuer)
        assert credentials.token
        assert op.paths == asked
        return credentials

    def rejected(self, rp: Acme, op: OP, asked: list[str] = READ) -> BadAnswer:
        """See that the ID token is refused, and that nothing is asked for with the access token."""
        with pytest.raises(BadAnswer) as raised:
            self.log_in(rp, op)
        assert raised.value.code == "id-token"
        assert raised.value.remedy
        assert op.paths == asked
        return raised.value


class Unsigned(Key):
    """A key that proves nothing: none at all, or a secret that both sides know."""

    def sign(self, claims, **header):
        return compact({"typ": "JWT", "alg": self.alg} | header, claims, self.private, self.alg)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
