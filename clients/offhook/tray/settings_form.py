# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields below one another, each with what the daemon says about it."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from offhook.errors import OffhookError
from offhook.settings.errors import MistakenError
from offhook.settings.tree import Value

from .configuration import Configuration
from .editors import Editor, editor
from .fields import Field
from .labels import plain_label
from .menu import Do
from .words import tr


class SettingsForm(QWidget):
    def __init__(self, fields: Sequence[Field], configuration: Configuration, do: Do) -> None:
        super().__init__()
        self._configuration = configuration
        self._do = do
        self._editors: dict[Field, Editor] = {}
        self._remarks: dict[Field, QLabel] = {}
        self._column = QVBoxLayout(self)
        self._form = QFormLayout()
        self._column.addLayout(self._form)
        self._column.addStretch()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in fields:
            self._add(field)

    def update_view(self) -> None:
        """Show what is written now, and what is wrong with it."""
        mistakes = {one.key: one for one in self._configuration.mistakes}
        for field, one in self._editors.items():
            one.show(self._configuration.value(field.path))
            mistake = mistakes.get(field.key)
            self._remark(field, said(mistake.line, mistake.reason) if mistake else "")

    def begin_with(self, widget: QWidget) -> None:
        """Something else above the fields."""
        if inside := widget.layout():
            inside.setContentsMargins(0, 0, 0, 0)
        self._column.insertWidget(0, widget)

    def _add(self, field: Field) -> None:
        made = editor(field, lambda value: self._do(partial(self._write, field, value)))
        label = QLabel(field.label)
        label.setBuddy(made.focus)
        remark = plain_label()
        remark.hide()
        self._editors[field] = made
        self._remarks[field] = remark
        self._form.addRow(label, made.widget)
        self._form.addRow("", remark)

    async def _write(self, field: Field, value: Value | None) -> None:
        try:
            await self._configuration.set(field.path, value)
        except MistakenError as error:
            about = error.reason if error.key == field.key else f"{error.key}: {error.reason}"
            self._remark(field, said(error.line, about))
        except OffhookError as error:
            self._remark(field, error.message)

    def _remark(self, field: Field, text: str) -> None:
        remark = self._remarks[field]
        remark.setText(f"⚠ {text}" if text else "")
        remark.setVisible(bool(text))
        self._editors[field].focus.setAccessibleDescription(text)


def said(line: int, reason: str) -> str:
    """What the daemon says about a line."""
    return tr("Line {}: {}").format(line, reason)
