# SPDX-License-Identifier: GPL-2.0-or-later
"""Being on time although the machine is busy, as far as the system permits.

Both threads of the engine need it: a thread that waits for the interpreter lock waits for whoever
holds it, and an ordinary thread may have been put aside with the lock in its hands.  Measured with
one core busy: with the audio thread alone in real time it stood still for more than 120 ms.
"""

import contextlib
import os
import threading
from enum import IntEnum

NICE = -11
"""What sound servers take where real-time scheduling is refused."""


class Priority(IntEnum):
    """Real-time priorities: above everything ordinary, below the sound server's own."""

    SIP = 3
    AUDIO = 4


def raise_priority(priority: Priority) -> bool:
    """Let the calling thread run before ordinary ones; returns whether anything was permitted.

    Where nothing is, rtkit may grant it (MakeThreadRealtime, from outside of the sandbox).
    """
    with contextlib.suppress(PermissionError):
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(priority))
        return True
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        return True
    return False
