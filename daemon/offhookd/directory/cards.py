# SPDX-License-Identifier: GPL-2.0-or-later
"""vCards (RFC 6350, and the older 2.1 and 3.0) to contacts.

Each card is read by itself, so that a broken one does not take its neighbours along.
"""

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import vobject

from offhookd.phone.contacts import Contact

from .errors import SourceError
from .photos import keep

MOST_CARD_BYTES = 4_000_000
"""With a photo in it; a longer card is a mistake or an attack."""
MOST_CARD_LINES = 5_000
LONGEST_LINE = 16_384
"""Unfolded, and without a photo: the parser takes minutes for 100,000 lines or fields."""
MOST_URIS = 32
LONGEST_TEXT = 1_000

KINDS = ("cell", "work", "home", "main", "pager", "other")
"""TYPE parameters that are shown; of several the first of these."""
NOT_DIALLED = frozenset({"fax", "pager", "textphone", "modem", "bbs"})

_FOLD = re.compile(r"\r?\n[ \t]")
_UNFOLDED = re.compile(r"(?<!=)(?<!=\r)\r?\n[ \t]")
"""Not behind the soft line break of quoted-printable, where the space belongs to the text."""
_PHOTO = re.compile(r"(?:[a-z0-9-]{1,64}\.)?PHOTO[;:]", re.IGNORECASE)
_PREFERENCE = re.compile(r"[0-9]{1,3}")
_DATA_URI = re.compile(r"(?im)^PHOTO[^:\r\n]*:data:[a-z/]+;base64,([a-z0-9+/=]+)[ \t]*\r?$")
_EDGE = re.compile(r"^(BEGIN|END):VCARD[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

# It would write lines of people's cards into the journal.
logging.getLogger("vobject.base").disabled = True


def read_cards(text: str, source: str, photos: Path) -> tuple[list[Contact], int]:
    """The contacts in `text` that have something to dial, and how many cards were unreadable.
    Photos that are within the cards are stored in the directory `photos`."""
    contacts: dict[str, Contact] = {}
    unreadable = 0
    for card in _cards_in(text):
        try:
            contact = read_card(card, source, photos)
        except SourceError:
            unreadable += 1
            continue
        if contact is not None:
            contacts[contact.id] = contact
    return list(contacts.values()), unreadable


def read_card(card: str, source: str, photos: Path, card_id: str = "") -> Contact | None:
    """The contact in one card, None when there is nothing to dial; `SourceError` when it cannot
    be read.  `card_id`: what the server calls it, else its UID, else a digest of it."""
    if len(card) > MOST_CARD_BYTES:
        raise SourceError(f"a card is longer than {MOST_CARD_BYTES} bytes")
    try:
        parsed = vobject.readOne(_unfolded(card), ignoreUnreadable=True, allowQP=True)
        uris = tuple(dict.fromkeys(_uris(parsed)))[:MOST_URIS]
        if not uris:
            return None
        return Contact(
            card_id or _text(parsed, "uid") or hashlib.sha256(card.encode()).hexdigest(),
            source,
            _name(parsed) or uris[0][1],
            _organization(parsed),
            _text(parsed, "note"),
            _text(parsed, "url"),
            _photo(parsed, card, photos),
            uris,
        )
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - the parser raises what it likes on bad input
        raise SourceError(f"a card cannot be read: {error}") from None


def _unfolded(card: str) -> str:
    """What the parser reads soon: no folded line, which it looks at anew with each fold, few lines
    and none that is overlong."""
    lines = [one for one in _UNFOLDED.sub("", card).split("\n") if one.strip()]
    if len(lines) > MOST_CARD_LINES:
        raise SourceError(f"a card has more than {MOST_CARD_LINES} lines")
    return "\n".join(one for one in lines if len(one) <= LONGEST_LINE or _PHOTO.match(one))


def _cards_in(text: str) -> Iterator[str]:
    """From each beginning, or the first of several, to the next end."""
    begin: int | None = None
    for edge in _EDGE.finditer(text):
        if edge[1].upper() == "BEGIN":
            begin = edge.start() if begin is None else begin
        elif begin is not None:
            yield text[begin : edge.end()].strip()
            begin = None


def _text(card: Any, name: str) -> str:
    """The first value of a property as one clean line, "" when it is missing."""
    for line in card.contents.get(name, ()):
        if isinstance(line.value, str) and (found := _clean(line.value)):
            return found
    return ""


def _clean(text: str) -> str:
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:LONGEST_TEXT]


def _name(card: Any) -> str:
    if found := _text(card, "fn"):
        return found
    for line in card.contents.get("n", ()):
        if found := _clean(f"{line.value.given} {line.value.family}"):
            return found
    return _text(card, "nickname") or _organization(card)


def _organization(card: Any) -> str:
    for line in card.contents.get("org", ()):
        parts = line.value if isinstance(line.value, list) else [line.value]
        if found := ", ".join(filter(None, map(_clean, parts))):
            return found
    return ""


def _uris(card: Any) -> Iterator[tuple[str, str]]:
    """Numbers and SIP addresses, preferred ones first."""
    lines = [*card.contents.get("tel", ()), *card.contents.get("impp", ())]
    lines += card.contents.get("x-sip", ())
    for line in sorted(lines, key=_preference):
        types = {one.lower() for one in _types(line)}
        uri = _dialled(line.name, line.value)
        if uri and not types & NOT_DIALLED:
            kind = next((kind for kind in KINDS if kind in types), "other")
            yield ("sip" if uri.startswith(("sip:", "sips:")) else kind, uri)


def _dialled(name: str, value: str) -> str:
    uri = _clean(value)
    if name == "X-SIP" and not uri.startswith(("sip:", "sips:")):
        return f"sip:{uri}"
    if name == "IMPP" and not uri.lower().startswith(("sip:", "sips:")):
        return ""
    return uri.removeprefix("tel:").partition(";")[0] if uri.startswith("tel:") else uri


def _types(line: Any) -> list[str]:
    """vCard 3 and 4 write TYPE=work,voice; 2.1 writes the bare words."""
    words = [*line.params.get("TYPE", ()), *line.singletonparams]
    return [one for word in words for one in word.split(",")]


def _preference(line: Any) -> int:
    """PREF=1 is best (vCard 4), TYPE=pref means the same (vCard 3), 101 has none."""
    for value in line.params.get("PREF", ()):
        if _PREFERENCE.fullmatch(value):
            return int(value)
    return 1 if "pref" in {one.lower() for one in _types(line)} else 101


def _photo(parsed: Any, card: str, photos: Path) -> str:
    """Where the photo lies now, "" when there is none: addresses of photos are not followed, as
    that would tell a server whose calls come in."""
    kept = (keep(data, photos) for data in _photo_bytes(parsed, card))
    return next(filter(None, kept), "")


def _photo_bytes(parsed: Any, card: str) -> Iterator[bytes]:
    """The binary values of vCard 2.1 and 3, and the data URIs of vCard 4, which the parser cuts
    off at their comma."""
    for line in parsed.contents.get("photo", ()):
        if isinstance(line.value, bytes):
            yield line.value
    for match in _DATA_URI.finditer(_FOLD.sub("", card)):
        with suppress(binascii.Error):
            yield base64.b64decode(match[1], validate=True)
