#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An answering machine: takes a call that nobody takes, plays a greeting, and records what is said.

answering_machine.py GREETING.wav [--after 20] [--longest 120]
"""

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

from offhook.aio import Phone
from offhook.call import Call
from offhook.changes import Added


async def main(greeting: str, after_s: float, longest_s: float) -> None:
    async with Phone() as phone, asyncio.TaskGroup() as answering:
        print("waiting for calls", flush=True)
        async for change in phone.changes():
            match change:
                case Added(Call(direction="incoming") as call):
                    answering.create_task(take(call, greeting, after_s, longest_s))


async def take(call: Call, greeting: str, after_s: float, longest_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(after_s):
            await call.until(lambda: call.state != "incoming")
    if call.state != "incoming":
        return  # somebody was faster, or the caller gave up
    await call.answer()
    await call.mute()  # the caller is not to hear the room
    await call.play(greeting)
    await call.until(lambda: not call.playing or not call.up)
    if not call.up:
        return
    print(f"{call.peer_uri}  {await call.record()}", flush=True)
    with suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await call.over()
    if call.up:
        await call.hangup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("greeting", metavar="GREETING.wav")
    parser.add_argument("--after", type=float, default=20, metavar="SECONDS")
    parser.add_argument("--longest", type=float, default=120, metavar="SECONDS")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        path = str(Path(options.greeting).absolute())
        asyncio.run(main(path, options.after, options.longest))
