# SPDX-License-Identifier: GPL-2.0-or-later
"""One connection to the sound server, kept up.

PulseAudio and PipeWire speak the same protocol here.  While connected nothing polls: the server
tells what changes.  An absent server is a state with a sentence, never an error.
"""

import asyncio
import contextlib
import importlib
import logging
from asyncio import timeout
from collections.abc import Awaitable, Callable
from typing import Any

from offhookd.phone.errors import AudioUnavailableError
from offhookd.sound.endpoints import Inventory, Side, inventory
from offhookd.sound.ringer import RingerVolume
from offhookd.sound.volume import FULL, at_level, level_of

log = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
"""A server that is restarted is back within a second."""

LAST_RETRY_S = 30.0
"""At most two wake-ups a minute on a machine without a sound server; a call asks at once."""

ANSWER_S = 15.0
"""A healthy server answers in 1 ms, but an overloaded machine may not let it for seconds; one that
is stopped never does.  Shorter than the 25 s that a D-Bus client waits for a volume it set."""

_LIBRARY = "offhookd.sound.pulse"
"""Imported when it is needed, and in a thread: 50 ms, most of them the dynamic linker's."""

CLIENT_NAME = "offhook"
NOT_IN_USE = "The sound server is not in use."
ABSENT = (
    "No sound server answers: start PipeWire or PulseAudio"
    " (systemctl --user status pipewire-pulse pulseaudio)."
)


class SoundServer:
    """`inventory` and `ringer` are always the newest known; `on_change` is called after a change.

    `address` is a PulseAudio server string, None for the user's own server.
    """

    def __init__(self, on_change: Callable[[], None], address: str | None = None) -> None:
        self.inventory = Inventory(problem=NOT_IN_USE)
        self.ringer = RingerVolume()
        self._on_change = on_change
        self._address = address
        self._library: Any = None
        self._pulse: Any = None
        self._stale = asyncio.Event()
        self._devices_changed = False
        self._turn = asyncio.Lock()
        self._retry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="sound server")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        if self._pulse is not None:
            self._pulse.disconnect()  # else the library says good-bye and awaits the answer
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self.inventory = Inventory(problem=NOT_IN_USE)

    def retry_now(self) -> None:
        """Sound is wanted: do not wait for the next attempt to connect."""
        self._retry.set()

    async def set_device_level(self, side: Side, name: str, level: float) -> None:
        """Raises `AudioUnavailableError`."""
        await self._change_level(side, name, lambda _: level)

    async def turn_device(self, side: Side, name: str, by: float) -> None:
        """Louder or less loud than it is at that moment.  Raises `AudioUnavailableError`."""
        await self._change_level(side, name, lambda level: min(FULL, max(0.0, level + by)))

    async def _change_level(self, side: Side, name: str, wanted: Callable[[float], float]) -> None:
        async def change(pulse: Any) -> None:
            get = pulse.get_source_by_name if side is Side.CAPTURE else pulse.get_sink_by_name
            device = await get(name)
            level = wanted(level_of(device.volume.values))
            device.volume.values = at_level(device.volume.values, level)
            await pulse.volume_set(device, device.volume)
            await self._refresh(pulse)

        await self._ask(change)

    async def set_ringer_level(self, level: float) -> None:
        """For the ringing now and every later one; without a server it is only remembered."""
        self.ringer.set(level)
        if self._pulse is not None:
            await self._ask(self.ringer.apply)

    async def _ask(self, question: Callable[[Any], Awaitable[None]]) -> None:
        pulse = self._pulse
        if pulse is None:
            self.retry_now()
            raise AudioUnavailableError(self.inventory.problem)
        try:
            async with timeout(ANSWER_S):
                await self._complete(question, pulse)
        except TimeoutError:
            raise AudioUnavailableError("The sound server does not answer: restart it.") from None
        except self._library.FAILURES as error:
            raise AudioUnavailableError(f"The sound server refused: {error!r:.200}.") from None

    async def _complete(self, question: Callable[[Any], Awaitable[None]], pulse: Any) -> None:
        """Ask, or give up the connection.

        When a question is cancelled, its callback is freed while libpulse still holds it: an
        answer that comes late would crash the process.  Without the connection none comes.
        """
        async with self._turn:
            if pulse is not self._pulse:
                raise AudioUnavailableError(ABSENT)
            try:
                await question(pulse)
            except asyncio.CancelledError:
                pulse.disconnect()
                raise

    async def _run(self) -> None:
        try:
            self._library = await asyncio.to_thread(importlib.import_module, _LIBRARY)
        except (ImportError, OSError) as error:
            self._lose(f"Sound needs libpulse and pulsectl-asyncio: install them ({error}).")
            return
        delay_s = FIRST_RETRY_S
        while True:
            connected = await self._session()
            if self._task is None:  # Python 3.11's TaskGroup loses a cancellation beside an error
                return
            self._lose(ABSENT)
            if connected:
                delay_s = FIRST_RETRY_S
            self._retry.clear()
            with contextlib.suppress(TimeoutError):
                async with timeout(delay_s):
                    await self._retry.wait()
            delay_s = min(2 * delay_s, LAST_RETRY_S)

    async def _session(self) -> bool:
        """From connecting to losing the server; False when it was not there."""
        pulse = self._library.Connection(CLIENT_NAME, server=self._address)
        connected = False
        try:
            await pulse.connect(autospawn=False, timeout=ANSWER_S)
            connected = True
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(pulse), name="sound server events")
                tasks.create_task(self._follow(pulse), name="sound server state")
        except* self._library.FAILURES as group:
            log.debug("sound server: %s", group.exceptions)
        finally:
            await self._close(pulse)
        return connected

    async def _close(self, pulse: Any) -> None:
        """A question that goes on with a closed context would abort the process: it ends first."""
        self._pulse = None
        pulse.disconnect()
        async with self._turn:
            pulse.close()

    async def _listen(self, pulse: Any) -> None:
        async for event in pulse.subscribe_events("sink", "source", "server", "sink_input"):
            if event.facility == "sink_input":
                self.ringer.note(event)
            else:
                self._devices_changed = True
            self._stale.set()

    async def _follow(self, pulse: Any) -> None:
        self._pulse = pulse
        try:
            async with timeout(ANSWER_S):
                await self._complete(self._meet, pulse)
            log.info("connected to the sound server")
            while True:
                await self._stale.wait()
                async with timeout(ANSWER_S):
                    await self._complete(self._catch_up, pulse)
        finally:
            pulse.disconnect()

    async def _meet(self, pulse: Any) -> None:
        await self.ringer.apply(pulse)
        await self._refresh(pulse)

    async def _catch_up(self, pulse: Any) -> None:
        """What arrives meanwhile is looked at in one go afterwards."""
        self._stale.clear()
        if await self.ringer.settle(pulse):
            self._on_change()
        if self._devices_changed:
            self._devices_changed = False
            await self._refresh(pulse)

    async def _refresh(self, pulse: Any) -> None:
        sinks, sources = await pulse.sink_list(), await pulse.source_list()
        self._show(inventory(sinks, sources, await pulse.server_info()))

    def _lose(self, problem: str) -> None:
        if problem != self.inventory.problem:
            log.warning("%s", problem)
        self._show(Inventory(problem=problem))

    def _show(self, new: Inventory) -> None:
        if new != self.inventory:
            self.inventory = new
            self._on_change()
