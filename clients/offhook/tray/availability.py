# SPDX-License-Identifier: GPL-2.0-or-later
"""What others are to see of the user, to be chosen."""

from functools import partial

from PySide6.QtWidgets import QComboBox

from offhook.aio import Phone

from .labels import name_choice
from .menu import AVAILABILITIES, Do, availability_words
from .words import tr


class AvailabilityChoice(QComboBox):
    def __init__(self, phone: Phone, do: Do) -> None:
        super().__init__()
        self._phone = phone
        name_choice(self, tr("Availability"))
        for one in AVAILABILITIES:
            self.addItem(availability_words(one), one)
        self.activated.connect(
            lambda index: do(partial(phone.set_availability, AVAILABILITIES[index]))
        )

    def update_view(self) -> None:
        now = self._phone.availability
        known = now in AVAILABILITIES
        self.setCurrentIndex(AVAILABILITIES.index(now if known else "busy"))
        self.setEnabled(self._phone.present)
