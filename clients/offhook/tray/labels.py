# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels for text that others chose: what looks like markup is shown, not obeyed."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy


def plain_label(text: str = "") -> QLabel:
    """Wraps instead of widening the window."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setText(text)
    return label


def name_choice(box: QComboBox, name: str) -> None:
    """For screen readers, to which the name of a choice is what was chosen."""
    box.setAccessibleName(name)
    box.setAccessibleDescription(name)
