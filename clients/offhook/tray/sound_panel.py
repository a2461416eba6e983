# SPDX-License-Identifier: GPL-2.0-or-later
"""Which microphone and loudspeakers, and how loud."""

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QSlider, QWidget

from offhook.aio import Phone
from offhook.audio import AUDIO, PATHS, Audio

from .labels import name_choice
from .menu import Do
from .people import shown
from .words import tr

FULL = 100
DEFAULT = "default"


class SoundPanel(QWidget):
    def __init__(self, audio: Audio, do: Do) -> None:
        super().__init__()
        self._audio = audio
        self._do = do
        form = QFormLayout(self)
        self._choices: dict[str, QComboBox] = {}
        self._volumes: dict[str, QSlider] = {}
        for path, name in zip(PATHS, _names(), strict=True):
            self._choices[path] = self._choice(path, name)
            self._volumes[path] = self._volume(path, tr("Volume: {}").format(name))
            form.addRow(QLabel(name), self._choices[path])
            form.addRow("", self._volumes[path])

    def update_view(self, phone: Phone) -> None:
        known = phone.present and AUDIO in self._audio.interfaces
        self.setEnabled(known)
        if known:
            for path in PATHS:
                self._show_choice(path)
                slider = self._volumes[path]
                with QSignalBlocker(slider):
                    if not slider.isSliderDown():
                        slider.setValue(round(self._audio.volume(path) * FULL))

    def _show_choice(self, path: str) -> None:
        wanted = "playback" if path == "ringer" else path
        lines = [(tr("What the desktop uses"), DEFAULT)]
        for name, endpoint in self._audio.endpoints.items():
            if endpoint["direction"] == wanted and endpoint["available"]:
                lines.append((shown(endpoint["description"]) or name, name))
        box = self._choices[path]
        with QSignalBlocker(box):
            if lines != [(box.itemText(i), box.itemData(i)) for i in range(box.count())]:
                box.clear()
                for text, name in lines:
                    box.addItem(text, name)
            box.setCurrentIndex(max(box.findData((self._audio.preferences(path) or [""])[0]), 0))

    def _choice(self, path: str, name: str) -> QComboBox:
        box = QComboBox()
        name_choice(box, name)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.activated.connect(lambda: self._prefer(path, str(box.currentData())))
        return box

    def _volume(self, path: str, name: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, FULL)
        slider.setAccessibleName(name)
        slider.valueChanged.connect(
            lambda value: self._do(partial(self._audio.set_volume, path, value / FULL))
        )
        return slider

    def _prefer(self, path: str, name: str) -> None:
        """First of the list; the others stay behind it, for when this one is unplugged."""
        others = [one for one in self._audio.preferences(path) if one != name]
        self._do(partial(self._audio.prefer, path, [name, *others]))


def _names() -> tuple[str, str, str]:
    return tr("Microphone"), tr("Loudspeaker"), tr("Ringer")
