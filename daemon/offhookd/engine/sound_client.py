# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings and played sounds, as messages for the engine."""

import asyncio
from base64 import b64encode

from offhookd.phone.errors import PhoneError
from offhookd.phone.playing import PlayingEngine, Sound
from offhookd.phone.ports import Done
from offhookd.phone.recording import RecordingEngine, RecordingOptions
from offhookd.phone.values import CallId

from . import protocol as p
from .client import EngineClient

PIECE_BYTES = 6_000
"""8,000 characters in base64; a message has room for 8,192."""


class SoundClient(RecordingEngine, PlayingEngine):
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
        self._loading[number] = task
        task.add_done_callback(lambda _: self._loading.pop(number))

    def stop_playing(self, number: int) -> None:
        if task := self._loading.get(number):
            task.cancel()
        self._engine.tell(p.StopSound(sound=number))

    async def _play(self, number: int, call: CallId, sound: Sound, done: Done) -> None:
        """Piece by piece, as the engine takes them: a long sound must not hold up the calls."""
        try:
            for start in range(0, len(sound.samples), PIECE_BYTES):
                piece = b64encode(sound.samples[start : start + PIECE_BYTES]).decode()
                await self._engine.ask(p.LoadSound(sound=number, samples=piece))
        except PhoneError as error:
            done(error)
            return
        leg = self._engine.leg(call)
        command = p.PlaySound(sound=number, leg=leg, rate=sound.rate, channels=sound.channels)
        self._engine.tell(command, done)
