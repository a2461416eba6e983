# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that are part of the D-Bus contract, and the escaping of identifiers in object paths."""

import string

BUS_NAME = "org.offhook.Phone1"
ROOT = "/org/offhook/Phone1"

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PEER = "org.freedesktop.DBus.Peer"
PROPERTIES = "org.freedesktop.DBus.Properties"

_LETTERS = frozenset(string.ascii_letters.encode())
_LETTERS_AND_DIGITS = _LETTERS | frozenset(string.digits.encode())


def path_element(identifier: str) -> str:
    """One element of an object path that stands for `identifier`, as sd_bus_path_encode() makes it.

    Bytes outside [A-Za-z0-9], and a digit in the first place, become ``_xx``; "" becomes "_".
    """
    data = identifier.encode()
    return "".join(_escaped(byte, first=index == 0) for index, byte in enumerate(data)) or "_"


def _escaped(byte: int, *, first: bool) -> str:
    plain = _LETTERS if first else _LETTERS_AND_DIGITS
    return chr(byte) if byte in plain else f"_{byte:02x}"
