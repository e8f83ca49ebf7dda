"""Which family of browsers somebody has: enough to recognise a login of one's own, too little to follow anybody."""

from __future__ import annotations

#: What stands in the name that a browser gives itself, in small letters; the first that does counts, for most name
#: others beside.
_FAMILIES = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("crios/", "Chrome"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
    ("curl/", "script"),
    ("wget/", "script"),
    ("python", "script"),
    ("go-http-client/", "script"),
)


def family(user_agent: str) -> str:
    """Return a browser's family, ``other`` for what nobody knows, ``""`` for what says nothing."""
    told = user_agent.lower()
    return next((name for part, name in _FAMILIES if part in told), "other" if told else "")
