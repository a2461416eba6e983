# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound as the user knows it, joined from what three rooms know: the sound server's devices, the
user's choices, and what the engine really has open."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from offhookd.config.schema import AudioConfig
from offhookd.engine import protocol as p
from offhookd.engine.client import EngineClient
from offhookd.phone.buttons import DeviceId
from offhookd.phone.errors import AudioUnavailableError, InvalidArgumentError, InvalidStateError
from offhookd.phone.events import Signal
from offhookd.phone.ports import Alerting
from offhookd.phone.problems import Problems
from offhookd.phone.ringing import Ringing
from offhookd.phone.service import AudioControl, AudioPath, Endpoint, Fact
from offhookd.phone.unplugging import Presence
from offhookd.phone.values import AudioBackend, CallId, OnUnplug
from offhookd.sound.control import Role, SoundControl
from offhookd.sound.endpoints import Side
from offhookd.sound.routing import DEFAULT
from offhookd.store.state import State

TEST_GRACE_S = 4.0
"""Opening a device that slept, beyond the seconds that were asked for."""
MOST_PREFERENCES = 32
LONGEST_NAME = 512
"""Of an endpoint, in characters; the engine takes no longer one."""


MUTED = {
    Role.CAPTURE: "The other end does not hear {}",
    Role.PLAYBACK: "Nothing of the call is heard from {}",
}

NOT_RUNG: tuple[tuple[str, ...], str] = ((), "")
"""Where the engine was told to ring, and with what, while it is silent."""


class Audio(AudioControl, Alerting):
    """`config` may be replaced at run time; choices made over D-Bus outweigh it."""

    def __init__(
        self, config: AudioConfig, engine: EngineClient, state: State, problems: Problems
    ) -> None:
        self.changed = Signal()
        self.levels = Signal()
        self.presence: Signal[[Presence]] = Signal()
        """Whether the devices of the calls are there; sent again when nothing changed."""
        self._config = config
        self._engine = engine
        self._state = state
        self._problems = problems
        self._sound = SoundControl(self._sound_changed)
        self._status = p.AudioStatus(state="closed", capture="", playback="", reason="")
        self._ring_sound = ""
        self._ringing = False
        self._silenced = False
        self._sets: Mapping[str, DeviceId] = {}
        self._ring_at = Ringing()
        self._rung = NOT_RUNG
        self._followed: dict[Role, str] = {}
        self._used = {Role.CAPTURE: "", Role.PLAYBACK: ""}
        self._turns: set[asyncio.Task[None]] = set()
        self._told: p.SetAudio | None = None

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        await self._sound.set_volume(Role.RINGER, self._state.audio.ringer_volume)
        await self.configure(self._config)

    async def stop(self) -> None:
        await self._sound.stop()

    async def configure(self, config: AudioConfig) -> None:
        """Another configuration was read."""
        self._config = config
        for path in AudioPath:
            self._sound.prefer(Role(path), self.preferences(path))
        if self._silent:
            await self._sound.stop()
        else:
            await self._sound.start()
        self._sound_changed()

    def engine_started(self) -> None:
        self._told = None
        self._apply()

    def status(self, status: p.AudioStatus) -> None:
        """What the engine says of its streams."""
        in_use, self._status = self._in_use, status
        self._judge()
        if status.state == "waiting":
            self._sound.retry_now()
        if in_use and not self._in_use:
            self.let_go()
        self._tell_presence()
        self.changed()

    @property
    def _silent(self) -> bool:
        """No sound device is wanted at all."""
        return self._config.backend is AudioBackend.SILENT

    def _sound_changed(self) -> None:
        # The user may have turned the ringing down in the desktop's mixer.
        self._state.audio = replace(
            self._state.audio, ringer_volume=self._sound.volume(Role.RINGER)
        )
        self._apply()
        self._follow_ringing()
        self._judge()
        self._tell_presence()

    def let_go(self) -> None:
        """A device that a call has lost is not waited for any longer."""
        self._used = dict.fromkeys(self._used, "")
        self._apply()

    def _apply(self) -> None:
        """Let the engine use what is best now."""
        self._used = {role: self._device(role) for role in self._used}
        wanted = p.SetAudio(
            backend=self._config.backend,
            capture=self._used[Role.CAPTURE],
            playback=self._used[Role.PLAYBACK],
            on_unplug=self._config.on_unplug,
            jitter_min_ms=self._config.jitter_buffer.minimum_ms,
            jitter_max_ms=self._config.jitter_buffer.maximum_ms,
        )
        if wanted != self._told:
            self._told = wanted
            self._engine.tell(wanted)
        self.changed()

    def _device(self, role: Role) -> str:
        """What the engine is to open: the lifted set's, else the best that is there.

        Always by name: a stream on "the default" would go wherever the default goes when its
        device is unplugged.  A device that was asked for by name, or has vanished in a call, is
        waited for: what was meant for a private ear must not come out of the loudspeakers.
        """
        followed, used = self._followed.get(role, ""), self._used[role]
        if followed:
            return followed
        if used and self._in_use and not self._may_move and not self._is_there(role, used):
            return used
        chosen = self._sound.route(role)
        named = [name for name in self._sound.preferences(role) if name != DEFAULT]
        return chosen.active or (named[0] if named else "")

    @property
    def _in_use(self) -> bool:
        return self._status.state not in {"closed", "silent"}

    @property
    def _may_move(self) -> bool:
        return self._config.on_unplug is OnUnplug.SPEAKER

    def _is_there(self, role: Role, name: str) -> bool:
        endpoint = self._sound.inventory.find(role.side, name)
        return endpoint is not None and endpoint.available

    def _tell_presence(self) -> None:
        """A call that waits for its device, or for the sound server, tells nothing."""
        if not self._in_use:
            self.presence(Presence.UNUSED)
        elif self._status.state == "moved":
            self.presence(Presence.GONE)
        elif self._status.state == "open":
            self.presence(Presence.THERE)

    def _judge(self) -> None:
        """A phone that cannot be heard or cannot hear is something its user should know."""
        for role in (Role.CAPTURE, Role.PLAYBACK):
            reason = "" if self._silent else self._sound.route(role).reason
            self._problems.hold(f"audio-no-{role}", reason)
            self._problems.hold(f"audio-muted-{role}", self._muted(role))
        interrupted = self._status.state in {"waiting", "moved"}
        self._problems.hold("audio-interrupted", self._status.reason if interrupted else "")

    def _muted(self, role: Role) -> str:
        """Told of a call's device, and left to the user: who muted it there, for all programs, had
        a reason, and a call that is muted is another thing."""
        name = self.active(AudioPath(role)) if self._in_use else ""
        endpoint = self._sound.inventory.find(role.side, name)
        if endpoint is None or not endpoint.muted:
            return ""
        effect = MUTED[role].format(endpoint.description)
        return f"{effect}: it is muted in the desktop's sound settings, unmute it there."

    # ------------------------------------------------------------ devices

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        return {
            endpoint.name: Endpoint(
                endpoint.description,
                endpoint.side,
                endpoint.available,
                self._set_of(endpoint.sysfs_path),
            )
            for endpoint in self._sound.inventory.without_monitors()
        }

    def belong_to(self, sets: Mapping[str, DeviceId]) -> None:
        """The telephone sets that are plugged in, by the sysfs path of the USB device."""
        if sets != self._sets:
            self._sets = sets
            self.changed()

    def _set_of(self, sysfs_path: str) -> DeviceId | None:
        found = (id_ for usb, id_ in self._sets.items() if sysfs_path.startswith(f"{usb}/"))
        return next(found, None)

    def preferences(self, path: AudioPath) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(self._state.audio, path)
        configured: tuple[str, ...] = getattr(self._config, path)
        return chosen or configured

    def prefer(self, path: AudioPath, names: Sequence[str]) -> None:
        if any(not name.isprintable() or not 0 < len(name) <= LONGEST_NAME for name in names):
            raise InvalidArgumentError(f"{path}: an endpoint has a name; see Endpoints")
        if len(names) > MOST_PREFERENCES:
            raise InvalidArgumentError(f"{path}: {MOST_PREFERENCES} names are enough")
        chosen, wanted = self._state.audio, tuple(names)
        match path:
            case AudioPath.CAPTURE:
                self._state.audio = replace(chosen, capture=wanted)
            case AudioPath.PLAYBACK:
                self._state.audio = replace(chosen, playback=wanted)
            case AudioPath.RINGER:
                self._state.audio = replace(chosen, ringer=wanted)
        self._used |= {Role(path): ""} if Role(path) in self._used else {}
        self._sound.prefer(Role(path), self.preferences(path))

    @property
    def knows_devices(self) -> bool:
        """Whether the sound server has told what there is."""
        return not self._sound.inventory.problem

    def endpoints_of(self, sys_path: str) -> tuple[str, str]:
        """Capture and playback endpoints of the hardware below `sys_path`, "" for none."""
        found = {Side.CAPTURE: "", Side.PLAYBACK: ""}
        for endpoint in self._sound.inventory.without_monitors():
            if endpoint.sysfs_path.startswith(f"{sys_path}/"):
                found[endpoint.side] = found[endpoint.side] or endpoint.name
        return found[Side.CAPTURE], found[Side.PLAYBACK]

    def follow(self, capture: str, playback: str) -> None:
        """Speak through these endpoints, whatever the preferences are; "" ends that."""
        followed = {Role.CAPTURE: capture, Role.PLAYBACK: playback}
        if followed != self._followed:
            self._followed = followed
            self.let_go()

    def turn(self, name: str, by: float) -> None:
        """Turn a loudspeaker up or down."""
        self._turn(self._sound.turn_device(Role.PLAYBACK, name, by))

    def turn_ringer(self, by: float) -> None:
        self._turn(self._sound.turn_ringer(by))

    def _turn(self, turning: Coroutine[None, None, None]) -> None:
        """What the server refuses is not worth a word: the key can be pressed again."""

        async def turn() -> None:
            with suppress(AudioUnavailableError):
                await turning

        task = asyncio.create_task(turn(), name="volume key")
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    def active(self, path: AudioPath) -> str:
        """What the engine really has open, else what it would open."""
        open_now = {
            AudioPath.CAPTURE: self._status.capture,
            AudioPath.PLAYBACK: self._status.playback,
        }
        return (
            open_now.get(path)
            or self._followed.get(Role(path), "")
            or self._sound.route(Role(path)).active
        )

    def volume(self, path: AudioPath) -> float:
        role = Role(path)
        if role is Role.RINGER:
            return self._sound.volume(role)
        endpoint = self._sound.inventory.find(role.side, self.active(path))
        return endpoint.level if endpoint else 0.0

    async def set_volume(self, path: AudioPath, volume: float) -> None:
        role, device = Role(path), self.active(path)
        if role is Role.RINGER or not device:
            await self._sound.set_volume(role, volume)
        else:
            await self._sound.set_device_volume(role, device, volume)
        self.changed()

    # ------------------------------------------------------------ ringing

    def ring(self, sound: str) -> None:
        if not self._ringing or sound != self._ring_sound:
            self._ringing, self._ring_sound = True, sound
            self._follow_ringing()

    def quiet(self) -> None:
        if self._ringing or self._silenced:
            self._ringing = self._silenced = False
            self._follow_ringing()
            self.changed()

    @property
    def silenced(self) -> bool:
        return self._silenced

    def silence(self, silenced: bool) -> None:
        if silenced and not self._ringing:
            raise InvalidStateError("Nothing rings that could be silenced")
        if silenced is not self._silenced:
            self._silenced = silenced
            self._follow_ringing()
            self.changed()

    def _follow_ringing(self) -> None:
        if self._ringing and not self._silenced:
            sinks = self._ringing_sinks()
            if (sinks, self._ring_sound) != self._rung:
                self._rung = (sinks, self._ring_sound)
                start = p.StartRinger(
                    sinks=sinks, sound=self._ring_sound, volume=self._sound.volume(Role.RINGER)
                )
                self._engine.tell(start if sinks else p.StopRinger())
        elif self._rung[0]:
            self._rung = NOT_RUNG
            self._engine.tell(p.StopRinger())

    def ring_at(self, where: Ringing) -> None:
        """Ring here from now on, the call that rings already included."""
        self._ring_at = where
        self._follow_ringing()

    def _ringing_sinks(self) -> tuple[str, ...]:
        speakers = self._sound.route(Role.RINGER)
        sets = tuple(sink for sink in self._ring_at.sinks if sink != speakers.active)
        if self._ring_at.speakers:
            return (speakers.device, *sets)
        return self._ring_at.sinks

    # ------------------------------------------------------------ measuring

    async def test(self, what: AudioPath, seconds: int) -> float:
        chosen = self._sound.route(Role(what))
        if not chosen.active:
            raise AudioUnavailableError(chosen.reason or "No sound device is configured")
        volume = self._sound.volume(Role.RINGER)
        trial = p.TestAudio(what=what, sink=chosen.device, seconds=seconds, volume=volume)
        reply = await self._engine.ask(trial, seconds + TEST_GRACE_S)
        peak = reply.data.get("peak", 0.0)
        return float(peak) if isinstance(peak, int | float) else 0.0

    def monitor(self, call: CallId, interval_ms: int) -> None:
        if leg := self._engine.leg(call):
            self._engine.tell(p.MonitorLevels(leg=leg, interval_ms=interval_ms))

    async def statistics(self, call: CallId) -> Mapping[str, Fact]:
        leg = self._engine.leg(call)
        if not leg:
            raise InvalidStateError("The call has ended; its figures are gone")
        reply = await self._engine.ask(p.GetStatistics(leg=leg))
        return {name: fact_of(value) for name, value in reply.data.items()}


def fact_of(value: p.Value) -> Fact:
    """A value of the engine's, with every list a list of texts."""
    return tuple(map(str, value)) if isinstance(value, tuple) else value
