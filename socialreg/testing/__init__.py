"""A local stand-in for X, for the sandbox, for our tests and for those of sites.

::

    from socialreg.testing import XStandIn

    with XStandIn() as x:
        settings.SOCIALREG = {..., "PROVIDERS": {"twitter": x.provider_settings()}}
        ...                                        # press the site's button; it redirects to x.url
        callback = x.approve(location, "maralind")  # a path back into the site, as X would give it
        x.fault("rate-limited", path="/2/users/me")
        assert len(x.requests_to("/oauth/access_token")) == 1

It speaks OAuth 1.0a over HTTP/1.1 and checks signatures, nonces, timestamps and verifiers as X does. It listens on
loopback only; its consumer key and secret are published here and are worth nothing. To run it alone:
``python -m socialreg.testing``.
"""

from .errors import CODES, SHAPES
from .faults import FAULTS
from .messages import Record
from .people import PEOPLE, Person
from .standin import CONSUMER_KEY, CONSUMER_SECRET, XStandIn

__all__ = [
    "CODES",
    "CONSUMER_KEY",
    "CONSUMER_SECRET",
    "FAULTS",
    "PEOPLE",
    "SHAPES",
    "Person",
    "Record",
    "XStandIn",
]
