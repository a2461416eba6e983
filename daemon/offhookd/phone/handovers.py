# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that change their parties: handed over or forwarded from here, or sent elsewhere by the
far end."""

from dataclasses import dataclass

from .connected import ConnectedLines
from .detours import Detours
from .relays import Relays
from .transfers import Transfers


@dataclass(frozen=True, slots=True)
class Handovers:
    transfers: Transfers
    detours: Detours
    relays: Relays
    connected: ConnectedLines
