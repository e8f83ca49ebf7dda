"""What a site can listen to. Each is sent after the fact is in the database, never for something that may be undone.

A receiver that fails is logged by Django (``django.dispatch``) and stops nobody's login.
"""

from django.dispatch import Signal

#: ``request, user, account, profile, email_verified``: somebody registered. ``email_verified`` is true if the address
#: they registered with is the one that the provider vouches for.
registered = Signal()

#: ``request, user, account, profile``: somebody who was registered logged in.
logged_in = Signal()

#: ``request, user, account, profile, owner, field``: a user of this site added an account. ``owner`` is the instance of
#: the site's own that it was added to, and ``field`` the name of its field; both ``None`` where it is the user's own.
connected = Signal()

#: ``request, user, account, owner, field``: a user of this site removed an account, from ``owner`` if that is not
#: ``None``. ``account`` has no primary key any more, unless somebody else has it still.
disconnected = Signal()

#: ``account, code, error``: the provider takes an account's tokens no more; the site can ask its owner back. ``code``
#: is why: ``"revoked"``, ``"interrupted"`` (a refresh was cut off, and the new token with it), the provider's own code.
credentials_lost = Signal()

#: ``user, address``: a user confirmed an e-mail address; ``user.email`` is that address now.
email_confirmed = Signal()

#: ``user, account, changed``: a later login changed fields of the user, by ``SOCIALREG["SYNC"]``: a list of names.
synced = Signal()

#: ``request, slug, error, reference``: a visitor got an error page. ``reference`` is what stands on it.
failed = Signal()
