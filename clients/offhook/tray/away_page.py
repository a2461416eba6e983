# SPDX-License-Identifier: GPL-2.0-or-later
"""Where calls go while nobody takes them, and what others are told meanwhile: the daemon keeps
these itself, not the file."""

from functools import partial

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from offhook.account import Account
from offhook.aio import Phone

from .availability import AvailabilityChoice
from .menu import Do
from .people import shown
from .words import tr

SECONDS = (1, 180)
"""How long a call may ring before it is forwarded, in the contract."""


class AwayPage(QWidget):
    def __init__(self, phone: Phone, do: Do) -> None:
        super().__init__()
        self._phone = phone
        self._do = do
        self._availability = AvailabilityChoice(phone, do)
        self._note = _line(tr("Note for others"))
        self._note.editingFinished.connect(self._note_finished)
        self._boxes: list[ForwardingBox] = []
        form = QFormLayout()
        form.addRow(tr("Availability"), self._availability)
        form.addRow(tr("Note for others"), self._note)
        self._column = QVBoxLayout(self)
        self._column.addLayout(form)
        self._column.addStretch()

    def update_view(self) -> None:
        self._availability.update_view()
        _show(self._note, self._phone.availability_note)
        self._note.setEnabled(self._phone.present)
        if self._phone.accounts != [box.account for box in self._boxes]:
            self._rebuild()
        for box in self._boxes:
            box.update_view()

    def _rebuild(self) -> None:
        """Also when an account has become another one of the same name."""
        for box in self._boxes:
            self._column.removeWidget(box)
            box.deleteLater()
        self._boxes = [ForwardingBox(one, self._do) for one in self._phone.accounts]
        for place, box in enumerate(self._boxes, start=1):
            self._column.insertWidget(place, box)

    def _note_finished(self) -> None:
        if self._note.isModified():
            self._note.setModified(False)
            self._do(partial(self._phone.set_availability_note, self._note.text().strip()))


class ForwardingBox(QGroupBox):
    """Of one account."""

    def __init__(self, account: Account, do: Do) -> None:
        super().__init__(shown(account.label or account.id))
        self.account = account
        self._do = do
        form = QFormLayout(self)
        self._quiet = QCheckBox(tr("Do not disturb"))
        self._quiet.clicked.connect(lambda on: do(partial(account.set_do_not_disturb, on)))
        form.addRow("", self._quiet)
        self._targets: dict[str, QLineEdit] = {}
        for when, words in _occasions():
            self._targets[when] = self._target(when, words)
            form.addRow(words, self._targets[when])
        self._after = QSpinBox()
        self._after.setAccessibleName(tr("No answer after seconds"))
        self._after.setRange(*SECONDS)
        self._after.setKeyboardTracking(False)
        self._after.valueChanged.connect(lambda value: do(partial(account.forward_after, value)))
        form.addRow(tr("No answer after seconds"), self._after)

    def update_view(self) -> None:
        account = self.account
        self._quiet.setChecked(account.do_not_disturb)
        _show(self._targets["always"], account.forward_always)
        _show(self._targets["busy"], account.forward_busy)
        _show(self._targets["no-answer"], account.forward_no_answer)
        if not self._after.hasFocus():
            with QSignalBlocker(self._after):
                self._after.setValue(account.forward_no_answer_seconds)

    def _target(self, when: str, words: str) -> QLineEdit:
        line = _line(words)
        line.setPlaceholderText(tr("not forwarded"))

        def finished() -> None:
            if line.isModified():
                line.setModified(False)
                self._do(partial(self.account.forward, when, line.text().strip()))

        line.editingFinished.connect(finished)
        return line


def _occasions() -> tuple[tuple[str, str], ...]:
    return (
        ("always", tr("Forward every call to")),
        ("busy", tr("When busy to")),
        ("no-answer", tr("Without an answer to")),
    )


def _line(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    return line


def _show(line: QLineEdit, text: str) -> None:
    """What the user types at the moment stays."""
    if not line.isModified():
        line.setText(text)
