"""Who works at Acme: some of the stand-in's cast, one for each thing that an address can be. No Django.

Everybody's password is their user name.
"""

from __future__ import annotations

from dataclasses import dataclass

from socialreg.testing import PEOPLE


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody with an account at Acme. ``email`` is ``""`` where Acme knows none."""

    username: str
    first_name: str
    last_name: str
    email: str
    email_verified: bool
    #: What is special about the address, for the login page.
    remark: str


def _employ(username: str, screen_name: str, *, email_verified: bool, remark: str) -> Employee:
    person = next(person for person in PEOPLE if person.screen_name == screen_name)
    first_name, _, last_name = person.name.rpartition(" ")
    return Employee(username, first_name, last_name, person.email or "", email_verified, remark)


EMPLOYEES = (
    _employ("mara", "maralind", email_verified=True, remark="verified address"),
    _employ("juno", "junofox", email_verified=False, remark="address not verified"),
    _employ("tomas", "tomas_ok", email_verified=False, remark="no address"),
)
