# SPDX-License-Identifier: GPL-2.0-or-later
"""What is recorded of calls, and what is played into them."""

from dataclasses import dataclass

from .playing import Playing
from .recording import Recordings


@dataclass(frozen=True, slots=True)
class CallSound:
    recordings: Recordings
    playing: Playing
