# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of the calls when the device they speak through goes away, and when it returns.

    unused -> there -> gone -> there | unused

A device that was not there when the call began is waited for; that is another story.
"""

from collections.abc import Callable
from enum import StrEnum

from .call import Call
from .calls import Calls
from .events import Signal
from .hold import COMING_BACK
from .ports import ignore
from .values import CallId, OnUnplug


class Presence(StrEnum):
    """Of the devices that the calls use."""

    UNUSED = "unused"
    THERE = "there"
    GONE = "gone"


class Unplugging:
    """`policy` is asked when it happens.  `given_up`: a person took a call back that waits for a
    device that is gone, so that it may go on through what else there is."""

    def __init__(self, calls: Calls, policy: Callable[[], OnUnplug]) -> None:
        self.given_up: Signal[[]] = Signal()
        self._calls = calls
        self._policy = policy
        self._presence = Presence.UNUSED
        self._held: set[CallId] = set()
        calls.changed.connect(self._changed)

    @property
    def may_move(self) -> bool:
        """Whether a call may go on through another device without being asked."""
        return self._policy() is OnUnplug.SPEAKER

    def sound_is(self, presence: Presence) -> None:
        """The sound server's news; the same news again changes nothing."""
        before, self._presence = self._presence, presence
        if presence is Presence.UNUSED:
            self._held.clear()
        elif (before, presence) == (Presence.THERE, Presence.GONE):
            self._lost()
        elif (before, presence) == (Presence.GONE, Presence.THERE):
            self._returned()
        elif presence is Presence.GONE:
            self._presence = before

    def _lost(self) -> None:
        talking = [call for call in self._calls if _talks(call) and not call.emergency]
        if any(call.emergency and _talks(call) for call in self._calls):
            self.given_up()  # help is spoken to through whatever else there is
        policy = self._policy()
        if policy is OnUnplug.HANGUP:
            for call in talking:
                self._calls.hangup(call, ignore)
        elif policy is OnUnplug.HOLD:
            for call in talking:
                self._held.add(call.id)
                self._calls.hold(call, True, ignore)

    def _returned(self) -> None:
        held, self._held = self._held, set()
        for call in self._calls:
            if call.id in held and call.on_line and not call.ending:
                self._calls.hold(call, False, ignore)

    def _changed(self, call: Call) -> None:
        if call.id in self._held and (call.hold in COMING_BACK or not call.up):
            self._held.remove(call.id)
            if call.up:
                self.given_up()


def _talks(call: Call) -> bool:
    return call.on_line and not (call.ending or call.to_be_held)
