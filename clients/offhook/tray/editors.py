# SPDX-License-Identifier: GPL-2.0-or-later
"""What a key of the configuration is edited with."""

from abc import abstractmethod
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from offhook.settings.tree import Plain, Value

from .fields import Field, Kind
from .words import tr

LIST_LINES = 3
"""Shown of a list; more are scrolled to."""

Change = Callable[[Value | None], None]
"""Gets what is to be written, None for nothing."""


class Editor:
    """`widget` stands in a form; `focus` is what the keyboard reaches in it."""

    widget: QWidget
    focus: QWidget

    @abstractmethod
    def show(self, value: Plain) -> None:
        """Show what is written; what the user types at the moment stays."""


class TextEditor(Editor):
    def __init__(self, field: Field, change: Change) -> None:
        self._line = QLineEdit()
        self._line.setPlaceholderText(field.usual or field.hint)
        self._line.editingFinished.connect(self._finished)
        self._change = change
        self.widget = self.focus = self._line

    def show(self, value: Plain) -> None:
        if not self._line.isModified():
            self._line.setText(value if isinstance(value, str) else "")

    def write(self, text: str) -> None:
        self._line.setText(text)
        self._change(text)

    def _finished(self) -> None:
        if self._line.isModified():
            self._line.setModified(False)
            self._change(self._line.text().strip() or None)


class FileEditor(TextEditor):
    """A text with a button that looks for a file."""

    def __init__(self, field: Field, change: Change) -> None:
        super().__init__(field, change)
        self._field = field
        find = QPushButton(tr("Choose…"))
        find.setAutoDefault(False)
        find.setAccessibleName(tr("Choose: {}").format(field.label))
        find.clicked.connect(self._ask)
        self.widget = QWidget()
        row = QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line, 1)
        row.addWidget(find)

    def _ask(self) -> None:
        asked = QFileDialog(self._line, self._field.label)
        asked.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._field.kind is Kind.DIRECTORY:
            asked.setFileMode(QFileDialog.FileMode.Directory)
        else:
            asked.setFileMode(QFileDialog.FileMode.ExistingFile)
        asked.fileSelected.connect(self.write)
        asked.open()


class SwitchEditor(Editor):
    def __init__(self, field: Field, change: Change) -> None:
        self._usual = field.usual
        self._box = QCheckBox()
        self._box.clicked.connect(change)
        self.widget = self.focus = self._box

    def show(self, value: Plain) -> None:
        self._box.setChecked((value or self._usual) in ("true", "yes", "on", "True"))


class ChoiceEditor(Editor):
    def __init__(self, field: Field, change: Change) -> None:
        self._usual = field.usual
        self._box = QComboBox()
        self._box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for value, words in field.choices:
            self._box.addItem(words, value)
        self._box.activated.connect(lambda _: change(field.written(str(self._box.currentData()))))
        self.widget = self.focus = self._box

    def show(self, value: Plain) -> None:
        self._box.setCurrentIndex(self._box.findData(value or self._usual))


class SuggestionEditor(TextEditor):
    """A text, with some to choose from."""

    def __init__(self, field: Field, change: Change) -> None:
        super().__init__(field, change)
        self.widget = self._box = QComboBox()
        self._box.setEditable(True)
        self._box.setLineEdit(self._line)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._box.addItems([value for value, _ in field.choices])
        self._box.setCurrentIndex(-1)
        self._box.activated.connect(lambda _: self.write(self._box.currentText()))
        self._line.setAccessibleName(field.label)
        self.focus = self._box


class NumberEditor(Editor):
    def __init__(self, field: Field, change: Change) -> None:
        self._usual = int(field.usual)
        self._box = QSpinBox()
        self._box.setRange(*field.limits)
        self._box.setKeyboardTracking(False)
        self._box.valueChanged.connect(change)
        self.widget = self.focus = self._box

    def show(self, value: Plain) -> None:
        if not self._box.hasFocus():
            with QSignalBlocker(self._box):
                plain = isinstance(value, str) and value.isdecimal()
                self._box.setValue(int(str(value)) if plain else self._usual)


class ListEditor(Editor, QObject):
    """An item a line; written when the keyboard leaves."""

    def __init__(self, field: Field, change: Change) -> None:
        QObject.__init__(self)
        self._change = change
        self._text = QPlainTextEdit()
        self._text.setPlaceholderText(field.hint)
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        height = self._text.fontMetrics().lineSpacing() * LIST_LINES
        self._text.setFixedHeight(height + 2 * int(self._text.document().documentMargin()) + 4)
        self._text.installEventFilter(self)
        self.widget = self.focus = self._text

    def show(self, value: Plain) -> None:
        if not self._text.document().isModified():
            items = value if isinstance(value, list) else filter(None, [value])
            self._text.setPlainText("\n".join(map(str, items)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.FocusOut and self._text.document().isModified():
            self._text.document().setModified(False)
            lines = (line.strip() for line in self._text.toPlainText().splitlines())
            self._change([line for line in lines if line] or None)
        return super().eventFilter(watched, event)


_EDITORS: dict[Kind, Callable[[Field, Change], Editor]] = {
    Kind.TEXT: TextEditor,
    Kind.FILE: FileEditor,
    Kind.DIRECTORY: FileEditor,
    Kind.LIST: ListEditor,
    Kind.NUMBER: NumberEditor,
    Kind.SWITCH: SwitchEditor,
    Kind.CHOICE: ChoiceEditor,
    Kind.SUGGESTION: SuggestionEditor,
}


def editor(field: Field, change: Change) -> Editor:
    """What fits the kind of the field, with its name for those who cannot see the label."""
    made = _EDITORS[field.kind](field, change)
    made.focus.setAccessibleName(field.label)
    return made
