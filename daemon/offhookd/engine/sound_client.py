# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings and played sounds, as messages for the engine."""

import asyncio
import logging
from base64 import b64encode

from offhookd.phone.errors import PhoneError
from offhookd.phone.hold_music import MusicEngine
from offhookd.phone.playing import PlayingEngine, Sound
from offhookd.phone.ports import Done
from offhookd.phone.recording import RecordingEngine, RecordingOptions
from offhookd.phone.values import CallId

from . import protocol as p
from .client import EngineClient

logger = logging.getLogger(__name__)

PIECE_BYTES = 6_000
"""8,000 characters in base64; a message has room for 8,192."""

HOLD_MUSIC = 0
"""Its number as a sound; what is played into calls is counted from 1."""


class SoundClient(RecordingEngine, PlayingEngine, MusicEngine):
    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._loading: dict[int, asyncio.Task[None]] = {}

    def record(self, run: int, call: CallId, options: RecordingOptions, done: Done) -> None:
        leg = self._engine.leg(call)
        command = p.StartRecording(recording=run, leg=leg, stereo=options.stereo, beep=options.beep)
        self._engine.tell(command, done)

    def stop_recording(self, run: int) -> None:
        self._engine.tell(p.StopRecording(recording=run))

    def play(self, number: int, call: CallId, sound: Sound, done: Done) -> None:
        task = asyncio.create_task(self._play(number, call, sound, done), name=f"play {number}")
        self._keep(number, task)

    def stop_playing(self, number: int) -> None:
        if task := self._loading.get(number):
            task.cancel()
        self._engine.tell(p.StopSound(sound=number))

    def hold_music(self, sound: Sound | None) -> None:
        self.stop_playing(HOLD_MUSIC)
        if sound is None:
            self._engine.tell(p.HoldMusic(rate=0, channels=1))
        else:
            task = asyncio.create_task(self._begin_music(sound), name="load the hold music")
            self._keep(HOLD_MUSIC, task)

    def _keep(self, number: int, task: asyncio.Task[None]) -> None:
        def loaded(_: asyncio.Task[None]) -> None:
            if self._loading.get(number) is task:
                del self._loading[number]

        self._loading[number] = task
        task.add_done_callback(loaded)

    async def _begin_music(self, sound: Sound) -> None:
        try:
            await self._load(HOLD_MUSIC, sound)
        except PhoneError as error:
            logger.warning("there is no music on hold: %s", error)
        else:
            self._engine.tell(p.HoldMusic(rate=sound.rate, channels=sound.channels))

    async def _load(self, number: int, sound: Sound) -> None:
        """Piece by piece, as the engine takes them: a long sound must not hold up the calls."""
        for start in range(0, len(sound.samples), PIECE_BYTES):
            piece = b64encode(sound.samples[start : start + PIECE_BYTES]).decode()
            await self._engine.ask(p.LoadSound(sound=number, samples=piece))

    async def _play(self, number: int, call: CallId, sound: Sound, done: Done) -> None:
        try:
            await self._load(number, sound)
        except PhoneError as error:
            done(error)
            return
        leg = self._engine.leg(call)
        command = p.PlaySound(sound=number, leg=leg, rate=sound.rate, channels=sound.channels)
        self._engine.tell(command, done)
