# SPDX-License-Identifier: GPL-2.0-or-later
"""A fast, strict view of the bytes of one SIP message, for deciding whether to let it in.

It understands just what the gate's rules ask for (RFC 3261 section 7), and where two parsers
could differ it says `MalformedError` instead of guessing.
"""

import re
from collections.abc import Sequence
from functools import cached_property

MAX_HEADER_LINES = 128
MAX_LINE_BYTES = 2048

_COMPACT = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
}

_MANDATORY = (b"via", b"from", b"to", b"call-id", b"cseq")
_SINGLE = (b"from", b"to", b"call-id", b"cseq", b"max-forwards", b"content-length", b"content-type")

_REQUEST_LINE = re.compile(rb"([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP/2\.0", re.ASCII)
_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.ASCII | re.DOTALL)
_CSEQ = re.compile(rb"([0-9]{1,10})\s+(\S+)", re.ASCII)
_FOLD = re.compile(rb"\r\n[ \t]+")
_CONTROL = re.compile(rb"(?<!\\)[\x00-\x08\x0b\x0c\x0e-\x1f]")  # quoted-pair may hold them
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TAG = re.compile(rb";\s*tag\s*=\s*[^;,\s]", re.IGNORECASE)
_WHITE = re.compile(rb"\s+")

_MAX_CSEQ = 2**31


class MalformedError(ValueError):
    """Not a message that every parser would understand alike; the text names the reason."""


class SipMessage:
    """One request or response.  Raises `MalformedError`."""

    def __init__(self, data: bytes) -> None:
        head, blank, self.body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not blank:
            raise MalformedError("truncated")
        if _CONTROL.search(head):
            raise MalformedError("control-character")
        start, lines = _lines(head)
        self.method = b""
        self.status = 0
        self.reason = b""
        self._read_start(start)
        self._headers = _headers(lines)
        self._check_headers()

    def _read_start(self, start: bytes) -> None:
        if status := _STATUS_LINE.fullmatch(start):
            self.status = int(status[1])
            self.reason = status[2] or b""
        elif request := _REQUEST_LINE.fullmatch(start):
            self.method = request[1].upper()
        else:
            raise MalformedError("start-line")

    def _check_headers(self) -> None:
        headers = self._headers
        for name in _MANDATORY:
            if name not in headers:
                raise MalformedError("missing-header")
        for name in _SINGLE:
            if len(headers.get(name, ())) > 1:
                raise MalformedError("repeated-header")
        cseq = _CSEQ.fullmatch(headers[b"cseq"][0])
        if cseq is None or int(cseq[1]) >= _MAX_CSEQ:
            raise MalformedError("cseq")
        self.cseq_method = cseq[2].upper()
        if self.method and self.method != self.cseq_method:
            raise MalformedError("cseq")

    def all(self, name: bytes) -> Sequence[bytes]:
        """Values of every header `name` (lower case, long form), unfolded and stripped."""
        return self._headers.get(name, ())

    def first(self, name: bytes) -> bytes:
        """The first such value; empty when there is none."""
        values = self._headers.get(name)
        return values[0] if values else b""

    @cached_property
    def has_to_tag(self) -> bool:
        to = _QUOTED.sub(b"", self._headers[b"to"][0])
        return _TAG.search(to, to.rfind(b">") + 1) is not None

    @cached_property
    def content_type(self) -> bytes:
        """Type and subtype in lower case, without parameters."""
        return _WHITE.sub(b"", self.first(b"content-type").partition(b";")[0]).lower()

    @cached_property
    def sdp_lines(self) -> Sequence[bytes]:
        """Lines of the session description, or of parts that may hold one."""
        kind = self.content_type
        if kind == b"application/sdp" or kind.startswith(b"multipart/"):
            return self.body.splitlines()
        return ()


def _lines(head: bytes) -> tuple[bytes, list[bytes]]:
    ends = head.count(b"\r\n")
    if head.count(b"\n") != ends or head.count(b"\r") != ends:
        raise MalformedError("line-end")
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    start, *lines = head.split(b"\r\n")
    if len(lines) > MAX_HEADER_LINES:
        raise MalformedError("too-many-headers")
    if max(map(len, lines), default=0) > MAX_LINE_BYTES:
        raise MalformedError("long-line")
    return start, lines


def _headers(lines: Sequence[bytes]) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise MalformedError("header-line")
        name = name.rstrip(b" \t").lower()
        headers.setdefault(_COMPACT.get(name, name), []).append(value.strip(b" \t"))
    return headers
