# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook demo``: a whole call on this machine, without account or registrar."""

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from offhook.aio import Phone
from offhook.call import Call
from offhook.changes import Added, Changed, Changes
from offhook.errors import NoDaemonError
from offhook.objects import BUS_NAME, ROOT

from . import meter
from .history import print_rows
from .output import USEC, Colour, clean, paint, state_colour
from .refusal import RefusedError
from .stage import Stage
from .status import ended

TERMINATED = 143
"""As shells count: 128 and the number of SIGTERM."""

ANSWER_LIMIT_S = 30.0
"""The echo answers at once, when it gets its turn."""
METER_S = 5.5
"""Long enough for the first report of the far end, which comes after five seconds."""
KEYS = "1,2,3,4,5,6,7"
"""What is heard in place of a voice where there is no microphone: as long as the meter."""
KEY_MS = 300


def run(_options: argparse.Namespace) -> int:
    try:
        asyncio.run(_demo())
    except asyncio.CancelledError:
        return TERMINATED
    return 0


async def _demo() -> None:
    _end_in_order()
    _heading("A call to an echo on this machine, without account or registrar")
    async with Stage() as stage:
        try:
            async with Phone(stage.address) as phone, _states_shown(phone) as showing:
                _introduce(phone, stage)
                await _call(phone, stage)
                if sys.stdout.isatty():
                    _explain(stage)
                    await _stay(showing)
        except NoDaemonError:
            raise await stage.daemon.failure("went away") from None


def _end_in_order() -> None:
    """What was started is ended, also when the terminal is closed."""
    task = asyncio.current_task()
    assert task  # noqa: S101 - this is one
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _call(phone: Phone, stage: Stage) -> None:
    call = await _place(phone, stage.party)
    await _hear(call, stage)
    await _measure(call)
    _heading("Hanging up")
    await call.hangup()
    _heading("In the history")
    print_rows([await phone.history.get(call.id)])


def _introduce(phone: Phone, stage: Stage) -> None:
    _fact("phone", f"offhookd {phone.version}, engine {phone.engine.get('version', '')}")
    _fact("bus", stage.address or "the session bus")
    _fact("sound", stage.sound)
    _fact("echo", stage.party)


async def _place(phone: Phone, address: str) -> Call:
    _heading("Calling it over D-Bus")
    call = await phone.dial(address)
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            await call.answered()
    except TimeoutError:
        raise RefusedError(f"The echo did not answer; the call is {call.state}") from None
    if not call.up:
        raise RefusedError(f"The call failed: {ended(call)}")
    return call


async def _hear(call: Call, stage: Stage) -> None:
    _heading("Sound goes out and comes back")
    keys = KEYS if stage.silent else ""
    loudest, _ = await asyncio.gather(meter.show(call, METER_S), _press(call, keys))
    if not stage.real and loudest.received < meter.HEARD_DBFS:
        raise RefusedError("The sound that went out did not come back from the echo")


async def _press(call: Call, keys: str) -> None:
    if keys:
        await call.send_dtmf(keys, "inband", KEY_MS)


async def _measure(call: Call) -> None:
    await call.mute()
    trip_s = await meter.round_trip(call)
    sent, received = await call.packets()
    _heading("What the call is made of")
    _fact("codec", f"{call.codec}, {call.clock_rate} Hz")
    _fact("packets", f"{sent} sent, {received} received; quality {call.quality}")
    _fact(
        "round trip",
        f"{trip_s * 1000:.0f} ms without sound devices (median of {meter.BURSTS} tones, each"
        f" ±{meter.INTERVAL_MS // 2} ms)",
    )
    if call.round_trip_usec:
        _fact("network", f"{call.round_trip_usec / 1000:.1f} ms of it (RTCP)")


def _explain(stage: Stage) -> None:
    """The same by hand, exactly."""
    private = f"--address={stage.address}" if stage.address else "--user"
    _heading("The same by hand, while this runs")
    telephony = f"{BUS_NAME} {ROOT} {BUS_NAME}.Telephony"
    for line in (
        f"busctl {private} tree {BUS_NAME}",
        f"busctl {private} call {telephony} Dial 'sa{{sv}}' {stage.party} 0",
        f"busctl {private} get-property {telephony} Calls",
        f"busctl {private} call {telephony} HangupAll",
        f"{_for_cli(stage)}{_program()} watch",
    ):
        print(f"  {line}")


def _for_cli(stage: Stage) -> str:
    return f"DBUS_SESSION_BUS_ADDRESS={stage.address} " if stage.address else ""


def _program() -> str:
    """As it can be typed: by its name where the shell finds it."""
    beside = str(Path(sys.executable).with_name("offhook"))
    return "offhook" if shutil.which("offhook") else beside


async def _stay(showing: asyncio.Task[None]) -> None:
    """Go on serving until Ctrl-C, which is no failure then."""
    _heading("Running until Ctrl-C; calls made by hand appear here")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    stopping = asyncio.create_task(stop.wait(), name="Ctrl-C")
    try:
        await asyncio.wait({stopping, showing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    print()
    if showing.done():
        await showing


@asynccontextmanager
async def _states_shown(phone: Phone) -> AsyncIterator[asyncio.Task[None]]:
    """Print the states of every call meanwhile; the task ends when the daemon does."""
    task = asyncio.create_task(_show_states(phone.changes()), name="states of calls")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _show_states(changes: Changes) -> None:
    async for change in changes:
        match change:
            case Added(Call() as call):
                _show_state(call, call.state)
            case Changed(Call() as call, properties={"State": state}):
                _show_state(call, state)


def _show_state(call: Call, state: str) -> None:
    after_s = max(0.0, time.time() - call.created_at / USEC)
    note = "" if state != "ended" else f"  {clean(ended(call))}"
    print(f"  {after_s:6.3f} s  {call.name}  {paint(state, state_colour(state))}{note}", flush=True)


def _heading(text: str) -> None:
    print(paint(f"\n{text}", Colour.BOLD), flush=True)


def _fact(name: str, text: str) -> None:
    print(f"  {name:<10}  {clean(text)}", flush=True)
