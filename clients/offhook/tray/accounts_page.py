# SPDX-License-Identifier: GPL-2.0-or-later
"""The accounts in the settings: which there are, and the fields of one of them."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from offhook.account import Account
from offhook.aio import Phone

from .account_dialog import AccountDialog, ask_password
from .configuration import Configuration
from .fields import account_fields
from .labels import name_choice, plain_label
from .menu import Do
from .people import shown
from .scrolled import scrolled
from .settings_form import SettingsForm
from .status import account_words
from .words import tr

FIRST = "work"


class AccountsPage(QWidget):
    """`do` tells what could not be done."""

    def __init__(self, phone: Phone, configuration: Configuration, do: Do) -> None:
        super().__init__()
        self._phone = phone
        self._configuration = configuration
        self._do = do
        self._form: SettingsForm | None = None
        self._area: QScrollArea | None = None
        self._chosen = QComboBox()
        name_choice(self._chosen, tr("Account"))
        self._chosen.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._chosen.currentIndexChanged.connect(lambda _: self._show_form())
        self._state = plain_label()
        self._own = [
            _button(tr("Password…"), self._ask_password),
            _button(tr("Remove"), self._ask_removal),
        ]
        line = QHBoxLayout()
        line.addWidget(self._chosen, 1)
        for one in (_button(tr("Add…"), self._ask_account), *self._own):
            line.addWidget(one)
        self._column = QVBoxLayout(self)
        self._column.addLayout(line)
        self._column.addWidget(self._state)
        self._column.addStretch()

    def update_view(self) -> None:
        names = self._configuration.accounts
        if names != [self._chosen.itemText(index) for index in range(self._chosen.count())]:
            chosen = self._chosen.currentText()
            self._chosen.clear()
            self._chosen.addItems(names)
            self._chosen.setCurrentIndex(max(self._chosen.findText(chosen), 0))
        for one in self._own:
            one.setEnabled(bool(names))
        self.update_state()
        if self._form:
            self._form.update_view()

    def update_state(self) -> None:
        """What became of the chosen account."""
        name = self._chosen.currentText()
        account = next((one for one in self._phone.accounts if one.id == name), None)
        self._state.setText(_state(account) if name else tr("No account is configured"))

    def _show_form(self) -> None:
        if self._area:
            self._column.removeWidget(self._area)
            self._area.deleteLater()
            self._area = self._form = None
        if name := self._chosen.currentText():
            self._form = SettingsForm(account_fields(name), self._configuration, self._do)
            self._form.update_view()
            self._area = scrolled(self._form)
            self._column.insertWidget(2, self._area, 1)
        self.update_state()

    def _ask_account(self) -> None:
        names = self._configuration.accounts
        free = (f"{FIRST}{number}" for number in range(2, len(names) + 3))
        name = FIRST if FIRST not in names else next(one for one in free if one not in names)
        AccountDialog(self, name, self._add).open()

    def _add(self, name: str, keys: Mapping[str, str], password: str) -> None:
        async def add() -> None:
            await self._configuration.add_account(name, keys, password)
            self._chosen.setCurrentText(name)

        self._do(add)

    def _ask_password(self) -> None:
        name = self._chosen.currentText()
        keep = self._configuration.keep_password
        ask_password(self, name, lambda text: self._do(partial(keep, name, text)))

    def _ask_removal(self) -> None:
        name = self._chosen.currentText()
        asked = QMessageBox(self)
        asked.setWindowTitle(tr("Remove"))
        asked.setText(tr("Remove the account {} and its password?").format(name))
        remove = asked.addButton(tr("Remove"), QMessageBox.ButtonRole.AcceptRole)
        asked.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        remove.clicked.connect(lambda: self._do(partial(self._configuration.remove_account, name)))
        asked.open()


def _button(words: str, pressed: Callable[[], None]) -> QPushButton:
    made = QPushButton(words)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _: pressed())
    return made


def _state(account: Account | None) -> str:
    if account is None:
        return tr("The phone does not know it yet")
    words = account_words(account.state)
    why = "" if account.state == "registered" else shown(account.state_text)
    return f"{words}: {why}" if why else words
