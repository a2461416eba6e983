# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets on a desk without any hardware, engine or clock, and hands to press their keys."""

from offhookd.phone.buttons import Button, DeviceId, Lamps, Press, Sets
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import NotRegisteredError, PhoneError
from offhookd.phone.handset_desk import HotLine, Surroundings
from offhookd.phone.handset_table import Stage
from offhookd.phone.handsets import Handsets
from offhookd.phone.media import Media
from offhookd.phone.policy import Invitation
from offhookd.phone.values import AccountId, CallId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")
A = DeviceId("desk-a")
B = DeviceId("desk-b")
HEADSET = DeviceId("headset")


class FakeSets(Sets):
    def __init__(self) -> None:
        self.lamps: dict[DeviceId, Lamps] = {}
        self.volume: dict[DeviceId, int] = {}

    def show(self, device: DeviceId, lamps: Lamps) -> None:
        self.lamps[device] = lamps

    def change_volume(self, device: DeviceId, steps: int) -> None:
        self.volume[device] = self.volume.get(device, 0) + steps


class Desktop:
    """The phone with two handsets (A, B) and a headset, none of them plugged in yet."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.clock = FakeClock()
        log = FakeLog()
        self.calls = Calls(self.engine, log, FakeAlerting(), self.clock)
        self.conferences = Conferences(self.calls, self.engine, log, self.clock)
        self.sets = FakeSets()
        self.ear: dict[DeviceId, str] = {}
        self.dialled: list[str] = []
        self.refused: list[str] = []
        self.registered = True
        self.bells_ring = True
        self.hot_line = HotLine()
        self.stored = {"1": "555", "voice-mail": "*97"}
        self.handsets = Handsets(
            Surroundings(
                calls=self.calls,
                sets=self.sets,
                clock=self.clock,
                dial=self.dial,
                play_tone=self._play_tone,
                refused=self._refuse,
                merge=self.conferences.merge,
                last_dialled=lambda: self.dialled[-1] if self.dialled else "",
                speed_dials=lambda: self.stored,
                hot_line=lambda: self.hot_line,
                bells_ring=lambda: self.bells_ring,
            )
        )

    def dial(self, text: str) -> Call:
        if not self.registered:
            raise NotRegisteredError("Account 'work' is not registered")
        self.dialled.append(text)
        return self.calls.dial(f"sip:{text}@example.com", "", WORK, DialOptions())

    def _play_tone(self, device: DeviceId, tone: str, _seconds: float) -> None:
        self.ear[device] = tone

    def _refuse(self, _device: DeviceId, error: PhoneError) -> None:
        self.refused.append(str(error))

    # ------------------------------------------------------------ hands

    def plug(self, *devices: DeviceId) -> None:
        for device in devices:
            self.handsets.plugged(device, cradle=device != HEADSET)

    def press(self, device: DeviceId, button: Button, text: str = "", *, down: bool = True) -> None:
        self.handsets.pressed(Press(device, button, down, text))

    def lift(self, device: DeviceId) -> None:
        self.press(device, Button.HOOK)

    def put_down(self, device: DeviceId) -> None:
        self.press(device, Button.HOOK, down=False)

    def key_in(self, device: DeviceId, digits: str) -> None:
        for digit in digits:
            self.press(device, Button.DIGIT, digit)

    def do(self, device: DeviceId, script: str) -> None:
        """Words: "lift", "down", "busy", "free", names of buttons, digits after "=", "line:2"."""
        for word in script.split():
            name, _, text = word.partition(":")
            match name:
                case "lift" | "down":
                    self.press(device, Button.HOOK, down=name == "lift")
                case "busy" | "free":
                    self.press(device, Button.LINE_BUSY, down=name == "busy")
                case _ if word.startswith("="):
                    self.key_in(device, word[1:])
                case _:
                    self.press(device, Button(name), text)
        self.clock.advance(0)

    # ------------------------------------------------------------ the far end

    def ring(self) -> Call:
        invitation = Invitation(WORK, "abc@host", "sip:carol@example.com", "Carol")
        return self.calls.invited(invitation, accept=lambda call: None)

    def connect(self, call: Call | None) -> Call:
        assert call is not None
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        self.agree()
        return call

    def agree(self) -> None:
        """The far ends accept whatever they were asked about hold."""
        for call in tuple(self.calls):
            if call.local_hold is not call.to_be_held:
                self.held(call.id, local=call.to_be_held)

    def held(self, call: CallId, *, local: bool) -> None:
        self.calls.media_changed(call, Media(), local_hold=local, remote_hold=False)

    def end(self, call: Call, cause: str = "remote", code: int = 0) -> None:
        self.calls.ended(call.id, cause, code, "")
        self.clock.advance(0)

    # ------------------------------------------------------------ looking

    @property
    def focus(self) -> Call:
        assert self.calls.focus is not None
        return self.calls.focus

    def talk(self, device: DeviceId) -> Call:
        """A call that came in and was answered at `device`."""
        call = self.ring()
        self.lift(device)
        return self.connect(call)

    def stage(self, device: DeviceId) -> Stage:
        return self.handsets.stage(device)

    def shows(self, device: DeviceId) -> str:
        """Names of the lamps that are lit."""
        lamps = self.sets.lamps[device]
        return " ".join(name for name in Lamps.__slots__ if getattr(lamps, name))
