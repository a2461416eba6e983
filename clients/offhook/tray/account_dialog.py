# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks for a new account, or for the password of one."""

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QInputDialog,
    QLineEdit,
    QWidget,
)

from .fields import TRANSPORTS
from .words import tr

NO_REGISTRAR = "none"

Add = Callable[[str, Mapping[str, str], str], None]
"""Gets the name, the keys and the password of a new account."""


class AccountDialog(QDialog):
    """Only what an account cannot do without; the rest is in its form."""

    def __init__(self, parent: QWidget, name: str, add: Add) -> None:
        super().__init__(parent)
        self._add = add
        self.setWindowTitle(tr("New account"))
        self._name = _line(tr("Name"), name)
        self._address = _line(tr("Address"))
        self._address.setPlaceholderText("1001@pbx.example.com")
        self._password = _line(tr("Password"))
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.setPlaceholderText(tr("none: calls without a server"))
        self._transport = QComboBox()
        self._transport.setAccessibleName(tr("Transport"))
        for value, words in TRANSPORTS:
            self._transport.addItem(words, value)
        form = QFormLayout(self)
        form.addRow(tr("Name"), self._name)
        form.addRow(tr("Address"), self._address)
        form.addRow(tr("Password"), self._password)
        form.addRow(tr("Transport"), self._transport)
        form.addRow(self._buttons())
        self._address.setFocus()

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox()
        box.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        ok = box.addButton(tr("Add"), QDialogButtonBox.ButtonRole.AcceptRole)
        ok.setEnabled(False)
        self._address.textChanged.connect(lambda text: ok.setEnabled(bool(text.strip())))
        box.accepted.connect(self._accepted)
        box.rejected.connect(self.reject)
        return box

    def _accepted(self) -> None:
        address = self._address.text().strip()
        uri = address if address.startswith(("sip:", "sips:")) else f"sip:{address}"
        keys = {"uri": uri, "transport": str(self._transport.currentData())}
        password = self._password.text()
        if not password:
            keys["registrar"] = NO_REGISTRAR
        self.accept()
        self._add(self._name.text().strip(), keys, password)


def ask_password(parent: QWidget, name: str, keep: Callable[[str], None]) -> None:
    """Without waiting for the answer."""
    asked = QInputDialog(parent)
    asked.setWindowTitle(tr("Password"))
    asked.setLabelText(tr("Password of {}:").format(name))
    asked.setTextEchoMode(QLineEdit.EchoMode.Password)
    asked.setOkButtonText(tr("Keep"))
    asked.setCancelButtonText(tr("Cancel"))
    asked.textValueSelected.connect(keep)
    asked.open()


def _line(name: str, text: str = "") -> QLineEdit:
    line = QLineEdit(text)
    line.setAccessibleName(name)
    return line
