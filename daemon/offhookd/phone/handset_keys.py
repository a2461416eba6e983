# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of one telephone set: finds what the table says, and does the first that is possible."""

import logging
from collections.abc import Callable, Mapping

from .buttons import Button, Press
from .call import Call
from .errors import NotFoundError, PhoneError
from .handset import Handset
from .handset_desk import VOICE_MAIL, Desk, Surroundings, parked, usable
from .handset_table import TABLE, Action, Key, Stage, key_of
from .ports import ignore
from .values import CallState, Direction

DTMF_MS = 160
"""Recognised everywhere, and still quick to press (RFC 4733 example durations)."""

DIGITS = frozenset("0123456789*#")
LINE_NUMBERS = frozenset("123456789")

logger = logging.getLogger(__name__)


class Keys:
    """Each action answers whether it was possible.  `hook_rejects`: as in `Handsets.plugged`."""

    def __init__(
        self, handset: Handset, desk: Desk, around: Surroundings, *, hook_rejects: bool
    ) -> None:
        self._set = handset
        self._desk = desk
        self._around = around
        self._calls = around.calls
        self._hook_rejects = hook_rejects
        self._hands_free = False
        self._acts: Mapping[Action, Callable[[Press], bool]] = {
            Action.ANSWER: self._answer,
            Action.REFUSE: self._refuse,
            Action.REFUSE_BY_HOOK: self._refuse_by_hook,
            Action.BUSY_TONE: self._busy_tone,
            Action.TAKE: self._take,
            Action.RESUME: self._resume,
            Action.HOLD: self._hold,
            Action.CONSULT: self._consult,
            Action.SWAP: self._swap,
            Action.MERGE: self._merge,
            Action.END_OTHER: self._end_other,
            Action.GO_BACK: self._go_back,
            Action.DIAL_TONE: self._dial_tone,
            Action.COLLECT: self._collect,
            Action.SEND: self._send,
            Action.SEND_DTMF: self._send_dtmf,
            Action.REDIAL: self._redial,
            Action.SPEED_DIAL: self._speed_dial,
            Action.SELECT_LINE: self._select_line,
            Action.HANG_UP: self._hang_up,
            Action.END_CALL: self._end_call,
            Action.STAY: self._stay,
            Action.CHANGE_EAR: self._change_ear,
            Action.MUTE: self._mute,
            Action.TURN_VOLUME: self._turn_volume,
            Action.LEAVE_ALONE: self._leave_alone,
            Action.RETURN: self._return,
        }

    def pressed(self, press: Press) -> None:
        """Never raises."""
        key = key_of(press)
        if key in (Key.LIFT, Key.PUT_DOWN):
            self._set.hook(lifted=press.down)
            self._hands_free = self._hands_free and not press.down
        before = self._set.stage
        for action in TABLE[before].get(key, ()):
            if self._attempt(action, press):
                # Not the digits: nobody's PIN belongs into a journal.
                logger.debug("set %s: %s, %s: %s", self._set.device, before, key, action)
                return

    def _attempt(self, action: Action, press: Press) -> bool:
        try:
            return self._acts[action](press)
        except PhoneError as error:
            self._set.say(error)
            return True

    # ------------------------------------------------------------ answering and ending

    def _answer(self, _press: Press) -> bool:
        call = self._calls.ringing
        if call is None:
            return False
        self._set.pick_up(call)
        return True

    def _refuse(self, _press: Press) -> bool:
        call = self._calls.ringing
        if call is None:
            return False
        self._calls.hangup(call, ignore)
        return True

    def _refuse_by_hook(self, press: Press) -> bool:
        return self._hook_rejects and self._refuse(press)

    def _busy_tone(self, _press: Press) -> bool:
        if not self._desk.in_use(self._set.device):
            return False
        self._set.release("busy")
        return True

    def _take(self, _press: Press) -> bool:
        call = self._desk.orphan()
        return call is not None and self._set.turn_to(call)

    def _hang_up(self, _press: Press) -> bool:
        self._set.hang_up()
        return True

    def _end_call(self, _press: Press) -> bool:
        """The call in the ear, on hold or not; a handset in the hand stays off-hook."""
        if self._set.call is None:
            self._set.release("")
        else:
            self._calls.hangup(self._set.call, ignore)
        return True

    # ------------------------------------------------------------ hold

    def _resume(self, _press: Press) -> bool:
        call = self._set.call or self._desk.held_of(self._set.device)
        return call is not None and parked(call) and self._set.turn_to(call)

    def _hold(self, _press: Press) -> bool:
        call = self._set.call
        if call is None or not call.on_line:
            return False
        self._calls.hold(call, True, self._set.say)
        return True

    def _consult(self, press: Press) -> bool:
        if self._desk.in_use(self._set.device) or not self._hold(press):
            return False
        return self._dial_tone(press)

    def _swap(self, _press: Press) -> bool:
        other = self._other()
        if other is None or not self._set.turn_to(other):
            return False
        self._set.swapped()
        return True

    def _other(self) -> Call | None:
        """The newest call on hold beside the one in the ear, which may be on hold, too."""
        return self._desk.held_of(self._set.device, beside=self._set.call)

    def _merge(self, press: Press) -> bool:
        call, other = self._set.call, self._other()
        if press.text != "3" or call is None or other is None:
            return False
        self._set.settle()
        self._around.merge((call, other), self._set.say)
        return True

    def _end_other(self, press: Press) -> bool:
        other = self._other()
        if press.text != "1" or other is None:
            return False
        self._set.settle()
        self._calls.hangup(other, ignore)
        return True

    def _go_back(self, press: Press) -> bool:
        call = self._set.call
        if call is None or call.direction is Direction.INCOMING or call.on_line:
            return False
        if not self._swap(press):
            return False
        self._set.settle()
        self._desk.give(call, None)
        self._calls.hangup(call, ignore)
        return True

    def _select_line(self, press: Press) -> bool:
        """Lines are the calls that are up, oldest first, and one more that is free."""
        if press.text not in LINE_NUMBERS:
            return False
        lines = [call for call in self._calls if usable(call) or call.asks]
        number = int(press.text)
        if number > len(lines):
            return self._new_line(press)
        call = lines[number - 1]
        if call.asks:
            self._set.pick_up(call)
            return True
        if call is self._set.call and not parked(call):
            return False
        return self._set.turn_to(call)

    def _new_line(self, press: Press) -> bool:
        if self._set.stage in (Stage.IN_CALL, Stage.SWAPPED):
            return self._consult(press)
        return self._busy_tone(press) or self._dial_tone(press)

    # ------------------------------------------------------------ dialling

    def _dial_tone(self, _press: Press) -> bool:
        self._set.dial_tone()
        return True

    def _collect(self, press: Press) -> bool:
        if press.text not in DIGITS:
            return False
        self._set.collect(press.text)
        return True

    def _send(self, _press: Press) -> bool:
        if not self._set.digits:
            return False
        self._set.place(self._set.digits)
        return True

    def _redial(self, _press: Press) -> bool:
        return self._dial_stored(self._around.last_dialled(), "Nothing has been dialled yet")

    def _speed_dial(self, press: Press) -> bool:
        label = VOICE_MAIL if press.button is Button.VOICE_MAIL else press.text
        number = self._around.speed_dials().get(label, "")
        return self._dial_stored(number, f"No number is stored for speed dial {label}")

    def _dial_stored(self, number: str, sentence: str) -> bool:
        """Dial `number` when the phone is idle; `sentence` says why there is none."""
        talk = self._desk.orphan()
        if self._calls.ringing is not None or (talk and not parked(talk)):
            return False
        if number:
            self._set.place(number)
        else:
            self._set.fail(NotFoundError(sentence))
        return True

    # ------------------------------------------------------------ the rest

    def _send_dtmf(self, press: Press) -> bool:
        call = self._set.call
        if call is None or press.text not in DIGITS or parked(call) or not usable(call):
            return False
        if call.state not in (CallState.ACTIVE, CallState.EARLY):
            return False
        for one in self._calls.together(call):
            self._calls.send_dtmf(one, press.text, None, DTMF_MS, self._set.say)
        return True

    def _stay(self, _press: Press) -> bool:
        """The handset goes back into its cradle, and the talk goes on."""
        hands_free, self._hands_free = self._hands_free, False
        return hands_free

    def _change_ear(self, _press: Press) -> bool:
        """Only a set whose handset is lifted has two ways to speak."""
        if not self._set.in_hand:
            return False
        self._hands_free = not self._hands_free
        return True

    def _mute(self, _press: Press) -> bool:
        call = self._set.call
        if call is None:
            return False
        self._calls.mute(call, not call.muted)
        return True

    def _turn_volume(self, press: Press) -> bool:
        steps = 1 if press.button is Button.VOLUME_UP else -1
        self._around.sets.change_volume(press.device, steps)
        return True

    def _leave_alone(self, _press: Press) -> bool:
        self._set.leave_alone()
        return True

    def _return(self, _press: Press) -> bool:
        self._set.come_back()
        return True
