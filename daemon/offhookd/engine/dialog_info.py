# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog information documents (RFC 4235): the calls that somebody else's phone has."""

from dataclasses import dataclass

from .sip_headers import clean
from .xml_document import Element, XmlError, read

MOST_DIALOGS = 64
LONGEST_IDENTIFIER = 256
LARGEST_VERSION = 2**32 - 1


@dataclass(frozen=True, slots=True)
class DialogEntry:
    """One dialog of the watched phone, tags seen from there.

    `direction` is "initiator", "recipient" or "".  `held`: its own side renders nothing
    ("+sip.rendering" is "no").
    """

    id: str
    state: str
    direction: str
    call_id: str
    local_tag: str
    remote_tag: str
    remote_uri: str
    remote_target: str
    remote_name: str
    held: bool


@dataclass(frozen=True, slots=True)
class DialogDocument:
    """`full`: dialogs that are not listed are over; else only the listed ones changed."""

    version: int
    full: bool
    dialogs: tuple[DialogEntry, ...]


def parse(body: bytes) -> DialogDocument:
    """Raises `XmlError`."""
    root = read(body)
    if root.name != "dialog-info":
        raise XmlError(f"the root is {clean(root.name, 40)}, not dialog-info")
    version = root.attributes.get("version", "")
    if not version.isascii() or not version.isdigit() or int(version[:12]) > LARGEST_VERSION:
        raise XmlError("its version is no number")
    dialogs = [_dialog(one) for one in root.all("dialog")][:MOST_DIALOGS]
    full = root.attributes.get("state", "full").lower() != "partial"
    return DialogDocument(int(version), full, tuple(dialogs))


def _dialog(element: Element) -> DialogEntry:
    remote = element.first("remote") or Element("remote")
    identity = remote.first("identity") or Element("identity")
    return DialogEntry(
        id=_identifier(element, "id"),
        state=clean(element.content("state").lower(), 32),
        direction=clean(element.attributes.get("direction", "").lower(), 16),
        call_id=_identifier(element, "call-id"),
        local_tag=_identifier(element, "local-tag"),
        remote_tag=_identifier(element, "remote-tag"),
        remote_uri=clean(identity.text.strip()),
        remote_target=_uri(remote.first("target")),
        remote_name=clean(identity.attributes.get("display", "").strip(), 128),
        held=_renders_nothing(element.first("local")),
    )


def _identifier(element: Element, name: str) -> str:
    """Whole or not at all: a part of it would name another dialog."""
    value = element.attributes.get(name, "")
    return value if len(value) <= LONGEST_IDENTIFIER and value.isprintable() else ""


def _uri(target: Element | None) -> str:
    return clean(target.attributes.get("uri", "").strip()) if target else ""


def _renders_nothing(local: Element | None) -> bool:
    target = local.first("target") if local else None
    parameters = target.all("param") if target else ()
    return any(
        one.attributes.get("pname", "").lower() == "+sip.rendering"
        and one.attributes.get("pval", one.attributes.get("pvalue", "")).lower() == "no"
        for one in parameters
    )
