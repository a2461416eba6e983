# SPDX-License-Identifier: GPL-2.0-or-later
"""The window of the phone."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from offhook.aio import Phone
from offhook.call import Call
from offhook.errors import OffhookError
from offhook.history import Row

from .address_list import Line
from .availability import AvailabilityChoice
from .call_cards import CallCards
from .cards import cards
from .display import Display
from .handing import laid, offers
from .history_panel import HistoryPanel
from .keypad import Keypad
from .latest import Latest
from .menu import Do, Entry
from .people_panel import PeoplePanel
from .scrolled import scrolled
from .sound_panel import SoundPanel
from .status import current
from .words import tr

METER_INTERVAL_MS = 100
"""Fast enough for the eye, and a tenth of what a voice needs of the machine."""

SENTENCE_MS = 15_000
"""How long a failure stays in the status bar."""

FOUND = 20
SIZE = (24, 48)
"""Width and height in lines of text: room for two calls and the keypad."""
MOST_OF_SCREEN = 0.9


class PhoneWindow(QMainWindow):
    closed = Signal()
    """By the user; the phone goes on without its window."""
    quit_wanted = Signal()

    def __init__(self, phone: Phone, do: Do, open_settings: Callable[[], None]) -> None:
        super().__init__()
        self._phone = phone
        self._do = do
        self._open_settings = open_settings
        self._rows: Sequence[Row] = ()
        self._search = Latest("search")
        self.destroyed.connect(self._search.cancel)
        self._metering: asyncio.Task[None] | None = None
        self._metered: Call | None = None
        self._build()
        self._keys()

    # ------------------------------------------------------------ what it shows

    def update_view(self, rows: Sequence[Row]) -> None:
        """Show the phone as it is now, with these past calls."""
        self._rows = rows
        if not self.isVisible():
            return
        phone = self._phone
        self._display.update_view(phone)
        self._cards.update_view(cards(phone, self._typed()))
        self._history.update_view(rows)
        self._sound.update_view(phone)
        self._availability.update_view()
        if not self._typed():
            self._people.show_colleagues(phone.colleagues)
        self._measure()

    def tell(self, sentence: str) -> None:
        """Say why something was not done."""
        self.statusBar().showMessage(sentence, SENTENCE_MS)

    def come(self) -> None:
        """Be where the user, who asked for it, can see and use it."""
        if self.focusWidget() is self._display:
            self._entry.setFocus()
        self.showNormal() if self.isMinimized() else self.show()
        self.raise_()
        self.activateWindow()

    def show_history(self) -> None:
        self._tabs.setCurrentWidget(self._history)

    def toggle(self) -> None:
        if self.isVisible() and self.isActiveWindow():
            self.hide()
        else:
            self.come()

    def demand_attention(self) -> None:
        """Somebody calls, and nothing else can tell it; the keyboard stays where it is.

        Under Wayland the desktop may give it to any new window: then no key does anything, so that
        whoever was typing neither answers nor dials.
        """
        if not self.isVisible():
            self._display.setFocus()
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
            self.show()
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, on=False)
        QApplication.alert(self)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.update_view(self._rows)
        self._see_missed()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._measure()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        event.accept()
        self.closed.emit()

    # ------------------------------------------------------------ its parts

    def _build(self) -> None:
        self.setWindowTitle(tr("Phone"))
        width, height = (self.fontMetrics().lineSpacing() * lines for lines in SIZE)
        room = self.screen().availableSize().height()
        self.resize(width, min(height, int(room * MOST_OF_SCREEN)))
        self._display = Display()
        self._cards = CallCards(partial(laid, self._phone), self._do)
        self._keypad = Keypad()
        self._keypad.pressed.connect(self._key)
        self._people = PeoplePanel(self._dial, self._offer, self._do)
        self._history = HistoryPanel(self._phone, self._dial, self._offer, self._do)
        self._sound = SoundPanel(self._phone.audio, self._do)
        self._availability = AvailabilityChoice(self._phone, self._do)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setAccessibleName(tr("Pages"))
        self._tabs.addTab(scrolled(self._keypad), tr("&Keypad"))
        self._tabs.addTab(self._people, tr("&People"))
        self._tabs.addTab(self._history, tr("&History"))
        self._tabs.addTab(scrolled(self._sound), tr("&Sound"))
        self._tabs.currentChanged.connect(lambda _: self._see_missed())
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.addWidget(self._display)
        column.addWidget(self._cards)
        column.addLayout(self._dialling())
        column.addWidget(self._tabs, 1)
        column.addLayout(self._last_line())
        self.setCentralWidget(middle)

    def _dialling(self) -> QHBoxLayout:
        self._entry = QLineEdit()
        self._entry.setPlaceholderText(tr("Name, number or address"))
        self._entry.setAccessibleName(tr("Name, number or address"))
        self._entry.setClearButtonEnabled(True)
        self._entry.textChanged.connect(self._typing)
        self._entry.returnPressed.connect(self._dial_typed)
        call = QPushButton(tr("&Call"))
        call.setAccessibleName(tr("Call"))
        call.clicked.connect(self._dial_typed)
        line = QHBoxLayout()
        line.addWidget(self._entry, 1)
        line.addWidget(call)
        return line

    def _last_line(self) -> QHBoxLayout:
        settings = QPushButton(tr("S&ettings…"))
        settings.setAccessibleName(tr("Settings"))
        settings.clicked.connect(self._open_settings)
        line = QHBoxLayout()
        line.addWidget(self._availability, 1)
        line.addWidget(settings)
        return line

    def _keys(self) -> None:
        for keys, slot in (
            ("Ctrl+L", self._entry.setFocus),
            ("Ctrl+M", self._mute),
            ("Ctrl+,", self._open_settings),
            ("Ctrl+W", self.close),
            ("Ctrl+Q", self.quit_wanted.emit),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    # ------------------------------------------------------------ what the user does

    def _typed(self) -> str:
        return self._entry.text().strip()

    def _key(self, key: str) -> None:
        """A key of the keypad: a tone in a call, a digit of the next one otherwise."""
        call = current(self._phone)
        if call and "SendDtmf" in call.actions:
            self._do(partial(call.send_dtmf, key))
        else:
            self._entry.insert(key)

    def _mute(self) -> None:
        if call := current(self._phone):
            self._do(partial(call.mute, not call.muted))

    def _dial_typed(self) -> None:
        typed = self._typed()
        name = "@" not in typed and ":" not in typed and any(map(str.isalpha, typed))
        if target := (name and self._people.first()) or typed:
            self._dial(target)

    def _dial(self, target: str) -> None:
        self._entry.clear()
        self._do(partial(self._phone.dial, target))

    def _typing(self) -> None:
        if self._typed():
            self._search.start(self._look_up)
        else:
            self._search.cancel()
        self.update_view(self._rows)

    async def _look_up(self) -> None:
        found = await self._phone.contacts.search(self._typed(), FOUND)
        self._people.show_found(found)
        if found:
            self._tabs.setCurrentWidget(self._people)

    def _offer(self, line: Line) -> list[Entry]:
        return offers(self._phone, line.address, line.name)

    def _see_missed(self) -> None:
        """Who looks at the past calls has seen the missed ones."""
        looking = self.isVisible() and self._tabs.currentWidget() is self._history
        if looking and self._rows and self._phone.history.unseen_missed:
            self._do(partial(self._phone.history.mark_seen, self._rows[0]["id"]))

    # ------------------------------------------------------------ the meters

    def _measure(self) -> None:
        """Follow the levels of the call that is heard, as long as somebody can see them."""
        call = current(self._phone) if self.isVisible() else None
        call = call if call and call.state == "active" else None
        if call is self._metered:
            return
        self._metered = call
        if self._metering:
            self._metering.cancel()
        self._display.show_levels(None)
        if call:
            loop = asyncio.get_running_loop()
            self._metering = loop.create_task(self._follow_levels(call), name="levels")

    async def _follow_levels(self, call: Call) -> None:
        with suppress(OffhookError):
            async with aclosing(call.levels(METER_INTERVAL_MS)) as levels:
                async for now in levels:
                    self._display.show_levels(now)
