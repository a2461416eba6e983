#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A wake-up call: dials at a time of day, plays a file to whoever answers, and hangs up.

wake_up_call.py 06:30 1002 GOOD_MORNING.wav
"""

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from offhook.blocking import Phone

RING_S = 60.0
LONGEST_S = 300.0


def seconds_until(clock: str) -> float:
    """From now to the next time that the clock shows this."""
    now = datetime.now().astimezone()
    wanted = datetime.strptime(clock, "%H:%M").time()  # noqa: DTZ007 - of the day, as people say it
    then = now.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    return (then if then > now else then + timedelta(days=1)).timestamp() - now.timestamp()


def wake(target: str, file: str) -> bool:
    """Whether somebody answered."""
    with Phone() as phone:
        call = phone.dial(target, muted=True)
        if not phone.wait(lambda: call.state in ("active", "ended"), RING_S):
            phone.do(call.hangup())
        if call.state != "active":
            return False
        phone.do(call.play(file))
        phone.wait(lambda: not call.playing, LONGEST_S)
        if call.up:
            phone.do(call.hangup())
        return True


if __name__ == "__main__":
    clock, target, file = sys.argv[1:]
    if clock != "now":
        time.sleep(seconds_until(clock))
    answered = wake(target, str(Path(file).absolute()))
    print("answered" if answered else "nobody answered")
    sys.exit(not answered)
