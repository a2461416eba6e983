# SPDX-License-Identifier: GPL-2.0-or-later
"""The states of a leg."""

from enum import StrEnum


class State(StrEnum):
    """In the order in which a leg goes through them; none is ever left backwards."""

    NEW = ""
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY = "early"
    ANSWERED = "answered"
    ACTIVE = "active"
    ENDED = "ended"


ORDER = tuple(State)
