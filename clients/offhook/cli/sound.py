# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook record, play``."""

import argparse
import asyncio
from pathlib import Path

from offhook.aio import Phone
from offhook.call import Call

from .session import find_call, with_phone


def run(options: argparse.Namespace) -> int:
    path = Path(getattr(options, "file", "")).absolute()

    async def act(phone: Phone) -> int:
        if options.command == "record":
            await _record(find_call(phone, options.call, "SetRecording"), options.act)
        else:
            await _play(find_call(phone, options.call, "Play"), path)
        return 0

    return with_phone(act)


async def _record(call: Call, act: str) -> None:
    if act in ("pause", "resume"):
        await call.pause_recording(act == "pause")
    else:
        print(await call.record(act == "start"))


async def _play(call: Call, path: Path) -> None:
    """Until it is over; whoever interrupts this interrupts the playing."""
    await call.play(str(path))
    try:
        await call.until(lambda: call.playing != str(path))
    except asyncio.CancelledError:
        await call.stop_playing()
        raise
