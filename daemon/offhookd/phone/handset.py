# SPDX-License-Identifier: GPL-2.0-or-later
"""One telephone set: the stage it is in, what it says in the ear, and the ways from stage to stage.

A set with a cradle goes on-hook when a person puts the handset down, and not before.  One without
(a headset, a speakerphone), or one used hands-free, goes on-hook by itself when its call is over.
"""

from collections.abc import Callable
from functools import partial

from .buttons import DeviceId, Lamps
from .call import Call
from .endings import TONE_SECONDS, tone_of
from .errors import PhoneError
from .handset_desk import Desk, Set, Surroundings, parked
from .handset_table import Stage
from .ports import Timer, ignore
from .values import Direction, EndReason

FIRST_DIGIT_S = 20.0
"""A handset that lies beside its cradle must not hold the line; exchanges allow about as much."""
NEXT_DIGIT_S = 4.0
"""After this the number is complete; people who look digits up pause for less."""
FLASH_DIGIT_S = 3.0
"""Between flash and its digit: people look for the key, and dial little else after a swap."""
FORGET_DIGITS_S = 30.0
"""Digits keyed in on-hook belong to a lift that follows, not to tomorrow's."""
LOCK_OUT_S = 60.0
"""The tone of a released line; a handset that nobody puts down must not keep the sound awake."""
MOST_DIGITS = 40
"""No number is longer (E.164: 15 digits, and prefixes)."""


class Handset(Set):
    """`cradle`: its hook is a switch under the handset, not a button.

    Nothing here asks whether it makes sense: that is the business of the keys.
    """

    def __init__(self, device: DeviceId, desk: Desk, around: Surroundings, *, cradle: bool) -> None:
        self.device = device
        self.stage = Stage.ON_HOOK
        self.call: Call | None = None
        self.digits = ""
        self.since_us = 0
        self._desk = desk
        self._around = around
        self._calls = around.calls
        self._cradle = cradle
        self._lifted = False
        self._timer: Timer | None = None
        self._sounding = False

    # ------------------------------------------------------------ looking

    @property
    def talks(self) -> bool:
        if self.stage in (Stage.IN_CALL, Stage.SWAPPED):
            return self.call is not None and not parked(self.call)
        return self.stage in (Stage.DIAL_TONE, Stage.DIALLING)

    @property
    def off_hook(self) -> bool:
        return self.stage not in (Stage.ON_HOOK, Stage.LINE_BUSY)

    @property
    def in_hand(self) -> bool:
        """Whether a handset is lifted: then only putting it down makes the set go on-hook."""
        return self._cradle and self._lifted

    def lamps(self, *, message_waiting: bool) -> Lamps:
        """The truth about this set and its calls."""
        if self.stage is Stage.LINE_BUSY:
            return Lamps(message_waiting=message_waiting)
        ringing = self._calls.ringing is not None
        return Lamps(
            off_hook=self.off_hook,
            ringing=ringing,
            ringer=ringing and self._desk.quiet and self._around.bells_ring(),
            muted=self.call is not None and self.call.muted,
            held=self._desk.held_of(self.device) is not None,
            message_waiting=message_waiting,
        )

    # ------------------------------------------------------------ what happens to it

    def hook(self, *, lifted: bool) -> None:
        """The hook moved; what that means is another question."""
        self._lifted = lifted

    def joined(self, call: Call) -> None:
        """`call`, which it owns, speaks through this set from now on."""
        if self.stage is not Stage.LINE_BUSY:
            self._enter(Stage.IN_CALL, call)

    def left(self, call: Call) -> None:
        if call is self.call:
            self.release("")

    def over(self, call: Call) -> None:
        """A call that it owned has ended, or is about to."""
        if call is not self.call:
            return
        unanswered = call.direction is Direction.OUTGOING and not call.answered_us
        by_us = call.end_reason in (EndReason.LOCAL, EndReason.CANCELLED)
        goes_on = any(one.replaces == call.id for one in self._desk.waiting_of(self.device))
        if goes_on or (by_us and not self.in_hand):
            self.release("")
        else:
            self.release((unanswered and tone_of(call.end_reason)) or "busy")

    def unplugged(self) -> None:
        """Nothing can be heard from it any more; its calls stay."""
        self._enter(Stage.ON_HOOK, None)

    # ------------------------------------------------------------ ways to other stages

    def pick_up(self, call: Call) -> None:
        """Answer `call`."""
        self._enter(Stage.IN_CALL, call)
        self._calls.answer(call, ignore)

    def turn_to(self, call: Call) -> bool:
        """Speak on `call`; False when another set has the line, or the call is not to be had."""
        if self._desk.in_use(self.device) or not (parked(call) or call is self._calls.focus):
            return False
        self._enter(Stage.IN_CALL, call)
        if parked(call):
            self._calls.hold(call, False, self.say)
        return True

    def swapped(self) -> None:
        """For a moment a digit says what is to become of both calls."""
        self.stage = Stage.SWAPPED
        self._after(FLASH_DIGIT_S, self.settle)

    def settle(self) -> None:
        """Digits are for the far end again."""
        self._stop_timer()
        self.stage = Stage.IN_CALL

    def hang_up(self) -> None:
        """End what is in the ear or on its way there; calls on hold wait on, and what a person
        starts later is heard elsewhere."""
        self._enter(Stage.ON_HOOK, None)
        for call in self._desk.waiting_of(self.device):
            self._desk.give(call, None)
        ends = [call for call in self._desk.calls_of(self.device) if not parked(call)]
        for call in ends:
            self._desk.give(call, None)
        for call in ends:
            self._calls.hangup(call, ignore)

    def release(self, tone: str) -> None:
        """Nobody is at the other end any more."""
        if not (self.in_hand or tone):
            self._enter(Stage.ON_HOOK, None)
            return
        self._enter(Stage.RELEASED, None)
        # Later, because the switchboard still says its own tone about the call that is over.
        self._after(0, partial(self._released, tone))

    def leave_alone(self) -> None:
        """Another program talks on it."""
        self._enter(Stage.LINE_BUSY, None)

    def come_back(self) -> None:
        self._enter(Stage.ON_HOOK, None)

    # ------------------------------------------------------------ dialling

    def dial_tone(self) -> None:
        self._enter(Stage.DIAL_TONE, None)
        self._sound("dial")
        hot = self._around.hot_line()
        if hot.number and not self._desk.calls_of(self.device):
            self._after(hot.after_s, partial(self._dial_hot_line, hot.number))
        else:
            self._after(FIRST_DIGIT_S, self._too_slow)

    def collect(self, digit: str) -> None:
        """One more digit; "#" ends a number."""
        # Service codes (*21*...#) begin with * or #, and may contain both.
        complete = digit == "#" and self.digits[:1].isdigit()
        if not complete:
            self.digits = (self.digits + digit)[:MOST_DIGITS]
        if self.stage is Stage.ON_HOOK:
            self._after(FORGET_DIGITS_S, self._forget)
        elif complete:
            self.place(self.digits)
        else:
            self._quiet()
            self.stage = Stage.DIALLING
            self._after(NEXT_DIGIT_S, self._complete)

    def place(self, number: str) -> None:
        """Dial `number`, or say that it cannot be done."""
        self._enter(Stage.DIALLING, None)
        if self._desk.in_use(self.device):
            self.release("busy")
            return
        self._desk.placing = self.device
        try:
            call = self._around.dial(number)
        except PhoneError as error:
            self.fail(error)
        else:
            self._enter(Stage.IN_CALL, call)
        finally:
            self._desk.placing = None

    def fail(self, error: PhoneError) -> None:
        """A number cannot be dialled."""
        self.release("congestion")
        self.say(error)

    def say(self, error: PhoneError | None) -> None:
        """Let a person read why something was not done."""
        if error is not None:
            self._around.refused(self.device, error)

    # ------------------------------------------------------------ how it is done

    def _enter(self, stage: Stage, call: Call | None) -> None:
        """The only way into another stage; what belonged to the last one is over."""
        self._stop_timer()
        self._quiet()
        self.digits = ""
        self.stage, self.call, self.since_us = stage, call, self._around.clock.now_us()
        if call is not None:
            self._desk.give(call, self.device)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _after(self, seconds: float, callback: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._around.clock.call_later(seconds, callback)

    def _sound(self, tone: str, seconds: float = 0) -> None:
        self._sounding = True
        self._around.play_tone(self.device, tone, seconds)

    def _quiet(self) -> None:
        if self._sounding:
            self._sounding = False
            self._around.play_tone(self.device, "", 0)

    def _released(self, tone: str) -> None:
        if tone:
            self._sound(tone, LOCK_OUT_S)
        if not self.in_hand:
            self._after(TONE_SECONDS, self._rest)

    def _rest(self) -> None:
        self._enter(Stage.ON_HOOK, None)
        self._desk.changed()

    def _dial_hot_line(self, number: str) -> None:
        self.place(number)
        self._desk.changed()

    def _too_slow(self) -> None:
        self.release("congestion")
        self._desk.changed()

    def _forget(self) -> None:
        self.digits = ""

    def _complete(self) -> None:
        self.place(self.digits)
        self._desk.changed()
