#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records every call from the moment it is answered, and prints where.

Mind the law: in many countries the other side must agree.
"""

import asyncio
from contextlib import suppress

from offhook.aio import Phone
from offhook.call import Call
from offhook.changes import Changed
from offhook.errors import OffhookError


async def main() -> None:
    async with Phone() as phone:
        print("waiting for calls", flush=True)
        async for change in phone.changes():
            match change:
                case Changed(subject=Call() as call, properties={"State": "active"}):
                    try:
                        print(f"{call.peer_uri}  {await call.record()}", flush=True)
                    except OffhookError as error:  # over already, or the disc is full
                        print(f"{call.peer_uri}  {error.message}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
