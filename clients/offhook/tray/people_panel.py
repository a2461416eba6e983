# SPDX-License-Identifier: GPL-2.0-or-later
"""Colleagues with their lamps, or whom the address books find for what is being typed."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QColor

from offhook.contacts import Contact
from offhook.presence import Presence

from .address_list import AddressList, Line, Offer
from .menu import Do, colleague_mark
from .people import number, shown
from .words import tr

_COLOURS = {"●": "#e0524d", "◉": "#e0912f", "⊘": "#e0524d", "◐": "#e0912f", "○": "#2fa36b"}


class PeoplePanel(AddressList):
    def __init__(self, chosen: Callable[[str], None], offer: Offer, do: Do) -> None:
        super().__init__(tr("People"), chosen, offer, do)

    def show_colleagues(self, colleagues: Sequence[Presence]) -> None:
        for item in self.fill([_lamp_line(one) for one in colleagues]):
            if colour := _COLOURS.get(item.text()[0]):
                item.setForeground(QColor(colour))

    def show_found(self, people: Sequence[Contact]) -> None:
        self.fill([line for person in people for line in _contact_lines(person)])


def _lamp_line(one: Presence) -> Line:
    mark = colleague_mark(one.state, one.dialog)
    words = [shown(one.label) or number(one.uri), lamp_words(mark), shown(one.note)]
    known = list(filter(None, words))
    return Line(f"{mark}  {' · '.join(known)}", one.uri, shown(one.label), ", ".join(known))


def lamp_words(mark: str) -> str:
    """What a lamp means, for those who do not see its colour."""
    return {
        "●": tr("busy"),
        "◉": tr("ringing"),
        "⊘": tr("do not disturb"),
        "◐": tr("away"),
        "○": tr("free"),
    }.get(mark, "")


def _contact_lines(person: Contact) -> list[Line]:
    name = shown(person["name"])
    who = " · ".join(filter(None, (name, shown(person["organization"]))))
    return [
        Line(f"{who}\n     {shown(kind)} {number(uri)}", uri, name) for kind, uri in person["uris"]
    ]
