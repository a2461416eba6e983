# SPDX-License-Identifier: GPL-2.0-or-later
"""One reader for each kind of value: an `Entry` of the tree in, the checked value out."""

import re
import shlex
import socket
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import TypeVar

from offhookd.config import files, sip_uri
from offhookd.config.problems import did_you_mean, shown
from offhookd.config.schema import Secret
from offhookd.config.tree import Entry, Listing, Scalar, Table, kind
from offhookd.phone.errors import InvalidTargetError
from offhookd.phone.numbers import parse_target

MAX_TEXT_CHARS = 255
MAX_LIST_ITEMS = 32

# As the engine names them.  One it was built without is passed over, not refused: the same file
# serves machines with different engines.
CODECS = (
    "G722",
    "PCMA",
    "PCMU",
    "GSM",
    "iLBC",
    "speex",
    "speex/8000",
    "speex/16000",
    "speex/32000",
    "opus",
    "L16",
    "G7221",
    "G729",
    "AMR",
    "AMR-WB",
)

CALL_FACTS = frozenset({"id", "direction", "account", "name", "number"})
"""What the name of a recording may have in braces."""

_YES = frozenset({"true", "yes", "on"})
_NO = frozenset({"false", "no", "off"})
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_COUNTRY = re.compile(r"[a-z]{2}")

# A word that only a shell would understand.
_SHELL = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1", "2>/dev/null"})

E_ = TypeVar("E_", bound=StrEnum)
T = TypeVar("T")

Reader = Callable[[Entry], T]


class UnfitError(Exception):
    """The value is not what the key takes; the text is the reason."""


def _scalar(entry: Entry, wanted: str) -> Scalar:
    node = entry.node
    if not isinstance(node, Scalar):
        raise UnfitError(f"must be {wanted}, not {kind(node)}")
    if node.empty:
        raise UnfitError(f"has no value; write {wanted} or remove the line")
    return node


def unread(entry: Entry) -> Entry:
    """A table of its own, for a reader that can tell of more than one mistake."""
    return entry


def text(entry: Entry) -> str:
    """One line as it was written, quoted or not."""
    found = _scalar(entry, "text").text
    if len(found) > MAX_TEXT_CHARS:
        raise UnfitError(f"is longer than {MAX_TEXT_CHARS} characters")
    if not found.isprintable():
        raise UnfitError("must be one line without control characters")
    if not found.strip():
        raise UnfitError("has no value; write text or remove the line")
    return found


def secret(entry: Entry) -> Secret:
    return Secret(text(entry))


def number(low: int, high: int) -> Reader[int]:
    def read(entry: Entry) -> int:
        wanted = f"a number from {low} to {high}"
        node = _scalar(entry, wanted)
        if node.quoted:
            raise UnfitError(f"must be {wanted}, without quotes")
        if not _NUMBER.fullmatch(node.text) or not low <= int(node.text) <= high:
            raise UnfitError(f"must be {wanted}, not {shown(node.text)}")
        return int(node.text)

    return read


def flag(entry: Entry) -> bool:
    node = _scalar(entry, "true or false")
    word = node.text.lower()
    if node.quoted or word not in _YES | _NO:
        raise UnfitError(f"must be true or false, not {kind(node)}")
    return word in _YES


def choice(vocabulary: type[E_], *, yes: E_ | None = None, no: E_ | None = None) -> Reader[E_]:
    """A word of `vocabulary`.  `yes` and `no`: what to propose to who wrote a boolean."""

    def read(entry: Entry) -> E_:
        words = ", ".join(vocabulary)
        word = _scalar(entry, f"one of {words}").text
        try:
            return vocabulary(word.lower())
        except ValueError:
            pass
        meant = yes if word.lower() in _YES else no if word.lower() in _NO else None
        hint = f" (did you mean {meant}?)" if meant else did_you_mean(word, vocabulary)
        raise UnfitError(f"must be one of {words}, not {shown(word)}{hint}")

    return read


def listing(entry: Entry, most: int = MAX_LIST_ITEMS) -> tuple[str, ...]:
    """A list of different texts; a single text is a list of one."""
    if isinstance(entry.node, Scalar):
        return (text(entry),)
    if not isinstance(entry.node, Listing) or not entry.node.items:
        raise UnfitError(f"must be a list such as [first, second], not {_or_empty(entry)}")
    if len(entry.node.items) > most:
        raise UnfitError(f"has more than {most} items")
    found = tuple(text(Entry(entry.file, entry.line, item)) for item in entry.node.items)
    for index, name in enumerate(found):
        if name in found[:index]:
            raise UnfitError(f"names {shown(name)} twice")
    return found


def _or_empty(entry: Entry) -> str:
    return "an empty one" if isinstance(entry.node, Listing) else kind(entry.node)


def codecs(entry: Entry) -> tuple[str, ...]:
    """Codec names in the engine's spelling, best first."""
    known = {name.lower(): name for name in CODECS}
    names = listing(entry)
    for name in names:
        if name.lower() not in known:
            hint = did_you_mean(name, CODECS) or f"; known are {', '.join(CODECS)}"
            raise UnfitError(f"{shown(name)} is no codec{hint}")
    found = tuple(known[name.lower()] for name in names)
    if len(set(found)) < len(found):
        raise UnfitError("names a codec twice")
    return found


def country(entry: Entry) -> str:
    found = text(entry).lower()
    if not _COUNTRY.fullmatch(found):
        raise UnfitError(f"must be a country of two letters such as de or us, not {shown(found)}")
    return found


def speed_dials(entry: Entry) -> Mapping[str, str]:
    """Labels of speed-dial keys, and what they dial."""
    if not isinstance(entry.node, Table):
        raise UnfitError(f"must be a table such as 1: sip:ada@example.com, not {kind(entry.node)}")
    found = {}
    for label, inner in entry.node.entries.items():
        if label not in _SPEED_DIALS:
            raise UnfitError(f"knows the keys 1 to 9 and voice-mail, not {shown(label)}")
        found[label] = text(inner)
    return MappingProxyType(found)


def address(entry: Entry) -> str:
    """An address of this machine."""
    found = text(entry)
    if not sip_uri.is_address(found, socket.AF_INET):
        raise UnfitError(f"must be an IPv4 address such as 0.0.0.0, not {shown(found)}")
    return found


def file(entry: Entry) -> Path:
    """A file that can be read; relative paths start where the configuration file is."""
    found, _ = _file(entry)
    return found


def private_file(entry: Entry) -> Path:
    """The same for a file that holds a secret."""
    found, mode = _file(entry)
    if exposed := files.exposure(mode):
        raise UnfitError(f"{found}: {exposed}")
    return found


def _file(entry: Entry) -> tuple[Path, int]:
    written = text(entry)
    try:
        found = entry.file.path.parent.absolute() / Path(written).expanduser()
    except RuntimeError:
        raise UnfitError("begins with the home of a user who is not known") from None
    try:
        return found, files.check(found)
    except files.UnreadableError as error:
        raise UnfitError(f"{found} {error}") from None


def path(entry: Entry) -> Path:
    """A place that need not exist; relative ones start where the configuration file is."""
    try:
        return entry.file.path.parent.absolute() / Path(text(entry)).expanduser()
    except RuntimeError:
        raise UnfitError("begins with the home of a user who is not known") from None


def file_template(entry: Entry) -> str:
    """A path below a directory, with facts of a call in braces."""
    found = text(entry)
    try:
        names = {part[1] for part in Formatter().parse(found) if part[1] is not None}
    except ValueError as error:
        raise UnfitError(f"is no template: {error}") from None
    if odd := names - CALL_FACTS:
        raise UnfitError(f"has {{{min(odd)}}}; known are {', '.join(sorted(CALL_FACTS))}")
    if found.startswith("/") or ".." in found.split("/"):
        raise UnfitError("must stay in its directory")
    return found


def command(entry: Entry) -> tuple[str, ...]:
    """A program and its arguments, split as a shell would, though none will run it."""
    try:
        words = shlex.split(text(entry))
    except ValueError as error:
        raise UnfitError(f"cannot be split into words: {str(error).lower()}") from None
    if not words:
        raise UnfitError("names no program")
    if operators := _SHELL.intersection(words):
        found = min(operators)
        raise UnfitError(f"is run without a shell, where {found} means nothing; use sh -c '...'")
    return tuple(words)


def aor(entry: Entry) -> sip_uri.SipUri:
    """The account's own address: a user at a host."""
    found = _uri(entry, "sip:1001@pbx.example.com")
    if not found.user:
        raise UnfitError("has no user; write it as sip:1001@pbx.example.com")
    if found.params:
        raise UnfitError(f"must end before the semicolon{_instead(found)}")
    return found


def target(entry: Entry) -> str:
    """A number or address to call, as a person would dial it."""
    found = text(entry)
    try:
        parse_target(found, "localhost")
    except InvalidTargetError as error:
        raise UnfitError(f"cannot be called: {str(error).rstrip('.')}") from None
    return found


def registrar(entry: Entry) -> str:
    """A server's URI, or "" for ``none``."""
    node = entry.node
    if isinstance(node, Scalar) and node.text.lower() in _NO | {"none"}:
        return ""
    found = _server(entry)
    if found.params:
        raise UnfitError(f"must end before the semicolon{_instead(found)}")
    return str(found)


def proxy(entry: Entry) -> str:
    """A server's URI, always with ``lr``: strict routing (RFC 2543) died out long ago."""
    found = _server(entry)
    if any(param.lower() != "lr" for param in found.params):
        raise UnfitError(f"takes no parameter but ;lr{_instead(found)}")
    return f"{found.scheme}:{found.server};lr"


def server(scheme: str) -> Reader[str]:
    """ "host" or "host:port", "" for ``none``; `scheme` may stand before it."""

    def read(entry: Entry) -> str:
        written = text(entry)
        if written.lower() in _NO | {"none"}:
            return ""
        try:
            found = sip_uri.parse(f"sip:{written.lower().removeprefix(f'{scheme}:')}")
        except ValueError as error:
            reason = str(error).replace("a bare SIP URI", "a name").replace("a SIP URI", "a server")
            like = f"{scheme}.example.com or 192.0.2.1:3478"
            raise UnfitError(f"{reason}; write it as {like}") from None
        if found.user or found.params:
            raise UnfitError(f"must name a server only (did you mean {found.server}?)")
        return found.server

    return read


def _server(entry: Entry) -> sip_uri.SipUri:
    found = _uri(entry, "sip:pbx.example.com")
    if found.user:
        raise UnfitError(f"must name a server only (did you mean {found.scheme}:{found.server}?)")
    return found


def _uri(entry: Entry, example: str) -> sip_uri.SipUri:
    written = text(entry)
    try:
        return sip_uri.parse(written)
    except ValueError as error:
        raise UnfitError(f"{error}{_with_scheme(written, example)}") from None


def _with_scheme(written: str, example: str) -> str:
    """The commonest slip: the address without ``sip:``."""
    if written.lower().startswith(("sip:", "sips:")):
        return f"; write it as {example}"
    try:
        return f" (did you mean {sip_uri.parse(f'sip:{written}')}?)"
    except ValueError:
        return ""


def _instead(found: sip_uri.SipUri) -> str:
    """A parameter that has a key of its own here."""
    for param in found.params:
        name, _, value = param.lower().partition("=")
        if name == "transport" and value in ("udp", "tcp", "tls"):
            return f"; write transport: {value} as a key of its own"
    return ""


_SPEED_DIALS = frozenset({*"123456789", "voice-mail"})

SectionReaders = Mapping[str, Reader[object]]
