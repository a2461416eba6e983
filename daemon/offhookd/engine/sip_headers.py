# SPDX-License-Identifier: GPL-2.0-or-later
"""The few headers we read out of a raw SIP message ourselves (RFC 3261), and text hygiene.

Nothing here trusts its input: a value that does not fit is "", never an exception.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

TEXT_CHARS = 256
"""Longest text from the network that leaves the engine; longer ones are cut."""

URI_CHARS = 512

MOST_DIVERSIONS = 10
"""A call that was sent on more often than this goes in circles, however often it was."""

MAX_FORWARDS = 70
"""What a request starts with (RFC 3261, 8.1.1.6)."""

_LONG = {
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "v": "via",
    "c": "content-type",
    "l": "content-length",
}
"""Names by their compact forms."""
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_WRITTEN = "\n\t\u200c\u200d"
_WRITING = re.compile(f"([{_WRITTEN}])")
_NAME_ADDR = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^<>]*)>')
_QUOTED_PAIR = re.compile(r"\\(.)")
_REALM = re.compile(r'[\s,]realm\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_HOST = re.compile(
    r"^sips?:(?:[^@<>]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(?=[;?]|$)",
    re.IGNORECASE,
)
_USER = re.compile(r"^sips?:([^@:;<>]*)(?::[^@]*)?@", re.IGNORECASE)
_STATUS_LINE = re.compile(r"^SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ENTRY = re.compile(r"<([^<>]*)>([^,<]*)")
_LEFT = re.compile(r"[?&]Reason=|;\s*cause=", re.IGNORECASE)


def clean(text: str, limit: int = TEXT_CHARS) -> str:
    """`text` without control, format and bidirectional characters, valid UTF-8, at most `limit`.

    SWIG hands over bytes that are not UTF-8 as surrogates; those become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text[:limit]
    whole = text[: 4 * limit].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    kept = (char for char in whole if unicodedata.category(char) not in _UNPRINTABLE)
    return "".join(kept)[:limit]


def clean_lines(text: str, limit: int) -> str:
    """`text` cleaned likewise, but with its line breaks and tabs, and with the joiners (U+200C,
    U+200D) that emoji and Persian are written with."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        part if part in _WRITTEN else clean(part, limit) for part in _WRITING.split(whole)
    )[:limit]


class Headers:
    """The header part of one message."""

    def __init__(self, message: str) -> None:
        head = message.replace("\r\n", "\n").partition("\n\n")[0]
        unfolded = re.sub(r"\n[ \t]+", " ", head)
        self.start_line, _, rest = unfolded.partition("\n")
        self._values: dict[str, list[str]] = {}
        for line in rest.split("\n"):
            key, _, value = line.partition(":")
            name = key.strip().lower()
            self._values.setdefault(_LONG.get(name, name), []).append(value.strip())

    def all(self, name: str) -> Sequence[str]:
        """Every value of the header, in order; the compact form counts too."""
        return self._values.get(name.lower(), ())

    def first(self, name: str) -> str:
        values = self.all(name)
        return values[0] if values else ""

    def text(self, name: str) -> str:
        """The first value, cleaned."""
        return clean(self.first(name))

    def joined(self, name: str) -> str:
        """All values, as one list (RFC 3261, 7.3.1), cleaned."""
        return clean(", ".join(self.all(name)))

    def status(self) -> tuple[int, str]:
        """Code and reason phrase of a response, cleaned; (0, "") of anything else."""
        match = _STATUS_LINE.match(self.start_line)
        return (int(match[1]), clean((match[2] or "").strip())) if match else (0, "")

    def direct_peer(self) -> str:
        """Host that this dialog's other messages come from, "" when proxies stay in the path."""
        if self.first("Record-Route"):
            return ""
        return host_of(self.name_addr("Contact")[1])

    @property
    def has_sdp(self) -> bool:
        """Whether the body is one session description and nothing else, without a doubt."""
        kind = self.first("Content-Type").partition(";")[0].strip().lower()
        return kind == "application/sdp" and self.seconds("Content-Length") > 0

    def seconds(self, name: str) -> int:
        """A header of whole seconds such as Retry-After; 0 when it is none."""
        number = re.match(r"[0-9]{1,9}", self.first(name))
        return int(number.group()) if number else 0

    def name_addr(self, name: str) -> tuple[str, str]:
        """(display name, URI) of the first value, cleaned; ("", "") without one."""
        return name_addr(self.first(name))

    def realms(self) -> list[str]:
        """Realms of the digest challenges in a 401 or 407 (RFC 3261, 22.1), escapes and all: as the
        stack compares and hashes them."""
        values = (*self.all("WWW-Authenticate"), *self.all("Proxy-Authenticate"))
        found = (_REALM.search(value) for value in values if value[:7].lower() == "digest ")
        return [match.group(1) for match in found if match]


@lru_cache(maxsize=1)  # asked about every INVITE three times
def headers_of(message: str) -> Headers:
    return Headers(message)


def name_addr(value: str) -> tuple[str, str]:
    """Parts of a ``name-addr`` or ``addr-spec`` (RFC 3261, 20.10), cleaned."""
    match = _NAME_ADDR.match(value)
    if match is None:
        return "", clean(re.split(r"[;,\s]", value.strip(), maxsplit=1)[0], URI_CHARS)
    quoted, token, uri = match.groups()
    name = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else token
    return clean(name.strip()), clean(uri.strip(), URI_CHARS)


def diversions(headers: Headers) -> tuple[str, ...]:
    """URIs of those who sent the call on, the latest first: Diversion (RFC 5806), else the
    entries of History-Info (RFC 7044) that were left for a reason."""
    found = _entries(headers.all("Diversion"))
    if not found:
        history = reversed(_entries(headers.all("History-Info")))
        found = [entry for entry in history if any(map(_LEFT.search, entry))]
    uris = [clean(uri.partition("?")[0].strip(), URI_CHARS) for uri, _ in found]
    return tuple(filter(None, uris))[:MOST_DIVERSIONS]


def max_forwards(headers: Headers) -> int:
    """How many servers more a request may pass (RFC 3261, 20.22)."""
    found = re.fullmatch(r"[0-9]{1,3}", headers.first("Max-Forwards"))
    return min(int(found.group()), MAX_FORWARDS) if found else MAX_FORWARDS


def _entries(values: Sequence[str]) -> list[tuple[str, str]]:
    """(URI, parameters) of every ``<...>`` in a header that may hold a list."""
    plain = (_QUOTED.sub("", value) for value in values)
    return [(one[1], one[2]) for value in plain for one in _ENTRY.finditer(value)]


def host_of(uri: str) -> str:
    """Host of a SIP URI in lower case, without its port; "" when it is no SIP URI."""
    match = _HOST.match(uri.strip().strip("<>"))
    return match.group(1).lower().strip("[]") if match else ""


def user_of(uri: str) -> str:
    """User part of a SIP URI, without a password; "" when it has none."""
    match = _USER.match(uri.strip().strip("<>"))
    return match.group(1) if match else ""
