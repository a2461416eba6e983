# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets as part of the phone: their keys act on the calls, their lamps show them, and the
sound follows whoever was lifted."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from offhookd.audio import Audio
from offhookd.config.problems import ConfigError
from offhookd.config.schema import DevicesConfig
from offhookd.devices import quirks
from offhookd.devices.device import Device, DeviceState
from offhookd.devices.devices import Devices
from offhookd.devices.quirks import DeviceKind, QuirkBook
from offhookd.displays import Displays
from offhookd.phone.buttons import Button, DeviceId, Press
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.display import Counts
from offhookd.phone.errors import NotFoundError, PhoneError
from offhookd.phone.events import Signal
from offhookd.phone.following import Following
from offhookd.phone.handset_desk import HotLine, Surroundings, usable
from offhookd.phone.handset_table import Stage
from offhookd.phone.handsets import Handsets
from offhookd.phone.planner import Planner
from offhookd.phone.ports import CallEngine, Clock
from offhookd.phone.problems import Problems
from offhookd.phone.redial import last_dialled
from offhookd.phone.ringing import Ringer, Ringing, ringing
from offhookd.phone.service import AudioPath, CallHistory
from offhookd.phone.sets import SetControl, TelephoneSet
from offhookd.phone.unplugging import Unplugging
from offhookd.phone.values import CallId
from offhookd.store.state import State

VOLUME_STEP = 0.05
"""As the volume keys of desktops."""

_USABLE = frozenset({DeviceState.READY, DeviceState.NO_AUDIO})
_PROBLEMS = {
    DeviceState.NO_PERMISSION: "device-permission",
    DeviceState.FAILED: "device-failed",
    DeviceState.NO_AUDIO: "device-no-audio",
}

logger = logging.getLogger(__name__)


class TelephoneSets(SetControl):
    """All sets that are plugged in."""

    def __init__(
        self,
        calls: Calls,
        conferences: Conferences,
        planner: Planner,
        engine: CallEngine,
        audio: Audio,
        history: CallHistory,
        state: State,
        problems: Problems,
        clock: Clock,
        book: QuirkBook,
        unplugging: Unplugging,
        config: Callable[[], DevicesConfig],
    ) -> None:
        self.added: Signal[[TelephoneSet]] = Signal()
        self.changed: Signal[[TelephoneSet]] = Signal()
        self.removed: Signal[[TelephoneSet]] = Signal()
        self.pressed: Signal[[Press, bool]] = Signal()
        self._calls = calls
        self._planner = planner
        self._engine = engine
        self._audio = audio
        self._history = history
        self._state = state
        self._problems = problems
        self._config = config
        self._ringing = Ringing()
        self._unplugging = unplugging
        self._following = Following(audio.follow)
        self._served: set[DeviceId] = set()
        self._considered: set[CallId] = set()
        self._devices = Devices(
            clock, book, lambda device: state.device(device).enabled, self._turn
        )
        self._handsets = Handsets(
            Surroundings(
                calls=calls,
                sets=self._devices,
                clock=clock,
                dial=self._dial,
                play_tone=self._play_tone,
                refused=self._refused,
                merge=conferences.merge,
                last_dialled=self._last_dialled,
                speed_dials=lambda: config().speed_dials,
                hot_line=lambda: HotLine(config().hot_line, config().hot_line_seconds),
                bells_ring=lambda: self._ringing.bells and not audio.silenced,
            )
        )
        self._displays = Displays(
            self._devices, self._handsets, calls, clock, lambda: Counts(history.unseen_missed())
        )
        self._devices.added.connect(self._appeared)
        self._devices.changed.connect(self._altered)
        self._devices.removed.connect(self._vanished)
        self._devices.pressed.connect(self._heard)
        self._handsets.speaking_changed.connect(self._route)
        audio.changed.connect(self._match_sound)
        calls.changed.connect(self._call_changed)
        calls.removed.connect(lambda call: self._considered.discard(call.id))
        unplugging.given_up.connect(self._following.release)

    async def start(self) -> None:
        await self._devices.start()

    async def stop(self) -> None:
        """Leave every set idle."""
        self._displays.stop()
        await self._devices.stop()

    def messages_waiting(self, waiting: bool) -> None:
        """Light the message lamps: a voice mail box has something new."""
        self._handsets.messages_waiting(waiting)

    def resumed(self) -> None:
        """The machine slept, and the sets may have lost their power."""
        self._devices.refresh()

    def reload(self) -> None:
        """The user may have written what a device is like."""
        self._devices.use(read_quirks(self._problems))
        self._place_ringing()

    # ------------------------------------------------------------ SetControl

    def __iter__(self) -> Iterator[TelephoneSet]:
        return iter(self._devices)

    def identify(self, device: DeviceId) -> None:
        self._devices.identify(device)

    async def enable(self, device: DeviceId, enabled: bool) -> None:
        self._state.set_device(device, replace(self._state.device(device), enabled=enabled))
        await self._devices.enable(device, enabled)

    # ------------------------------------------------------------ plugging

    def _appeared(self, device: Device) -> None:
        self._tell_sound()
        self._match(device)
        self.added(device)
        self._serve(device)

    def _altered(self, device: Device) -> None:
        self.changed(device)
        self._serve(device)

    def _vanished(self, device: Device) -> None:
        self._leave(device.id, torn=True)
        self._tell_sound()
        self._problems.clear_subject(f"devices/{device.id}")
        self.removed(device)

    def _serve(self, device: Device) -> None:
        """Its keys and lamps count as long as it is ours and works."""
        for state, code in _PROBLEMS.items():
            text = device.problem if device.state is state else ""
            self._problems.hold(code, text, f"devices/{device.id}")
        usable = device.enabled and device.state in _USABLE
        if usable and device.id not in self._served:
            self._served.add(device.id)
            self._handsets.plugged(device.id, cradle=device.kind is DeviceKind.HANDSET)
        elif not usable:
            self._leave(device.id, torn=device.enabled)
        self._place_ringing()

    def _leave(self, device: DeviceId, *, torn: bool) -> None:
        """`torn`: nobody decided that it should go."""
        if device in self._served:
            self._served.remove(device)
            if torn and self._handsets.speaking == device and self._must_keep():
                self._following.tear()
            self._handsets.unplugged(device)
            self._place_ringing()

    # ------------------------------------------------------------ keys

    def _heard(self, press: Press) -> None:
        handled = press.device in self._served
        # Nobody who listens on the bus is to learn what is keyed into a bank's menu.
        if press.button is not Button.DIGIT or not self._talking():
            self.pressed(press, handled)
        self._handsets.pressed(press)
        self._displays.refresh()

    def _dial(self, text: str) -> Call:
        planned = self._planner.plan(text)
        options = self._planner.options(planned)
        return self._calls.dial(planned.uri, planned.display_name, planned.account, options)

    def _last_dialled(self) -> str:
        try:
            return last_dialled(self._history, self._calls).peer_uri
        except NotFoundError:
            return ""

    def _play_tone(self, device: DeviceId, tone: str, seconds: float) -> None:
        """There is one ear in the engine: tones of a set that has it not are not heard."""
        if device == self._handsets.speaking or self._handsets.speaking is None:
            if tone:
                self._route()  # or its first moment would come out of the loudspeakers
            self._engine.play_tone(tone, seconds)

    def _refused(self, device: DeviceId, error: PhoneError) -> None:
        logger.warning("a key of %s could not do what it says: %s", device, error)

    # ------------------------------------------------------------ sound

    def _match_sound(self) -> None:
        for device in self._devices:
            self._match(device)
        self._place_ringing()
        self._route()

    def _match(self, device: Device) -> None:
        if self._audio.knows_devices:
            capture, playback = self._audio.endpoints_of(device.sys_path)
            if (capture, playback) != (device.capture, device.playback):
                device.set_audio(capture, playback)

    def _route(self) -> None:
        """Let the sound follow the set that was lifted."""
        speaking = self._handsets.speaking
        device = self._devices.get(speaking) if speaking is not None else None
        if device is not None:
            keep = self._must_keep()
            self._following.on(device.id, device.capture, device.playback, keep=keep)
        else:
            self._following.off()

    def _tell_sound(self) -> None:
        self._audio.belong_to({one.sys_path: one.id for one in self._devices})

    def _place_ringing(self) -> None:
        """Handsets have a bell where they can ring at all; what the bit that says so does in a
        headset on nobody's head is not to be relied on."""
        served = [device for device in self._devices if device.id in self._served]
        self._ringing = ringing(
            self._config().ring,
            (
                Ringer("ring" in one.controls and one.kind is DeviceKind.HANDSET, one.playback)
                for one in served
                if self._handsets.stage(one.id) is not Stage.LINE_BUSY
            ),
        )
        self._audio.ring_at(self._ringing)
        self._handsets.look()
        self._displays.refresh()

    def _adopt(self, call: Call) -> None:
        """A call that was answered or dialled on the screen is that set's which is in use, or whose
        sound it uses: some open their microphone only while they are told to be off-hook."""
        undecided = call.id in self._considered or not usable(call) or call.asks
        if undecided or self._following.torn is not None:
            return
        self._considered.add(call.id)
        if self._handsets.owner(call) is None:
            others = (self._handsets.owner(one) for one in self._calls if one is not call)
            used = self._audio.active(AudioPath.PLAYBACK)
            sounding = (one.id for one in self._devices if used and one.playback == used)
            found = next((one for one in (*others, *sounding) if one in self._served), None)
            self._handsets.assign(call, found)

    def _call_changed(self, call: Call) -> None:
        self._adopt(call)
        self._displays.refresh()
        if self._following.torn and not self._talking():
            self._following.release()

    def _must_keep(self) -> bool:
        """Whether a call is to stay with its device even when that is gone."""
        return self._talking() and not self._unplugging.may_move

    def _talking(self) -> bool:
        return any(call.on_line for call in self._calls)

    def _turn(self, device: Device, steps: int) -> None:
        """While it rings the volume keys are for the bell, except on the set that talks."""
        by = steps * VOLUME_STEP
        if self._calls.ringing is not None and self._handsets.speaking != device.id:
            self._audio.turn_ringer(by)
        elif device.playback:
            self._audio.turn(device.playback, by)


def read_quirks(problems: Problems) -> QuirkBook:
    """Sets without their quirks mostly work; a mistake in the file is told like any other."""
    problems.clear("devices-invalid")
    try:
        return quirks.load(quirks.search())
    except ConfigError as error:
        logger.error("%s", error)  # noqa: TRY400 - the problems are the message
        problems.raise_("devices-invalid", str(error))
        return quirks.load((quirks.SHIPPED_FILE,))
