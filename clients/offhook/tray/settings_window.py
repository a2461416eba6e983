# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings: the configuration file's keys that people change, and what the daemon keeps."""

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from offhook.aio import Phone

from .accounts_page import AccountsPage
from .away_page import AwayPage
from .configuration import Configuration
from .deeds import Deeds
from .fields import pages
from .labels import plain_label
from .scrolled import scrolled
from .settings_form import SettingsForm, said
from .sound_panel import SoundPanel
from .words import tr

SIZE = (46, 38)
"""Width and height in lines of text."""
NAMES_WIDTH = 10
"""In lines of text."""
SPACING = 3
MISTAKES = 3
"""More of them are in the file, and mostly come from the first ones."""


class SettingsWindow(QWidget):
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self._phone = phone
        self._deeds = Deeds(self._say)
        do = self._deeds.do
        self._configuration = Configuration(phone, self._show_file)
        self._accounts = AccountsPage(phone, self._configuration, do)
        self._away = AwayPage(phone, do)
        self._sound = SoundPanel(phone.audio, do)
        self._forms: list[SettingsForm] = []
        self._names = QListWidget()
        self._pages = QStackedWidget()
        self._said = plain_label()
        self._build()

    def update_view(self) -> None:
        """Follow the phone."""
        if self.isVisible():
            self._accounts.update_state()
            self._away.update_view()
            self._sound.update_view(self._phone)

    def come(self) -> None:
        self.show()
        self.raise_()
        self.activateWindow()
        self.update_view()
        self._deeds.do(self._configuration.read)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Whoever comes back may have been in an editor meanwhile."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self._deeds.do(self._configuration.read)

    async def stop(self) -> None:
        await self._deeds.stop()
        self.close()

    # ------------------------------------------------------------ the file

    def _show_file(self) -> None:
        self._accounts.update_view()
        for form in self._forms:
            form.update_view()
        mistakes = self._configuration.mistakes
        lines = [said(one.line, ": ".join(filter(None, (one.key, one.reason)))) for one in mistakes]
        self._say("\n".join(lines[:MISTAKES]))

    def _say(self, sentence: str) -> None:
        """What is wrong with the file, or why something was not done; "" for nothing."""
        self._said.setText(f"⚠ {sentence}" if sentence else "")
        self._said.setVisible(bool(sentence))

    async def _open(self) -> None:
        await self._configuration.begin()
        path = self._configuration.path
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._say(tr("No program opens {}").format(path))

    # ------------------------------------------------------------ its parts

    def _build(self) -> None:
        self.setWindowTitle(tr("Settings"))
        line = self.fontMetrics().lineSpacing()
        self.resize(*(line * lines for lines in SIZE))
        self._names.setAccessibleName(tr("Pages"))
        self._names.setSpacing(SPACING)
        self._names.setFixedWidth(NAMES_WIDTH * line)
        self._names.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._add(tr("Accounts"), self._accounts)
        self._add(tr("While away"), scrolled(self._away))
        for page in pages():
            form = SettingsForm(page.fields, self._configuration, self._deeds.do)
            self._forms.append(form)
            if page.name == "sound":
                form.begin_with(self._sound)
            self._add(page.title, scrolled(form))
        self._names.setCurrentRow(0)
        middle = QHBoxLayout()
        middle.addWidget(self._names)
        middle.addWidget(self._pages, 1)
        column = QVBoxLayout(self)
        column.addLayout(middle, 1)
        column.addWidget(self._said)
        column.addLayout(self._last_line())
        self._said.hide()
        QShortcut(QKeySequence("Ctrl+W"), self).activated.connect(self.close)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)

    def _add(self, title: str, page: QWidget) -> None:
        self._names.addItem(title)
        self._pages.addWidget(page)

    def _last_line(self) -> QHBoxLayout:
        open_file = QPushButton(tr("Open the configuration &file"))
        open_file.setAccessibleName(tr("Open the configuration file"))
        open_file.clicked.connect(lambda: self._deeds.do(self._open))
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        line = QHBoxLayout()
        line.addWidget(open_file)
        line.addStretch()
        line.addWidget(close)
        return line
