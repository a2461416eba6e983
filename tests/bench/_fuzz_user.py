# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody who presses every button that there is, and does not wait."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT

# The library is untyped where this program uses it.
Variant: Any = import_module("dbus_next").Variant
_Message: Any = import_module("dbus_next").Message
_ERROR: Any = import_module("dbus_next").MessageType.ERROR
_PROPERTIES = "org.freedesktop.DBus.Properties"

SERVED = ("udp", "tcp", "tls")
ACCOUNTS = ("open", *SERVED)

TONES = ("1", "#*0", "ABCD", "1,2", "")
PLACES = ("udp", "tcp", "tls", "peer", "1", "*21*1#", "+4930123456")
PRESSES: tuple[tuple[str, str, str], ...] = (
    *(("Call", name, "") for name in ("Answer", "Answer", "Answer", "Hangup", "Hold", "Resume")),
    *(("Call", name, "") for name in ("Start", "Ring", "Flash", "StopPlaying")),
    *(("Call", name, "s") for name in ("Redirect", "Transfer", "Decline")),
    *(("Call", "TransferTo", "o"), ("Call", "SetRecording", "b"), ("Call", "PauseRecording", "b")),
    *(("Call", "SendDtmf", "sa{sv}"), ("CallMedia", "GetStatistics", "")),
    *(("Telephony", "Merge", "ao"), ("Telephony", "Swap", ""), ("Telephony", "Redial", "")),
    *(("Messages", "Send", "ssa{sv}"), ("Contacts", "Watch", "sb"), ("Account", "Register", "")),
    *(("Conference", "Hangup", ""), ("Conference", "Split", "o"), ("Conference", "Add", "o")),
)


class User:
    """Presses what is there to press, on D-Bus."""

    def __init__(self, bus: Any, rng: random.Random, echo: str) -> None:
        self._bus = bus
        self._rng = rng
        self._echo = echo
        self.answers: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._pressing: set[asyncio.Task[object]] = set()

    async def ask(self, path: str, interface: str, member: str, kind: str = "", *body: Any) -> Any:
        """The body of the reply, or None for an error."""
        message = _Message(
            destination=BUS_NAME, path=path, interface=interface, member=member,
            signature=kind, body=list(body),
        )  # fmt: skip
        began = time.monotonic()
        reply = await self._bus.call(message)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        failed = reply.message_type is _ERROR
        self.answers[reply.error_name.rpartition(".")[2] if failed else "done"] += 1
        return None if failed else reply.body

    async def get(self, interface: str, name: str, path: str = ROOT) -> Any:
        body = await self.ask(path, _PROPERTIES, "Get", "ss", f"{BUS_NAME}.{interface}", name)
        return body[0].value if body else None

    async def set(self, path: str, interface: str, name: str, kind: str, value: object) -> None:
        arguments = (f"{BUS_NAME}.{interface}", name, Variant(kind, value))
        await self.ask(path, _PROPERTIES, "Set", "ssv", *arguments)

    async def calls(self) -> list[str]:
        return list(await self.get("Telephony", "Calls") or ())

    async def own_calls(self) -> list[str]:
        """Without those of desk phones that cannot be told to hang up."""
        calls = await self.calls()
        return [path for path in calls if not await self.get("Call", "Through", path)]

    async def dial(self, target: str, options: Mapping[str, Any] | None = None) -> str:
        telephony = f"{BUS_NAME}.Telephony"
        body = await self.ask(ROOT, telephony, "Dial", "sa{sv}", target, options or {})
        return str(body[0]) if body else ""

    def press(self) -> None:
        """Something, and do not wait for it."""
        task: asyncio.Task[object] = asyncio.create_task(self._press())
        self._pressing.add(task)
        task.add_done_callback(self._pressing.discard)

    async def rest(self) -> None:
        await asyncio.gather(*self._pressing)

    async def _press(self) -> None:
        chance = self._rng.random()
        if chance < 0.1:
            account = {"account": Variant("o", f"{ROOT}/accounts/{self._rng.choice(ACCOUNTS)}")}
            await self.dial(self._place(), account)
        elif chance < 0.13:
            through = self._rng.choice(("ami", "refer", "hall"))
            await self.dial(self._place(), {"through": Variant("s", through)})
        elif chance < 0.2:
            await self._settle()
        else:
            await self._button()

    async def _settle(self) -> None:
        path = f"{ROOT}/accounts/{self._rng.choice(ACCOUNTS)}"
        name, kind, value = self._rng.choice((
            ("ForwardAlways", "s", self._rng.choice((self._echo, "sip:x@127.0.0.1:9"))),
            ("ForwardAlways", "s", ""), ("ForwardAlways", "s", ""),
            ("ForwardBusy", "s", self._echo), ("ForwardBusy", "s", ""),
            ("ForwardNoAnswer", "s", self._rng.choice((self._echo, ""))),
            ("ForwardNoAnswerSeconds", "u", 5),
            ("DoNotDisturb", "b", True), ("DoNotDisturb", "b", False), ("DoNotDisturb", "b", False),
            ("Enabled", "b", True), ("Enabled", "b", True), ("Enabled", "b", False),
        ))  # fmt: skip
        await self.set(path, "Account", name, kind, value)

    async def _button(self) -> None:
        calls = await self.calls()
        interface, member, kind = self._rng.choice(PRESSES)
        path = ROOT
        if interface in {"Call", "CallMedia"}:
            if not calls:
                return
            path = self._rng.choice(calls)
        elif interface == "Account":
            path = f"{ROOT}/accounts/{self._rng.choice(SERVED)}"
        elif interface == "Conference":
            path = f"{ROOT}/conference"
        other = self._rng.choice(calls) if calls else "/"
        values = {"s": self._place(), "o": other, "b": self._rng.random() < 0.5, "ao": calls}
        body = [values[one] for one in re.findall(r"a\{sv\}|ao|[sob]", kind) if one in values]
        if kind.endswith("a{sv}"):
            body.append({})
        if member == "SendDtmf":
            body[0] = self._rng.choice(TONES)
        await self.ask(path, f"{BUS_NAME}.{interface}", member, kind, *body)

    def _place(self) -> str:
        return self._rng.choice((*PLACES, self._echo))

    async def calm(self) -> None:
        """No call, and every account as it was."""
        for name in ACCOUNTS:
            path = f"{ROOT}/accounts/{name}"
            for setting in ("ForwardAlways", "ForwardBusy", "ForwardNoAnswer"):
                await self.set(path, "Account", setting, "s", "")
            await self.set(path, "Account", "DoNotDisturb", "b", value=False)
            await self.set(path, "Account", "Enabled", "b", value=True)
