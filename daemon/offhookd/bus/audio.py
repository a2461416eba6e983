# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Audio: routing, volume, levels."""

from collections.abc import Callable, Mapping, Sequence

from offhookd.phone.calls import Calls
from offhookd.phone.errors import InvalidArgumentError, LimitReachedError
from offhookd.phone.service import AudioControl, AudioPath
from offhookd.phone.values import CallId

from .clients import Caller
from .exported import Exported, method, setter
from .paths import NOTHING, call_id, call_path, device_path
from .signature import typed

SHORTEST_INTERVAL_MS = 50
"""A meter that moves 20 times a second looks steady; more only costs."""
MOST_MONITORS = 16
LONGEST_TEST_S = 15
"""A method answers within 20 s, the device's waking up included."""

_ENDPOINT = {"description": "s", "direction": "s", "available": "b", "device": "o"}


class AudioInterface(Exported):
    interface = "org.offhook.Phone1.Audio"

    def __init__(self, audio: AudioControl, calls: Calls) -> None:
        self._audio = audio
        self._calls = calls
        self._monitors: dict[tuple[str, CallId], tuple[int, Callable[[], None]]] = {}
        audio.levels.connect(self._levels)
        calls.removed.connect(lambda call: self._forget_call(call.id))

    def values(self) -> Mapping[str, object]:
        audio = self._audio
        endpoints = {
            name: typed(
                _ENDPOINT,
                {
                    "description": endpoint.description,
                    "direction": endpoint.direction,
                    "available": endpoint.available,
                    "device": device_path(endpoint.device) if endpoint.device else NOTHING,
                },
            )
            for name, endpoint in audio.endpoints.items()
        }
        return {
            "Endpoints": endpoints,
            "Capture": audio.preferences(AudioPath.CAPTURE),
            "Playback": audio.preferences(AudioPath.PLAYBACK),
            "Ringer": audio.preferences(AudioPath.RINGER),
            "Active": tuple(audio.active(path) for path in AudioPath),
            "CaptureVolume": audio.volume(AudioPath.CAPTURE),
            "PlaybackVolume": audio.volume(AudioPath.PLAYBACK),
            "RingerVolume": audio.volume(AudioPath.RINGER),
            "Silenced": audio.silenced,
        }

    @setter("Capture")
    def set_capture(self, names: Sequence[str]) -> None:
        self._audio.prefer(AudioPath.CAPTURE, names)

    @setter("Playback")
    def set_playback(self, names: Sequence[str]) -> None:
        self._audio.prefer(AudioPath.PLAYBACK, names)

    @setter("Ringer")
    def set_ringer(self, names: Sequence[str]) -> None:
        self._audio.prefer(AudioPath.RINGER, names)

    @setter("CaptureVolume")
    async def set_capture_volume(self, volume: float) -> None:
        await self._audio.set_volume(AudioPath.CAPTURE, volume)

    @setter("PlaybackVolume")
    async def set_playback_volume(self, volume: float) -> None:
        await self._audio.set_volume(AudioPath.PLAYBACK, volume)

    @setter("RingerVolume")
    async def set_ringer_volume(self, volume: float) -> None:
        await self._audio.set_volume(AudioPath.RINGER, volume)

    @setter("Silenced")
    def set_silenced(self, silenced: bool) -> None:
        self._audio.silence(silenced)

    @method("Test")
    async def test(self, what: str, seconds: int) -> float:
        if what not in set(AudioPath):
            raise InvalidArgumentError(f"what is '{what}'; it can be {', '.join(AudioPath)}")
        if not 1 <= seconds <= LONGEST_TEST_S:
            raise InvalidArgumentError(f"seconds is {seconds}; it can be 1 to {LONGEST_TEST_S}")
        return await self._audio.test(AudioPath(what), seconds)

    # ------------------------------------------------------------ level monitors

    @method("MonitorLevels", wants_caller=True)
    def monitor_levels(self, caller: Caller, path: str, interval_ms: int) -> None:
        call = call_id(path)
        if interval_ms and interval_ms < SHORTEST_INTERVAL_MS:
            raise InvalidArgumentError(f"interval_ms is {SHORTEST_INTERVAL_MS} at least, or 0")
        known = self._calls.get(call)
        if interval_ms and (known is None or not known.up):
            raise InvalidArgumentError(f"The call {path} is gone")
        key = (caller.name, call)
        if interval_ms and key not in self._monitors and len(self._monitors) >= MOST_MONITORS:
            raise LimitReachedError(f"{MOST_MONITORS} level monitors are all there can be")
        self._forget(key)
        if interval_ms:
            self._monitors[key] = (interval_ms, caller.on_left(lambda: self._left(key)))
        self._audio.monitor(call, self._interval(call))

    def _levels(self, call: CallId, sent_dbfs: float, received_dbfs: float) -> None:
        for client, monitored in self._monitors:
            if monitored == call:
                self.emit("Levels", call_path(call), sent_dbfs, received_dbfs, to=client)

    def _left(self, key: tuple[str, CallId]) -> None:
        self._forget(key)
        self._audio.monitor(key[1], self._interval(key[1]))

    def _interval(self, call: CallId) -> int:
        """The fastest that anybody asked for: a client may hear more often than it wanted."""
        return min((ms for (_, one), (ms, _) in self._monitors.items() if one == call), default=0)

    def _forget(self, key: tuple[str, CallId]) -> None:
        if monitor := self._monitors.pop(key, None):
            monitor[1]()

    def _forget_call(self, call: CallId) -> None:
        for key in [key for key in self._monitors if key[1] == call]:
            self._forget(key)
