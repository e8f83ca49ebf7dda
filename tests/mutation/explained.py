"""The mutants that no test notices, and why none does."""

from __future__ import annotations

_LIMIT = "A pause before a GET is repeated, or how many connections are kept: nothing else comes of it."
_SAME = "urllib3 does the same if it is not told."
_HEADERS = "The headers that requests would add are those that ours replace."
_SETDEFAULT = "`setdefault` keeps the first one anyway; the condition spares making a second."
_TLS = "Python's own context has the same minimum; ours does not depend on that."
_SOCKETS = "`sockets` sets a time for every operation itself, which the tests of slow peers hold."
_COLLECTED = "CPython closes an answer as soon as nobody holds it; other interpreters do that when they come to it."
_LOGGED = "The milliseconds in a line of the log."
_REQUESTS = (
    "requests does the same of itself, or is kept from the opposite by `_Session`: no environment, no redirect target."
)
_SELF = "The key of the row, written onto itself."
_OPENED = "Without a refresh token there is none to keep; the condition spares opening the credentials."
_GIVEN = "Whoever begins an attempt gives every field, and `keep()` writes when it began."
_OLDEST = "One second after 1970 is as old as 1970."
_CAUGHT = "`Attempt(**None)` is the TypeError that is caught below; the type checker wants it said."
_ONE_MORE = "One byte more than allowed is enough to tell; three are as well."
_ORDER = "The mappings have no key in common: neither wins."
_ONE_DATABASE = "The tests have one database."
_ANY = "What is stored is not looked at; that it is there is the claim."
_TYPE = "Only a text can equal a text, so the comparison that follows refuses the rest; the type checker wants it said."
_KEYS_OWN = "PyJWT takes the key's own algorithm then, and the key is made for this very one."
_ASKED = "Without an address of UserInfo nothing is asked anyway; it spares looking for one."
_DISCOVERED = "Without metadata the address is that of the settings, which `super().serves()` knows."
_ALIAS = "The name of a type, which nothing looks at when the site runs."
_LEAST = "What was not counted stays under every limit, the least of which is one."
_NOTHING = "Without it the steps that follow come to the same, for an empty text has neither a path nor a name in it."
_TWICE = "This site's own guard and Django's say the same: either is enough, and with both left out tests fail."
_LOADED = "`load()` says so as well; it spares opening what is not there."
_NAMED = "What a variable is called where somebody debugs."
_ARGS = "CPython fills `args` before `__init__` runs; it is written for whoever reads it."
_PREFIX = "The bits above are the prefix, which was compared already, and of those the lowest is 0."
_CODEC = "Python reads the name of a codec without its punctuation."
_CASCADE = "Who is gone has no accounts either; the type checker wants it said."
_NONE = "Of no accounts nobody is asked in any case; it spares looking for who could be."
_REDUCED = "Of metadata nothing is kept but addresses: what is there is a text, and not an empty one."
_BASIC = "Whatever is not `client_secret_post` comes to `client_secret_basic`."
_AGELESS = "Where there is no copy nobody looks at its age."
_LAST = "The second try is the last one, by whichever number below two it goes."
_ON = "Anything but 0 switches it on."
_MAPPED = "Up to Python 3.12 such an address is no loopback anyway; on 3.13 the tests notice."
_CHECKER = "What is imported there is the name of a type; how long it takes, another test holds (`test_setup_budget`)."
_SALTLESS = "cryptography has no salt if it is told of none."
_RING = "The places are a ring, and which way round they are tried is all the same."
_NEVER = "Fernet seals whole blocks of sixteen bytes: nothing sealed has this very length."
_ENTRY = "What an entry of the cache is called, which one line says for whoever writes it and whoever reads it."
_LOOKS = "Between two looks at the row: whoever waits hears of it that much later, and gives up no later."
_DECORATED = "As a decorator it is asked what it makes of a request, and never calls what comes behind it."
_BEGUN = "A request that ends has begun, and how the provider is was asked before; the type checker wants it said."
#: By room, function and change.
EXPLAINED: dict[tuple[str, str, str], str] = {
    ("attempt", "Attempt", "0 -> 1"): _GIVEN,
    ("attempt", "Attempt", "False -> True (4)"): _GIVEN,
    ("attempt", "_started", "0 -> 1"): _OLDEST,
    ("attempt", "_open", "if data is None -> if False"): _CAUGHT,
    ("claims", "claim", "1 -> 3"): _ANY,
    ("claims", "claim", "1 -> 3 (2)"): _ANY,
    ("http", "(module)", "0.15 -> 1.3"): _LIMIT,
    ("http", "(module)", "32 -> 65"): _LIMIT,
    ("http", "(module)", "64 -> 129"): _LIMIT,
    ("http", "Client._send", "0 -> 1"): _LIMIT,
    ("http", "Client._send", "time.sleep(allow(random.uniform(0, JITTER_SECOND... -> (left out)"): _LIMIT,
    ("http", "_Session.__init__", "self.headers.clear() -> (left out)"): _HEADERS,
    ("http", "Client._session", "if process not in self._sessions -> if True"): _SETDEFAULT,
    ("http", "_Adapter.__init__", "PoolManager(...) without num_pools=HOSTS"): _LIMIT,
    ("http", "_Adapter.__init__", "PoolManager(...) without block=False"): _SAME,
    ("http", "_tls_context", "context.minimum_version = ssl.TLSVersion.TLSv1_2 -> (left out)"): _TLS,
    ("http", "_exchange", "session.send(...) without verify=True"): _REQUESTS,
    ("http", "_exchange", "session.send(...) without proxies={}"): _REQUESTS,
    ("http", "_exchange", "session.send(...) without allow_redirects=False"): _REQUESTS,
    ("http", "_exchange", "session.send(...) without timeout=(CONNECT_SECONDS, READ_SECONDS)"): _SOCKETS,
    ("http", "_exchange", "False -> True"): _REQUESTS,
    ("http", "_exchange", "finally: response.close() -> finally: pass"): _COLLECTED,
    ("http", "_exchange", "response.close() -> (left out)"): _COLLECTED,
    ("http", "_exchange", "(time.monotonic() - began) * 1000 -> time.monotonic() - began"): _LOGGED,
    ("http", "_exchange", "1000 -> 2001"): _LOGGED,
    ("bodies", "decompress", "1 -> 3"): _ONE_MORE,
    ("oidc", "OIDCProvider.fetch_profile", "without self.may_ask_userinfo"): _ASKED,
    ("oidc", "OIDCProvider.serves", "without self.is_discovered"): _DISCOVERED,
    ("id_token", "_check_parties", "without not isinstance(issuer, str)"): _TYPE,
    ("jws", "_payload", "_JWS.decode_complete(...) without algorithms=[algorithm]"): _KEYS_OWN,
    ("jws", "_header", "without not isinstance(algorithm, str)"): _TYPE,
    ("oauth1_client", "OAuth1Client.sign", "{**headers, 'Authorization': authorization} the other way round"): _ORDER,
    (
        "oauth1_client",
        "OAuth1Client.prepare",
        "{**headers, 'Authorization': authorization} the other way round",
    ): _ORDER,
    ("accounts", "register", "transaction.atomic(...) without using=database()"): _ONE_DATABASE,
    ("accounts", "register", "{**facts, 'email_verified': _is_verified(user, a... the other way round"): _ORDER,
    ("accounts", "connect", "transaction.atomic(...) without using=database()"): _ONE_DATABASE,
    ("accounts", "_connect", "transaction.atomic(...) without using=database()"): _ONE_DATABASE,
    ("accounts", "_connect", "{**facts, 'owner': None, 'field': None} the other way round"): _ORDER,
    ("account_rows", "(module)", "'id' -> 'id~'"): _SELF,
    ("account_rows", "_with_refresh_token", "without account.refreshable"): _OPENED,
    ("tokens", "_scope", "without not granted"): _NOTHING,
    ("addresses", "is_public", "4294967295 -> 8589934591"): _PREFIX,
    ("addresses", "Gate.addresses", "'ipv4_mapped' -> 'ipv4_mapped~'"): _MAPPED,
    ("addresses", "Gate.addresses", "without not mapped"): _MAPPED,
    ("addresses", "_dial", "1 -> 3"): _ON,
    ("deadlines", "(module)", "'socialreg_deadline' -> 'socialreg_deadline~'"): _NAMED,
    ("deadlines", "Fault.__init__", "super().__init__(code, cause) -> (left out)"): _ARGS,
    ("redirects", "safe_next", "without not candidate"): _NOTHING,
    ("redirects", "safe_next", "without rest[:1] in {'', '/', '?', '#'}"): _TWICE,
    ("redirects", "safe_next", "'https:' -> 'https:~'"): _TWICE,
    ("redirects", "safe_next", "candidate if allowed else '' -> candidate if True else ''"): _TWICE,
    ("decision", "(module)", "LogIn | Register -> LogIn"): _ALIAS,
    ("decision", "(module)", "LogIn | Register | Connect -> LogIn | Register"): _ALIAS,
    ("decision", "(module)", "LogIn | Register | Connect | ProveOwnership -> LogIn | Register | Connect"): _ALIAS,
    ("decision", "(module)", "ProveOwnership | Attach -> ProveOwnership"): _ALIAS,
    ("decision", "(module)", "Attach | Prefill -> Attach"): _ALIAS,
    ("decision", "(module)", "Prefill | Refuse -> Prefill"): _ALIAS,
    ("pending", "is_proof", "if not waits(request) -> if False"): _LOADED,
    ("throttling", "_wait", "0 -> 1"): _LEAST,
    ("token_endpoint", "TokenEndpoint._post", "'ascii' -> 'ascii~'"): _CODEC,
    ("disconnecting", "disconnect", "transaction.atomic(...) without using=database()"): _ONE_DATABASE,
    ("disconnecting", "disconnect", "without owner is None"): _CASCADE,
    ("disconnecting", "take", "rows else set() -> True else set()"): _NONE,
    ("disconnecting", "remove", "transaction.atomic(...) without using=database()"): _ONE_DATABASE,
    ("discovery", "DiscoveredProvider.auth_method", "'client_secret_basic' -> 'client_secret_basic~'"): _BASIC,
    ("discovery", "DiscoveredProvider._named", "without not isinstance(address, str)"): _REDUCED,
    ("discovery", "DiscoveredProvider._named", "without not address"): _REDUCED,
    ("metadata", "Metadata._kept", "0 -> 1"): _AGELESS,
    ("metadata", "Metadata._fetch", "1 -> 3 (2)"): _LAST,
    ("bulkheads", "_free", "first + number -> first - number"): _RING,
    ("bulkheads", "_free", "1 -> 3 (2)"): _ANY,
    ("ciphers", "_hkdf", "HKDF(...) without salt=None"): _SALTLESS,
    ("encryption", "(module)", "if TYPE_CHECKING -> if False"): _CHECKER,
    ("encryption", "(module)", "if TYPE_CHECKING -> if True"): _CHECKER,
    ("encryption", "(module)", "'attempt' -> 'attempt~'"): _ALIAS,
    ("encryption", "(module)", "'answer' -> 'answer~'"): _ALIAS,
    ("encryption", "(module)", "'pending' -> 'pending~'"): _ALIAS,
    ("encryption", "(module)", "'credentials' -> 'credentials~'"): _ALIAS,
    ("encryption", "(module)", "'kept' -> 'kept~'"): _ALIAS,
    ("encryption", "(module)", "'held' -> 'held~'"): _ALIAS,
    ("encryption", "(module)", "'prefill' -> 'prefill~'"): _ALIAS,
    ("encryption", "(module)", "'changes' -> 'changes~'"): _ALIAS,
    ("encryption", "seal", "'ascii' -> 'ascii~'"): _CODEC,
    ("encryption", "seal", "'ascii' -> 'ascii~' (2)"): _CODEC,
    ("encryption", "unseal", "'ascii' -> 'ascii~'"): _CODEC,
    ("encryption", "reseal", "'ascii' -> 'ascii~'"): _CODEC,
    ("encryption", "reseal", "'ascii' -> 'ascii~' (2)"): _CODEC,
    ("encryption", "_derived", "'ascii' -> 'ascii~'"): _CODEC,
    ("posted", "_sealed", "len(sealed) > MOST_BYTES -> len(sealed) >= MOST_BYTES"): _NEVER,
    ("circuits", "_Passage.end", "without self._health is not None"): _BEGUN,
    ("breakers", "Breakers.__init__", "'ailing' -> 'ailing~'"): _ENTRY,
    ("breakers", "Breakers.__init__", "'shut' -> 'shut~'"): _ENTRY,
    ("breakers", "Breakers.claim_probe", "1 -> 3"): _ANY,
    ("breakers", "Breakers.note_slow", "1 -> 3"): _ANY,
    ("breakers", "Breakers.note_failure", "1 -> 3"): _ANY,
    ("breakers", "Breakers.note_failure", "1 -> 3 (2)"): _ANY,
    ("breakers", "Breakers.shut", "1 -> 3"): _ANY,
    ("breakers", "Breakers.shut", "1 -> 3 (2)"): _ANY,
    ("breakers", "Breakers._open", "1 -> 3"): _ANY,
    ("breakers", "Breakers._open", "1 -> 3 (2)"): _ANY,
    ("pages", "(module)", "'P' -> 'P~'"): _NAMED,
    ("pages", "_CsrfCheck.__init__", "super().__init__(get_response) -> (left out)"): _DECORATED,
    ("pages", "_outside_transactions", "transaction.non_atomic_requests(...) without using=alias"): _ONE_DATABASE,
}
