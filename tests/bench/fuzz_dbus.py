# SPDX-License-Identifier: GPL-2.0-or-later
"""Throws nonsense at a real daemon over D-Bus, also while it has calls with an answering party.

    python -m tests.bench.fuzz_dbus [--calls 20000] [--seed 1]

Right and wrong signatures, extreme values, huge texts, deep variants, paths that are gone,
properties set to anything.  The daemon has to answer everything, to live, to keep its size, and
to have planned each of its errors: no traceback in its log.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from offhookd.bus.contract import InterfaceSpec, contract, standard
from offhookd.bus.names import BUS_NAME, ROOT
from offhookd.bus.signature import split
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import private_bus

# The library is untyped where this program uses it.
_library: Any = import_module("dbus_next")
_MessageBus: Any = import_module("dbus_next.aio").MessageBus
_Message: Any = _library.Message
_Variant: Any = _library.Variant
_ERROR: Any = _library.MessageType.ERROR

WORKERS = 16
PATIENCE_S = 25.0
"""As long as most clients wait for a reply."""
WARM_UP = 0.2
"""Part of the calls after which memory is looked at first."""
SETTLE_S = 7.0
"""Calls stay for five seconds after their end."""

BASICS = "ybnqiuxtdso"
INTEGERS = {
    "y": (0, 0xFF),
    "n": (-0x8000, 0x7FFF),
    "q": (0, 0xFFFF),
    "i": (-0x8000_0000, 0x7FFF_FFFF),
    "u": (0, 0xFFFF_FFFF),
    "x": (-(1 << 63), (1 << 63) - 1),
    "t": (0, (1 << 64) - 1),
}
TEXTS = (
    *("", "1", "1002", "sip:x@127.0.0.1", "sip:@", "tel:+49", "callto:", "<", '"a" <sip:b@c>'),
    *("sip:x@127.0.0.1:99999", "sip:x@[::1", "sip:x@127.0.0.1;lr;transport=tcp", "\u202e\u0007"),
    *("busy", "declined", "capture", "ringer", "rfc4733", "123", "incoming", "default", "before-7"),
    *("ä" * 300, "x" * 70_000, "9" * 5000, "%00%ff%", "a\nb\r\n", "🎧" * 100, "' OR 1=1 --"),
)
KEYS = (
    *("account", "display-name", "confirm", "request-id", "headers", "muted", "through", "method"),
    *(
        "duration-ms",
        "since",
        "until",
        "direction",
        "missed",
        "peer",
        "text",
        "mutd",
        "k" * 100_000,
    ),
)
HUGE = "h" * 5_000_000
NUMBERS = (0, 1, -1, 2, 7, 50, 160, 500)
DOUBLES = (0.0, 0.5, 1.0, -1.0, 1e308, float("nan"), float("inf"))


class Nonsense:
    """Calls that can be marshalled, made by chance; `calls` are the paths of the latest."""

    def __init__(self, seed: int, party: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        self._party = party
        self.calls: list[str] = []
        self._interfaces = [*contract().values(), *standard().values()]

    def call(self) -> Any:
        kind = self._chance.random()
        if kind < 0.01:
            return self._enable()
        if kind < 0.05:
            return self._dial()
        if kind < 0.25:
            return self._property()
        return self._method()

    def _enable(self) -> Any:
        """The account, which other calls switch off; without it there would be no calls."""
        arguments: list[object] = [f"{BUS_NAME}.Account", "Enabled", _Variant("b", True)]
        return self._message(f"{ROOT}/accounts/direct", _PROPERTIES, "Set", "ssv", arguments)

    def _dial(self) -> Any:
        options: dict[str, object] = {"request-id": _Variant("s", str(self._chance.randrange(200)))}
        if self._chance.random() < 0.3:
            options = {"confirm": _Variant("b", True)}
        arguments: list[object] = [self._party, options]
        return self._message(ROOT, f"{BUS_NAME}.Telephony", "Dial", "sa{sv}", arguments)

    def _property(self) -> Any:
        spec = self._interface()
        name = self._one([*spec.properties, "State", "Nothing", ""])
        known = spec.properties.get(name)
        signature = known.signature if known and self._mostly() else self._signature()
        arguments: list[object] = [spec.name, name]
        if self._chance.random() < 0.5:
            arguments.append(_Variant(signature, self._value(signature)))
            return self._message(self._path(spec), _PROPERTIES, "Set", "ssv", arguments)
        return self._message(self._path(spec), _PROPERTIES, "Get", "ss", arguments)

    def _method(self) -> Any:
        spec = self._interface()
        member = self._one([*spec.methods, "Nothing"])
        method = spec.methods.get(member)
        right = method is not None and self._mostly()
        signature = method.input_signature if method and right else self._signatures()
        body = [self._value(part) for part in split(signature)]
        interface = spec.name if self._mostly() else self._one(["", "a.b", spec.name])
        return self._message(self._path(spec), interface, member, signature, body)

    def _message(
        self, path: str, interface: str, member: str, signature: str, body: list[object]
    ) -> Any:
        return _Message(
            destination=BUS_NAME,
            path=path,
            interface=interface or None,
            member=member,
            signature=signature,
            body=body,
        )

    def _interface(self) -> InterfaceSpec:
        return self._chance.choice(self._interfaces)

    def _path(self, spec: InterfaceSpec | None = None) -> str:
        """Where `spec` is served, mostly."""
        kind = spec.name.removeprefix(f"{BUS_NAME}.") if spec and self._mostly() else ""
        if kind == "Account":
            return f"{ROOT}/accounts/direct"
        if kind.startswith("Call") and self.calls:
            return self._one(self.calls)
        if kind:
            return ROOT
        return self._one(["/", "/org", f"{ROOT}/calls/c1", f"{ROOT}/calls", "/x" * 200])

    def _mostly(self) -> bool:
        return self._chance.random() < 0.8

    def _one(self, choices: list[str]) -> str:
        return self._chance.choice(choices)

    def _signatures(self) -> str:
        return "".join(self._signature() for _ in range(self._chance.randrange(4)))

    def _signature(self, depth: int = 0) -> str:
        kind = self._chance.random()
        if depth > 4 or kind < 0.6:
            return self._chance.choice(BASICS)
        if kind < 0.7:
            return "v"
        if kind < 0.8:
            return "a" + self._signature(depth + 1)
        if kind < 0.9:
            return "a{" + self._chance.choice("sut") + self._signature(depth + 1) + "}"
        return f"({self._signature(depth + 1)}{self._signature(depth + 1)})"

    def _value(self, signature: str, depth: int = 0) -> object:
        code = signature[0]
        if code == "v":
            return self._variant(depth)
        if code == "(":
            return [self._value(part, depth) for part in split(signature[1:-1])]
        if signature.startswith("a{"):
            key, value = split(signature[2:-1])
            length = self._chance.randrange(4)
            return {self._key(key): self._value(value, depth) for _ in range(length)}
        if signature == "ay":
            return self._chance.randbytes(self._chance.randrange(50))
        if code == "a":
            length = self._chance.choice((0, 1, 3, 2000 if signature in ("at", "as") else 5))
            return [self._value(signature[1:], depth) for _ in range(length)]
        return self._basic(code)

    def _key(self, code: str) -> object:
        return self._chance.choice(KEYS) if code == "s" else self._basic(code)

    def _variant(self, depth: int) -> object:
        if depth == 0 and self._chance.random() < 0.05:
            return _deep(40)
        signature = self._signature(depth + 2)
        return _Variant(signature, self._value(signature, depth + 2))

    def _basic(self, code: str) -> object:
        if code == "b":
            return self._chance.random() < 0.5
        if code == "d":
            return self._chance.choice(DOUBLES)
        if code == "o":
            return self._path()
        if code == "s":
            return HUGE if self._chance.random() < 0.001 else self._chance.choice(TEXTS)
        low, high = INTEGERS[code]
        small = self._chance.choice(NUMBERS)
        return self._chance.choice((low, high, min(max(small, low), high)))


_PROPERTIES = "org.freedesktop.DBus.Properties"


def _deep(levels: int) -> object:
    value: object = _Variant("s", "bottom")
    for _ in range(levels):
        value = _Variant("v", value)
    return value


class Hail:
    """Many clients' worth of nonsense, and what came back."""

    def __init__(self, nonsense: Nonsense, address: str) -> None:
        self.answers: Counter[str] = Counter()
        self.silent: list[str] = []
        self.slowest_s = 0.0
        self._nonsense = nonsense
        self._address = address

    async def throw(self, calls: int) -> None:
        """Send so many calls, always several at once."""
        await asyncio.gather(*(self._client(calls // WORKERS) for _ in range(WORKERS)))

    async def _client(self, calls: int) -> None:
        bus = await _MessageBus(bus_address=self._address).connect()
        for _ in range(calls):
            message = self._nonsense.call()
            try:
                await self._one(bus, message)
            except EOFError:
                self.answers["(the bus itself found the message too odd)"] += 1
                bus = await _MessageBus(bus_address=self._address).connect()
        bus.disconnect()

    async def _one(self, bus: Any, message: Any) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            reply = await asyncio.wait_for(bus.call(message), PATIENCE_S)
        except TimeoutError:
            self.silent.append(f"{message.interface}.{message.member}({message.signature})")
            return
        self.slowest_s = max(self.slowest_s, loop.time() - began)
        self.answers[reply.error_name if reply.message_type is _ERROR else "done"] += 1
        if message.member == "Dial" and reply.signature == "o":
            self._nonsense.calls = [*self._nonsense.calls[-5:], reply.body[0]]


@contextmanager
def party() -> Iterator[str]:
    """The address of a second telephone that answers and echoes."""
    command = [sys.executable, "-m", "offhookd.party"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def size(pid: int) -> tuple[float, int]:
    """Resident memory in MB, and open descriptors."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return int(fields["VmRSS"].split()[0]) / 1024, descriptors


async def fuzz(calls: int, seed: int) -> bool:
    with private_bus() as bus, tempfile.TemporaryDirectory() as directory, party() as address:
        daemon = RunningDaemon(bus, Path(directory), DIRECT)
        try:
            await daemon.start()
            hail = Hail(Nonsense(seed, address), bus.address)
            await hail.throw(int(calls * WARM_UP))
            warm = size(daemon.pid)
            await hail.throw(calls - int(calls * WARM_UP))
            await asyncio.sleep(SETTLE_S)
            return report(hail, daemon, warm)
        finally:
            daemon.close()


def report(hail: Hail, daemon: RunningDaemon, warm: tuple[float, int]) -> bool:
    alive = daemon.process is not None and daemon.process.poll() is None
    tracebacks = daemon.log.count("Traceback")
    for name, count in hail.answers.most_common():
        print(f"{count:8d}  {name}")
    print(f"unanswered  {len(hail.silent)} {hail.silent[:5]}")
    print(f"slowest     {hail.slowest_s:.2f} s")
    print(f"tracebacks  {tracebacks}")
    if alive:
        after = size(daemon.pid)
        print(f"memory      {warm[0]:.1f} -> {after[0]:.1f} MB")
        print(f"descriptors {warm[1]} -> {after[1]}")
    if tracebacks or not alive:
        print(daemon.log[-6000:])
    print("alive" if alive else "DEAD")
    return alive and not tracebacks and not hail.silent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(0 if asyncio.run(fuzz(options.calls, options.seed)) else 1)


if __name__ == "__main__":
    main()
