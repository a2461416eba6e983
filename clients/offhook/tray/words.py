# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tray says, in the user's language.

Translations are ``locale/<language>.po``, read as they are: gettext wants a compiled catalogue, so
one is made in memory, and nothing generated has to be kept.
"""

import ast
import gettext
import struct
from collections.abc import Iterator
from importlib import resources
from io import BytesIO

_MO_MAGIC = 0x950412DE
_HEADER_BYTES = 28
_ENTRY_BYTES = 8

_translations = gettext.NullTranslations()


def tr(text: str) -> str:
    """The translation of a text, or the text."""
    return _translations.gettext(text)


def ntr(one: str, many: str, number: int) -> str:
    """The translation that fits the number, with ``{}`` replaced by it."""
    return _translations.ngettext(one, many, number).format(number)


def speak(locale: str) -> None:
    """Use the language of a locale such as ``de_DE``; English where it is not known."""
    global _translations  # noqa: PLW0603 - a program speaks one language at a time
    file = resources.files(__package__) / "locale" / f"{locale.partition('_')[0]}.po"
    if file.is_file():
        _translations = gettext.GNUTranslations(BytesIO(compiled(file.read_text("utf-8"))))
    else:
        _translations = gettext.NullTranslations()


def compiled(po: str) -> bytes:
    """The binary form of a catalogue, as gettext(3) documents it ("The Format of GNU MO Files")."""
    entries = sorted((key.encode(), text.encode()) for key, text in _entries(po) if text)
    strings = [key for key, _ in entries] + [text for _, text in entries]
    tables = _ENTRY_BYTES * len(entries)
    position = _HEADER_BYTES + 2 * tables
    index, data = b"", b""
    for string in strings:
        index += struct.pack("<2I", len(string), position + len(data))
        data += string + b"\0"
    header = (_MO_MAGIC, 0, len(entries), _HEADER_BYTES, _HEADER_BYTES + tables, 0, position)
    return struct.pack("<7I", *header) + index + data


def _entries(po: str) -> Iterator[tuple[str, str]]:
    """Each text and its translation; plural forms joined by NUL, as the binary form has them."""
    for block in po.split("\n\n"):
        texts: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if not line.startswith('"'):
                keyword, _, line = line.partition(" ")  # noqa: PLW2901 - the rest is the string
            texts[keyword] = texts.get(keyword, "") + str(ast.literal_eval(line))
        if "msgid_plural" in texts:
            forms = [text for keyword, text in texts.items() if keyword.startswith("msgstr[")]
            yield f"{texts['msgid']}\0{texts['msgid_plural']}", "\0".join(forms)
        elif "msgid" in texts:
            yield texts["msgid"], texts["msgstr"]
