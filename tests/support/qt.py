# SPDX-License-Identifier: GPL-2.0-or-later
"""Qt without a screen."""

import pytest
from PySide6.QtGui import QBrush, QImage, QLinearGradient, QPainter
from PySide6.QtWidgets import QApplication

LARGE = 1024
"""Pixels; Qt's own threads help to shade a picture of this size, and stay for a while."""


def offscreen() -> QApplication:
    """The only application of this process, with what Qt keeps once it has drawn something."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("QT_QPA_PLATFORM", "offscreen")
        made = QApplication.instance() or QApplication(["test"])
    assert isinstance(made, QApplication)
    picture = QImage(LARGE, LARGE, QImage.Format.Format_RGB32)
    with QPainter(picture) as painter:
        painter.fillRect(picture.rect(), QBrush(QLinearGradient(0, 0, LARGE, LARGE)))
    return made
