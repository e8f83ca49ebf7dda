"""The cast: people who exist nowhere, one for each thing that can be special about an account of X."""

from __future__ import annotations

from dataclasses import dataclass

#: The name of the picture that X shows for people without one of their own.
DEFAULT_PICTURE = "default_profile"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account at the stand-in.

    ``id`` is X's numeric user id as text: it stays when the handle (``screen_name``) changes hands. ``email`` is the
    confirmed address, ``None`` where there is none. ``picture`` is the stem of the picture's file name; ``""`` for
    X's default image. ``suspended`` and ``locked`` answer every call with the codes 64 and 326.
    """

    id: str
    screen_name: str
    name: str
    email: str | None = None
    picture: str = ""
    suspended: bool = False
    locked: bool = False
    verified: bool = False
    protected: bool = False
    description: str = ""
    location: str = ""
    url: str | None = None
    created_at: str = "2009-05-09T17:58:22.000Z"

    @property
    def default_profile_image(self) -> bool:
        """Whether X shows its default image for this person."""
        return not self.picture

    def picture_url(self, origin: str) -> str:
        """Return the address as X's answers give it: the variant of 48 x 48 pixels (``_normal``)."""
        if self.default_profile_image:
            return f"{origin}/sticky/default_profile_images/{DEFAULT_PICTURE}_normal.svg"
        return f"{origin}/avatars/{self.picture}_normal.svg"


PEOPLE = (
    Person(
        "1400000000000000001",
        "maralind",
        "Mara Lindqvist",
        "mara.lindqvist@example.com",
        "maralind",
        description="Cartographer of small islands.",
        location="Visby",
        url="https://mara.example.com/",
        verified=True,
    ),
    Person("1400000000000000002", "tomas_ok", "Tomás Okafor", None, "tomas_ok", location="Lisboa"),
    Person("1400000000000000003", "junofox", "Juno \N{FOX FACE} Park", "juno.park@example.com", "junofox"),
    Person("1400000000000000004", "kestrel", "Kestrel", "kestrel@example.org", "kestrel", protected=True),
    Person("1400000000000000005", "ines_moreau", "Inês Moreau", "ines.moreau@example.net"),
    Person("1400000000000000006", "vstahl", "Viktor Stahl", "viktor.stahl@example.com", "vstahl", suspended=True),
    Person("1400000000000000007", "nadiabloom", "Nadia Bloom", "nadia.bloom@example.com", "nadiabloom", locked=True),
)


def remark(person: Person) -> str:
    """Return what is special about somebody, in a few words for the pages; ``""`` if nothing is."""
    remarks = {
        "suspended (code 64)": person.suspended,
        "locked (code 326)": person.locked,
        "no e-mail": person.email is None,
        "default picture": person.default_profile_image,
        "one-word name": " " not in person.name,
        "emoji in the name": any(ord(character) > 0xFFFF for character in person.name),  # noqa: PLR2004
    }
    return ", ".join(text for text, true in remarks.items() if true)
