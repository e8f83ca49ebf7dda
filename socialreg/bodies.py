"""The body of an answer: read and decompressed, and never larger than anybody needs."""

from __future__ import annotations

import zlib

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from .deadlines import Fault
from .sockets import BODY_BYTES

#: RFC 1950 and RFC 1952, as the window sizes of zlib.
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def read(raw: BaseHTTPResponse) -> bytes:
    """Return a body as it was sent, compressed perhaps.

    :raises Fault: it is larger than allowed, or broke off.
    """
    body = bytearray()
    try:
        for piece in raw.stream(decode_content=False):
            body += piece
            if len(body) > BODY_BYTES:
                raise Fault("too-large", "the body is larger than allowed")
    except (HTTPError, ValueError) as error:  # ValueError: a chunk of negative size
        raise Fault("truncated", f"the body broke off ({type(error).__name__})") from None
    return bytes(body)


def decompress(body: bytes, coding: str) -> bytes:
    """Return a whole body as it was before it was compressed.

    :param coding: the ``Content-Encoding`` that it came with, in lower case; ``""`` for none.
    :raises Fault: it is larger than allowed then, damaged, not whole, or coded in another way.
    """
    # Not left to urllib3, which takes a stream that was cut off, or is followed by something else, for a whole one:
    # a token cut short is worse than none.
    if not body or coding in {"", "identity"}:
        return body
    if coding not in _WINDOWS:
        raise Fault("encoding", "the body is encoded in a way that was not asked for")
    inflater = zlib.decompressobj(_WINDOWS[coding])
    try:
        result = inflater.decompress(body, BODY_BYTES + 1)
    except zlib.error:
        raise Fault("encoding", "the compressed body is damaged") from None
    if len(result) > BODY_BYTES:
        raise Fault("too-large", "the body is larger than allowed once decompressed")
    if not inflater.eof or inflater.unused_data:
        raise Fault("encoding", "the compressed body is not whole")
    return result
