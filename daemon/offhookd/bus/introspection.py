# SPDX-License-Identifier: GPL-2.0-or-later
"""What org.freedesktop.DBus.Introspectable and Peer tell about the objects."""

from contextlib import suppress
from pathlib import Path

from offhookd.phone.errors import PhoneError

from .contract import standard
from .errors import unknown_object
from .names import INTROSPECTABLE, PEER
from .objects import ObjectTree

_DOCTYPE = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">'
)
_MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def describe(tree: ObjectTree, path: str) -> str:
    """The introspection document of an object, or of a path that only leads to objects."""
    interfaces = tree.interfaces(path)
    children = tree.children(path)
    if interfaces is None and not children:
        raise unknown_object(path)
    shown = [entry.spec.xml for entry in (interfaces or {}).values()]
    shown += [spec.xml for spec in standard().values() if interfaces or spec.name in _EVERYWHERE]
    nodes = [f'<node name="{child}"/>' for child in sorted(children)]
    return "\n".join([_DOCTYPE, f'<node name="{path}">', *shown, *nodes, "</node>"])


_EVERYWHERE = (INTROSPECTABLE, PEER)


def machine_id() -> str:
    """The identity of this machine, machine-id(5)."""
    for file in _MACHINE_ID_FILES:
        with suppress(OSError):
            return file.read_text(encoding="ascii").strip()
    raise PhoneError("this machine has no /etc/machine-id")
