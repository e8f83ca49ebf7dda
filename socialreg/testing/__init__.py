"""A local stand-in for the providers, for the sandbox, for our tests and for those of sites.

::

    from socialreg.testing import StandIn

    with StandIn() as standin:
        options = standin.play("github", GitHub)           # the entry for SOCIALREG["PROVIDERS"]["github"]
        ...                                                # press the site's button; it redirects to standin.url
        callback = standin.approve(location, "maralind")   # an address of the site's, as the provider would give it
        standin.fault("error-with-200", path="/github/token")
        assert len(standin.requests_to("/github/token")) == 1

It is X over OAuth 1.0a from the start, and any provider over OAuth 1.0a, OAuth 2.0 or OpenID Connect that it is told to
play, by the data of the provider's own class. It speaks HTTP/1.1 and checks what a careful provider checks: signatures,
nonces and verifiers; clients, callbacks, codes and PKCE. It listens on loopback only; its keys and secrets are
published here or made anew, and are worth nothing. To run it alone: ``python -m socialreg.testing``.
"""

from .errors import CODES, SHAPES
from .faults import FAULTS, OAUTH2_FAULTS
from .messages import Record
from .people import PEOPLE, Person
from .standin import StandIn, XStandIn
from .visitor import Posted
from .x_part import CONSUMER_KEY, CONSUMER_SECRET
from .x_posts import Post

__all__ = [
    "CODES",
    "CONSUMER_KEY",
    "CONSUMER_SECRET",
    "FAULTS",
    "OAUTH2_FAULTS",
    "PEOPLE",
    "SHAPES",
    "Person",
    "Post",
    "Posted",
    "Record",
    "StandIn",
    "XStandIn",
]
