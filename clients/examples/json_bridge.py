#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A bridge for home automation: one JSON object a line, events out on stdout, commands in on stdin.

    {"event": "call", "call": "c12", "state": "incoming", "from": "sip:1002@pbx", "name": "Ada"}
    {"event": "phone", "missed": 2, "availability": "available"}

    {"do": "dial", "target": "1002"}     {"do": "hangup", "call": "c12"}     {"do": "answer", ...}

With a URL as argument every event is also posted there (a webhook, as Home Assistant has them).
"""

import asyncio
import json
import sys
import urllib.request
from contextlib import suppress

from offhook.aio import Phone
from offhook.call import Call
from offhook.changes import Added, Change, Changed
from offhook.errors import OffhookError

WEBHOOK_LIMIT_S = 5.0


async def main(webhook: str) -> None:
    async with Phone() as phone, asyncio.TaskGroup() as work:
        changes = phone.changes()
        work.create_task(obey(phone))
        await tell({"event": "ready", "accounts": [one.id for one in phone.accounts]}, webhook)
        async for change in changes:
            if event := event_of(phone, change):
                await tell(event, webhook)


def event_of(phone: Phone, change: Change) -> dict[str, object] | None:
    match change:
        case Added(Call() as call) | Changed(Call() as call, _, {"State": _}):
            return {
                "event": "call",
                "call": call.name,
                "state": call.state,
                "direction": call.direction,
                "from": call.peer_uri,
                "name": call.contact_name or call.peer_name,
            }
        case Changed(subject, _, {"UnseenMissed": _} | {"Availability": _}) if subject is phone:
            missed = phone.history.unseen_missed
            return {"event": "phone", "missed": missed, "availability": phone.availability}
    return None


async def tell(event: dict[str, object], webhook: str) -> None:
    print(json.dumps(event), flush=True)
    if webhook:
        try:
            await asyncio.to_thread(post, webhook, event)
        except OSError as error:
            print(f"{webhook}: {error}", file=sys.stderr)


def post(webhook: str, event: dict[str, object]) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(webhook, json.dumps(event).encode(), headers)  # noqa: S310 - the user's own URL
    with urllib.request.urlopen(request, timeout=WEBHOOK_LIMIT_S):  # noqa: S310 - likewise
        pass


async def obey(phone: Phone) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        try:
            await do(phone, json.loads(line))
        except (OffhookError, ValueError, LookupError) as error:
            print(json.dumps({"event": "refused", "reason": str(error)}), flush=True)


async def do(phone: Phone, command: dict[str, str]) -> None:
    if command["do"] == "dial":
        await phone.dial(command["target"])
        return
    (call,) = [one for one in phone.calls if one.name == command["call"]]
    actions = {"answer": call.answer, "hangup": call.hangup, "hold": call.hold}
    await actions[command["do"]]()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
