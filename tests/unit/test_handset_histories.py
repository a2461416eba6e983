# SPDX-License-Identifier: GPL-2.0-or-later
"""Random keys, plugs, calls and clients on three sets: what must be true is true at every step."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from offhookd.phone.buttons import Button, DeviceId, Lamps
from offhookd.phone.call import Call
from offhookd.phone.errors import EngineError, PhoneError
from offhookd.phone.handset_desk import parked, usable
from offhookd.phone.handset_table import Stage
from offhookd.phone.ports import Done, ignore
from offhookd.phone.values import CallState
from tests.support.telephone_sets import HEADSET, A, B, Desktop

DEVICES = st.sampled_from([A, B, HEADSET])
BUTTONS = st.sampled_from(list(Button))
TEXTS = st.sampled_from(["", "1", "2", "3", "9", "*", "#", "voice-mail", "é", "12", "²"])
PLACES = st.integers(min_value=0, max_value=5)
OFF_HOOK = {Stage.DIAL_TONE, Stage.DIALLING, Stage.IN_CALL, Stage.RELEASED}


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = Desktop()
        self.plugged: set[DeviceId] = set()
        self.hold_failed = False

    def any_call(self, place: int, *states: CallState) -> Call | None:
        fitting = [c for c in self.desk.calls if c.up and (not states or c.state in states)]
        return fitting[place % len(fitting)] if fitting else None

    # ------------------------------------------------------------ people at the sets

    @rule(device=DEVICES, button=BUTTONS, text=TEXTS, down=st.booleans())
    def press(self, device: DeviceId, button: Button, text: str, *, down: bool) -> None:
        self.desk.press(device, button, text, down=down or button not in LEVELS)

    @rule(device=DEVICES, digits=st.text("0123456789*#", min_size=1, max_size=5))
    def key_in(self, device: DeviceId, digits: str) -> None:
        self.desk.key_in(device, digits)

    @rule(device=DEVICES, down=st.booleans())
    def move_the_hook(self, device: DeviceId, *, down: bool) -> None:
        self.desk.press(device, Button.HOOK, down=down)

    @rule(device=DEVICES, rejects=st.booleans())
    def plug(self, device: DeviceId, *, rejects: bool) -> None:
        self.desk.handsets.plugged(device, cradle=device != HEADSET, hook_rejects=rejects)
        self.plugged.add(device)

    @rule(device=DEVICES)
    def unplug(self, device: DeviceId) -> None:
        self.desk.handsets.unplugged(device)
        self.plugged.discard(device)

    # ------------------------------------------------------------ the far ends and the engine

    @rule()
    def ring(self) -> None:
        self.desk.ring()

    @rule(place=PLACES, state=st.sampled_from([CallState.RINGING, CallState.EARLY]))
    def progress(self, place: int, state: CallState) -> None:
        if call := self.any_call(place, CallState.DIALING, CallState.RINGING, CallState.EARLY):
            self.desk.calls.progressed(call.id, state, "")

    @rule(place=PLACES)
    def connect(self, place: int) -> None:
        call = self.any_call(place)
        if call and call.state is not CallState.PENDING and not call.asks:
            self.desk.calls.progressed(call.id, CallState.ACTIVE, "")

    @rule()
    def agree_to_holds(self) -> None:
        self.desk.agree()

    @rule(fails=st.booleans())
    def engine_answers(self, *, fails: bool) -> None:
        self.hold_failed |= fails
        self.desk.engine.finish(EngineError("no") if fails else None)

    @rule(place=PLACES, end=st.sampled_from([("remote", 0), ("", 486), ("", 404), ("local", 0)]))
    def end(self, place: int, end: tuple[str, int]) -> None:
        if call := self.any_call(place):
            self.desk.calls.ended(call.id, *end, "")

    @rule()
    def lose_the_engine(self) -> None:
        self.desk.calls.engine_lost("gone")

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 4.0, 20.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.desk.clock.advance(seconds)

    @rule(registered=st.booleans())
    def registration_changes(self, *, registered: bool) -> None:
        self.desk.registered = registered

    @rule(waiting=st.booleans())
    def messages(self, *, waiting: bool) -> None:
        self.desk.handsets.messages_waiting(waiting)

    # ------------------------------------------------------------ clients

    def client(self, method: Callable[[Call, Done], None], call: Call | None) -> None:
        """What the bus does for a client: errors are its answer."""
        if call is not None:
            try:
                method(call, ignore)
            except PhoneError:
                return

    @rule(place=PLACES)
    def client_answers(self, place: int) -> None:
        self.client(self.desk.calls.answer, self.any_call(place, CallState.INCOMING))

    @rule(place=PLACES)
    def client_hangs_up(self, place: int) -> None:
        self.client(self.desk.calls.hangup, self.any_call(place))

    @rule(place=PLACES, held=st.booleans())
    def client_holds(self, place: int, *, held: bool) -> None:
        self.client(
            lambda call, done: self.desk.calls.hold(call, held, done),
            self.any_call(place, CallState.ACTIVE),
        )

    @rule(place=PLACES, muted=st.booleans())
    def client_mutes(self, place: int, *, muted: bool) -> None:
        if call := self.any_call(place):
            self.desk.calls.mute(call, muted)

    @rule()
    def client_dials(self) -> None:
        try:
            self.desk.dial("7")
        except PhoneError:
            return

    @precondition(lambda self: self.desk.calls.focus is not None)
    @rule(device=st.one_of(st.none(), DEVICES))
    def sound_moves(self, device: DeviceId | None) -> None:
        self.desk.handsets.assign(self.desk.focus, device)

    # ------------------------------------------------------------ what is always so

    @invariant()
    def the_lamps_tell_the_truth(self) -> None:
        for device in self.plugged:
            assert self.desk.sets.lamps[device] == self.truth(device)

    def truth(self, device: DeviceId) -> Lamps:
        """Said once more, from the calls alone where that is possible."""
        shown = self.desk.handsets.lamps(device)
        stage = self.desk.stage(device)
        if stage is Stage.LINE_BUSY:
            return Lamps(message_waiting=shown.message_waiting)
        focus = self.desk.calls.focus
        mine = self.calls_of(device)
        asked = any(call.asks for call in self.desk.calls)
        busy = any(call.on_line or call.answering for call in self.desk.calls)
        speaks = focus in mine and not parked(self.desk.focus)
        return Lamps(
            off_hook=stage in OFF_HOOK,
            ringing=asked,
            ringer=asked and not busy,
            muted=self.desk.focus.muted if speaks else shown.muted,
            held=any(call.on_line and call.to_be_held for call in mine),
            message_waiting=shown.message_waiting,
        )

    def calls_of(self, device: DeviceId) -> list[Call]:
        owner = self.desk.handsets.owner
        return [call for call in self.desk.calls if usable(call) and owner(call) == device]

    @precondition(lambda self: not self.hold_failed)
    @invariant()
    def the_microphone_belongs_to_the_focus_alone(self) -> None:
        focus = self.desk.calls.focus
        open_calls = [c for c in self.desk.calls if usable(c) and c.on_line and not parked(c)]
        for call in open_calls:
            assert call is focus, "somebody else would be heard, or nobody"

    @invariant()
    def a_set_speaks_on_the_call_that_has_the_focus(self) -> None:
        focus = self.desk.calls.focus
        if focus is None or not usable(focus) or parked(focus):
            return
        owner = self.desk.handsets.owner(focus)
        assert self.desk.handsets.speaking == owner
        if owner is not None:
            assert self.desk.stage(owner) in (Stage.IN_CALL, Stage.LINE_BUSY)

    @invariant()
    def a_set_on_hook_has_nothing_to_hang_up(self) -> None:
        for device in self.plugged:
            if self.desk.stage(device) is Stage.ON_HOOK:
                assert all(parked(call) for call in self.calls_of(device))

    @invariant()
    def a_set_without_tone_or_call_is_silent(self) -> None:
        for device in (A, B, HEADSET):
            quiet = device not in self.plugged or self.desk.stage(device) in (
                Stage.ON_HOOK,
                Stage.IN_CALL,
                Stage.LINE_BUSY,
            )
            if quiet:
                assert not self.desk.ear.get(device)


LEVELS = (Button.HOOK, Button.LINE_BUSY)

TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=150, stateful_step_count=40)
