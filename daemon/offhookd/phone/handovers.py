# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that change their parties: sent on from here, or sent elsewhere by the far end."""

from dataclasses import dataclass

from .detours import Detours
from .transfers import Transfers


@dataclass(frozen=True, slots=True)
class Handovers:
    transfers: Transfers
    detours: Detours
