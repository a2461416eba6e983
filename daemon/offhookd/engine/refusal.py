# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's "no", and the checks that come before pjsua2, which aborts on misuse."""

import re
from collections.abc import Mapping

from .sip_headers import host_of

LONGEST_URI = 400
"""pjsip prints a URI into PJSIP_MAX_URL_SIZE = 256 + 256 bytes, with parameters of its own."""

MOST_HEADERS = 16

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,64}")
_URI_SAFE = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x7e]+")

STACK_HEADERS = frozenset(
    {
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "route",
        "record-route",
        "max-forwards",
        "content-length",
        "content-type",
        "authorization",
        "proxy-authorization",
        "allow",
        "supported",
        "require",
        "expires",
        "v",
        "f",
        "t",
        "i",
        "m",
        "l",
        "c",
        "k",
    }
)
"""Headers the stack writes itself; a second one of them makes a message that kills peers."""


class Refused(Exception):  # noqa: N818 - "raise Refused" is the sentence
    """A command was not carried out; the text is one sentence for a person.

    `code`: SIP status or pjlib status where one is behind it, else 0.
    """

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


def check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise Refused(f"{name} must be between {low:g} and {high:g}, not {value:g}.")


def check_text(name: str, text: str, longest: int) -> str:
    """`text` when it can go into a header as it is."""
    if len(text) > longest:
        raise Refused(f"{name} has {len(text)} characters; {longest} are allowed.")
    if any(not char.isprintable() for char in text):
        raise Refused(f"{name} contains a line break or another control character.")
    return text


def check_uri(name: str, uri: str) -> str:
    """`uri` when it is one SIP or SIPS URI with a host, without angle brackets or spaces."""
    if len(uri) > LONGEST_URI or not _URI_SAFE.fullmatch(uri) or not host_of(uri):
        raise Refused(f"{name} is no SIP address: {uri[:80]!r}.")
    return uri


def check_headers(headers: Mapping[str, str]) -> None:
    """Whether the `headers` of a caller of ours can go into a message."""
    if len(headers) > MOST_HEADERS:
        raise Refused(f"{len(headers)} extra headers are too many; {MOST_HEADERS} are allowed.")
    for name, value in headers.items():
        check_header(name, value)


def check_header(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name) or name.lower() in STACK_HEADERS:
        raise Refused(f"The header {name[:64]!r} cannot be set.")
    check_text(f"The header {name}", value, 1024)
