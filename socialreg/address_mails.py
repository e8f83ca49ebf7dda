"""The mails about addresses: the link that confirms one, and the notice to one that is to be replaced.

No text of a visitor's choice goes into them but the address itself: else whoever registers with a stranger's address
and a telling user name could send that stranger what they like. Written in the visitor's language while their request
lasts, sent once the transaction is in the database, by Django's mail backend, in the background.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from . import conf
from .address_link import LIFETIME, token
from .background import background
from .exceptions import SocialRegError
from .models import UserAddress


def ask_to_confirm(user: AbstractBaseUser, row: UserAddress, using: str) -> None:
    """Send the link that confirms ``row``.

    :param using: the database whose transaction the mail waits for.
    """
    link = _absolute(reverse("socialreg:confirm-email", args=[token(user, row)]))
    _send(row.address, "confirm", {"link": link, "address": row.address, "days": LIFETIME.days}, using)


def tell_of_change(old: str, new: str, using: str) -> None:
    """Tell the address of now that another is to take its place, and where that can be stopped."""
    _send(old, "change", {"link": _absolute(reverse("socialreg:email")), "old": old, "new": new}, using)


def _absolute(path: str) -> str:
    return f"{conf.base_url()}{path}"


def _send(address: str, kind: str, context: Mapping[str, object], using: str) -> None:
    """Write a mail, and send it once the transaction around is in the database.

    :param kind: the stem of its templates: ``mail/<kind>.txt``, ``.html``, and ``_subject.txt``.
    """
    known = {**context, "site": urlsplit(conf.base_url())}
    subject, text, html = (
        render_to_string(f"socialreg/mail/{kind}{ending}", known) for ending in ("_subject.txt", ".txt", ".html")
    )
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),  # a header is one line
        body=text,
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834 section 5: no answering machine answers
    )
    message.attach_alternative(html, "text/html")
    background.after_commit("Sending a mail about an address", partial(_deliver, message), using)


def _deliver(message: EmailMultiAlternatives) -> None:
    try:
        message.send()
    except Exception as error:
        raise SocialRegError(
            "A mail about an e-mail address was not sent",
            cause=f"the mail backend raised {type(error).__name__}",
            remedy="See EMAIL_BACKEND, EMAIL_HOST, DEFAULT_FROM_EMAIL and their like. The visitor can ask for it again",
            code="mail",
        ) from error
