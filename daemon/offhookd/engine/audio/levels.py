# SPDX-License-Identifier: GPL-2.0-or-later
"""How loud sound is.  16 bit samples; 0 dBFS is a peak at full scale."""

import math
from array import array

FULL_SCALE = 32768
SILENCE_DBFS = -120.0


def peak_dbfs(sound: bytes) -> float:
    """Level of the loudest sample, `SILENCE_DBFS` for none."""
    samples = array("h", sound)
    return dbfs(max(max(samples, default=0), -min(samples, default=0)))


def dbfs(amplitude: float) -> float:
    """The level of `amplitude` (0 to `FULL_SCALE`)."""
    if amplitude <= 0:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 20 * math.log10(amplitude / FULL_SCALE))
