"""The 48 named cases: what is tried, and what has to come of it. A test belongs to a case by the id in its name.

``A`` are attacks, ``F`` are faults of a provider, a database, a network or a browser. What is said without a remark
holds for OAuth 1.0a, OAuth 2.0 and OpenID Connect, for every provider, and on every database. (What of that is run
when stands in :mod:`tests.effort`.)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FUZZ = (ROOT / "fuzz" / name for name in ("test_site.py", "test_next.py", "test_found.py"))
#: Where the tests of the cases are; and, by their files, the fuzz tests of what databases differ in.
FOLDERS = (ROOT / "security", ROOT / "faults", *_FUZZ)
#: Cases in which no database takes part: no test of theirs uses one.
NO_DATABASE = frozenset({"A12"})
_NAME = re.compile(r"test((?:_[af]\d\d)+)_")


@dataclass(frozen=True)
class Case:
    """One case: its id, what is tried or what fails, and what is expected then."""

    id: str
    case: str
    expected: str


CASES = (
    Case(
        "A01",
        "A callback whose state is missing, wrong or another browser's, at each provider",
        "An error page; no request goes out, the session stays as it was",
    ),
    Case("A02", "The same callback a second time", "No request goes out, the session stays as it was"),
    Case("A03", "Two callbacks with one state at the same moment", "The code is redeemed exactly once"),
    Case("A04", "A state that is older than ten minutes", "A page from which one can begin anew"),
    Case(
        "A05",
        "The state of one provider at the callback of another, for a login and for connecting",
        "Refused; no request goes out",
    ),
    Case("A06", "A callback with an error and without a valid state", "Nothing changes; none of its text is shown"),
    Case("A07", "A start by GET, and by POST without a CSRF token", "No redirect to a provider; status 403"),
    Case(
        "A08",
        "A start that names client_id, redirect_uri, state, scope, nonce or code_challenge itself",
        "The address of the provider's page is the same as without",
    ),
    Case(
        "A09",
        "A code, or an ID token, that was issued to another session",
        "Refused, by PKCE and by the nonce",
    ),
    Case("A10", "An iss in the callback (RFC 9207) that is wrong, or is missing though promised", "Refused"),
    Case("A11", "Metadata that name another issuer than the settings", "Refused before anybody is sent there"),
    Case(
        "A12",
        "ID tokens as the 14 modules of the Basic relying-party conformance plan have them",
        "As each module says; where it leaves a choice, refused",
    ),
    Case(
        "A13",
        "An ID token with another audience beside ours, another azp, a passed or missing exp, a wrong at_hash, crit, a "
        "key of its own, HMAC by the public key, or too large",
        "Refused",
    ),
    Case("A14", "UserInfo whose sub is another's or is missing", "Refused"),
    Case(
        "A15",
        "A refreshed ID token with another iss, sub or aud",
        "Refused; the token that is stored stays",
    ),
    Case(
        "A16",
        "OAuth 1.0a: another oauth_token, no verifier, a callback unconfirmed, denied, or again",
        "Refused; no access token is asked for",
    ),
    Case(
        "A17",
        "A uid that is null, missing, empty, a boolean, an object, a list, has a NUL, 300 letters or 5000 digits",
        "Refused; no row is written",
    ),
    Case("A18", "Two uids that differ in case alone, or look alike in Unicode", "Two accounts"),
    Case("A19", "The same subject from two issuers, or two tenants", "Two accounts"),
    Case(
        "A20",
        "Somebody is renamed at the provider, and another takes the name",
        "The other does not get into the first one's account",
    ),
    Case(
        "A21",
        "email_verified in twelve encodings",
        "JSON true alone counts, and the string where a provider documents it; nobody's account is taken over",
    ),
    Case(
        "A22",
        "A known address from a provider that is not trusted, or that did not verify it",
        "Asked to log in first and to connect then; nothing is merged",
    ),
    Case(
        "A23",
        "Pre-hijacking: an account made beforehand with the victim's address",
        "The victim never lands in it",
    ),
    Case(
        "A24",
        "Pre-hijacking: a session of the attacker's that is still open",
        "It is ended; where it was begun by a password and the session store cannot be searched, the log says that it "
        "was not",
    ),
    Case("A25", "Pre-hijacking: a provider's account that the attacker linked", "It is removed"),
    Case("A26", "Pre-hijacking: a change of address that still waits", "It is void"),
    Case(
        "A27",
        "Between start and callback the intent or the user changes",
        "It stops; nothing is linked, and nobody becomes another",
    ),
    Case(
        "A28",
        "Connecting an account that is linked to another user",
        "A clear refusal, that shows nothing of the other user",
    ),
    Case(
        "A29",
        "Disconnecting the last usable way to log in, also two of them at once",
        "Refused; one of them remains",
    ),
    Case(
        "A30",
        "A registration form with fields that nobody offered: staff, uid, provider, verified, another session's",
        "They are ignored; an address that was changed is not verified",
    ),
    Case("A31", "A registration that waits, opened in another session or after 30 minutes", "Refused"),
    Case("A32", "A login of somebody who is not active", "No session, and no token is stored"),
    Case(
        "A33",
        "A hook of the site that says no",
        "No session, and no row is written; whoever has registered stays so where a receiver of Django's own signal "
        "raises afterwards",
    ),
    Case(
        "A34",
        "At least 60 hostile values of next on every route, also where ALLOWED_HOSTS lets every host in",
        "Nobody leaves the allowed hosts",
    ),
    Case("A35", "A forged Host or X-Forwarded header", "The redirect_uri is the same"),
    Case(
        "A36",
        "Framing, Referer and caches on the five pages",
        "The headers are there, also without the site's middleware",
    ),
    Case("A37", "Markup in every field of a profile and in the parameters of an error", "Escaped"),
    Case(
        "A38",
        "Eight planted secrets are looked for in logs at DEBUG, the debug page, the admin, repr, session rows and a "
        "dump of the database",
        "None is found; tokens are encrypted, and are read also after the keys were rotated",
    ),
    Case(
        "A39",
        "Metadata, keys or endpoints at a private address, DNS rebinding, a redirect to another host",
        "No request reaches that host; no secret is sent again",
    ),
    Case(
        "F01",
        "Every malformed or failing answer at every endpoint: at least 48 kinds for OAuth 2.0 and OpenID Connect, 21 "
        "for OAuth 1.0a",
        "No unhandled error, no row; a message for the visitor, a code and a cause in the log",
    ),
    Case(
        "F02",
        "A provider that is silent, that drips, redirects in a circle, or is slow three times",
        "Our answer comes within 10 s",
    ),
    Case(
        "F03",
        "A gzip bomb, a body of 20 MiB, JSON of 100 000 levels, duplicate keys",
        "Refused, for less than 16 MiB of memory",
    ),
    Case(
        "F04",
        "A provider is down, with 4 workers and 20 logins a second",
        "Other pages' 95th percentile rises by less than 10 %; refused within 50 ms; back within 30 s. Under load by "
        "OAuth 2.0; of the others the open circuit, one request at a time. Counted from the first moment on: how many "
        "workers are held, and that nobody who is refused has reached the provider. Times, which differ by more on a "
        "busy machine, are asserted of the best of three windows against the worst of six, of half the refusals in the "
        "best of three, and of all of them as time on a processor; not of the first three seconds, in which all "
        "workers may wait for two. python -m benchmarks prints the ratio of each state, the first three seconds too, "
        "and the longest refusal, and asserts nothing",
    ),
    Case(
        "F05",
        "Eight first callbacks of one person at once, 100 rounds, on PostgreSQL",
        "1 user, 1 account, 8 logins, no error",
    ),
    Case("F06", "Two users connect one account at once", "One of them gets it; no status 500"),
    Case(
        "F07",
        "The database fails at any write; the process is killed before the commit",
        "All is written, or nothing; a second try succeeds",
    ),
    Case(
        "F08",
        "20 refreshes of one rotating token at once, in 2 processes",
        "One request to the provider, 20 are served",
    ),
    Case(
        "F09",
        "The session is lost, cookies are blocked, SameSite is Strict or Lax, five tabs",
        "A page from which one can begin anew, or success; next is kept; never a status 500",
    ),
)
IDS = tuple(case.id for case in CASES)


def ids_of(name: str) -> tuple[str, ...]:
    """Return the ids in the name of a test function, none for one that belongs to no case."""
    found = _NAME.match(name)
    return tuple(found[1].upper().split("_")[1:]) if found else ()


def by_case() -> Mapping[str, list[str]]:
    """Return the names of the test functions of every case, read from the sources; an empty list for none."""
    found: dict[str, list[str]] = {case: [] for case in IDS}
    for name in _functions():
        for case in ids_of(name):
            found[case].append(name)
    return found


def _functions() -> Iterator[str]:
    for folder in FOLDERS:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name
