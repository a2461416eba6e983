# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be done from here with a conversation at a desk phone, by whoever carries it: keys, and
handing the far end over."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from .call import Call
from .calls import Calls
from .desk import DeskAction
from .errors import PhoneError
from .ports import Done
from .transfer import UNDER_WAY
from .values import CallId, CallState, EndReason, TransferState
from .waits import Wait


class DeskControl(ABC):
    """The conversation as its carrier can touch it.  Nothing here blocks or raises."""

    @abstractmethod
    def send_dtmf(self, tones: str, duration_ms: int, done: Done) -> None:
        """`tones` as `check_tones` has them; done when the last one was sent."""

    @abstractmethod
    def transfer(self, target: str, done: Done) -> None:
        """Send the far end to `target`, a SIP URI; done when it is on its way."""

    @abstractmethod
    def join(self, other: "DeskControl", done: Done) -> None:
        """Connect the far ends of two calls of the same exchange."""


class DeskControls:
    """The calls of `calls` that can be touched; what comes of it is the call's `TransferState`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._controls: dict[CallId, DeskControl] = {}
        calls.changed.connect(self._follow)

    def add(
        self, call: Call, control: DeskControl, able: Iterable[DeskAction], exchange: str
    ) -> None:
        """`able`: what `control` may do.  Calls of one `exchange` can be joined."""
        assert call.desk is not None  # noqa: S101 - only such calls come here
        self._controls[call.id] = control
        call.desk = replace(call.desk, able=frozenset(able), exchange=exchange)
        self._calls.changed(call)

    def send_dtmf(self, call: Call, tones: str, duration_ms: int, done: Done) -> None:
        self._controls[call.id].send_dtmf(tones, duration_ms, done)

    def transfer(self, call: Call, target: str, done: Done) -> None:
        settled = self._begin(call, None, done)
        self._controls[call.id].transfer(target, settled)

    def join(self, call: Call, other: Call, done: Done) -> None:
        settled = self._begin(call, other, done)
        self._controls[call.id].join(self._controls[other.id], settled)

    # ------------------------------------------------------------ how

    def _begin(self, call: Call, other: Call | None, done: Done) -> Done:
        wait = self._calls.waits.add(call, lambda one: one.transfer is TransferState.DONE, done)
        self._enter(call, TransferState.TRYING)
        return partial(self._settled, call, other, wait)

    def _settled(
        self, call: Call, other: Call | None, wait: Wait, error: PhoneError | None
    ) -> None:
        if call.transfer not in UNDER_WAY:
            return  # it ended meanwhile
        if error is not None:
            self._enter(call, TransferState.FAILED)
            self._calls.waits.fail(call, wait, error)
            return
        for one in (call, other):
            if one and one.up:
                self._calls.end(one, EndReason.TRANSFERRED, 0, "", "handed over")

    def _enter(self, call: Call, state: TransferState) -> None:
        call.change_transfer(state)
        self._calls.changed(call)

    def _follow(self, call: Call) -> None:
        """Whatever ended it: nothing of it is kept, and a transfer has come to its end, too."""
        if call.state is not CallState.ENDED or call.id not in self._controls:
            return
        del self._controls[call.id]
        if call.transfer in UNDER_WAY:
            gone = call.end_reason is EndReason.TRANSFERRED
            call.change_transfer(TransferState.DONE if gone else TransferState.FAILED)
