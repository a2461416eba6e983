# SPDX-License-Identifier: GPL-2.0-or-later
"""Presence documents: PIDF (RFC 3863) with the activities of RPID (RFC 4480)."""

from dataclasses import dataclass

from .sip_headers import clean
from .xml_document import Element, XmlError, read

MOST_ACTIVITIES = 8
LONGEST_ACTIVITY = 32

# Servers and phones spell RPID's activities in two ways: as empty elements, and before RFC 4480
# as the text of an element `activity`.
_WORDY = frozenset({"activity", "other"})


@dataclass(frozen=True, slots=True)
class PresenceDocument:
    """`basic` is "open", "closed" or "" where no tuple tells.  `activities` in small letters."""

    basic: str
    activities: tuple[str, ...] = ()
    note: str = ""


def parse(body: bytes) -> PresenceDocument:
    """What the document says of the whole person.  Raises `XmlError`."""
    root = read(body)
    if root.name != "presence":
        raise XmlError(f"the root is {clean(root.name, 40)}, not presence")
    return PresenceDocument(_basic(root), _activities(root), _note(root))


def _basic(root: Element) -> str:
    """Open when any of the person's devices is."""
    found = {one.content("status", "basic").lower() for one in root.all("tuple")}
    return "open" if "open" in found else "closed" if "closed" in found else ""


def _activities(root: Element) -> tuple[str, ...]:
    found = (
        one.text.strip().lower() if one.name in _WORDY else one.name
        for activities in root.everywhere("activities")
        for one in activities.children
        if one.name != "note"
    )
    words = (clean(word, LONGEST_ACTIVITY) for word in found if word)
    return tuple(dict.fromkeys(words))[:MOST_ACTIVITIES]


def _note(root: Element) -> str:
    """The note on the person; then on the document; then the first on a device or activity."""
    person = root.first("person")
    notes = (
        *(person.all("note") if person else ()),
        *root.all("note"),
        *root.everywhere("note"),
    )
    return next((clean(note.text.strip()) for note in notes if note.text.strip()), "")


def build(entity: str, document: PresenceDocument) -> bytes:
    """The document for PUBLISH and NOTIFY: one tuple, and the person as far as there is news."""
    contact, note = _escaped(entity), _escaped(document.note)
    tuple_note = f"<note>{note}</note>" if note else ""
    person_note = f"<dm:note>{note}</dm:note>" if note else ""
    activities = "".join(map(_activity, document.activities))
    if activities:
        activities = f"<rpid:activities>{activities}</rpid:activities>"
    person = f'<dm:person id="person">{activities}{person_note}</dm:person>\n'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<presence xmlns="urn:ietf:params:xml:ns:pidf"'
        ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        ' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
        f' entity="{contact}">\n'
        f'<tuple id="offhook"><status><basic>{document.basic}</basic></status>'
        f"<contact>{contact}</contact>{tuple_note}</tuple>\n"
        f"{person if activities or note else ''}</presence>\n"
    ).encode()


def _activity(name: str) -> str:
    # RPID has a list of its own, and "other" for what is not in it.
    return "<rpid:other>dnd</rpid:other>" if name == "dnd" else f"<rpid:{name}/>"


def _escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
