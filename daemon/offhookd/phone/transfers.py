# SPDX-License-Identifier: GPL-2.0-or-later
"""Handing calls over: blind to a number, attended to the party of another call (RFC 5589).

The call is put on hold first, so that the far end hears music and not half a conversation.  It
ends here when the new call stands; when that fails, it is taken back as it was.
"""

from dataclasses import dataclass
from functools import partial

from .call import Call
from .calls import Calls
from .desk import DeskAction
from .errors import (
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    PhoneError,
    RejectedError,
    RequestTimeoutError,
)
from .ports import CallEngine, Clock, Done, ignore
from .precedence import require_movable
from .transfer import UNDER_WAY, state_of
from .values import CallId, CallState, Direction, EndReason, TransferState
from .waits import Wait

REPLY_LIMIT_S = 17.0
"""Below the 20 s in which a D-Bus method has to answer; the transfer goes on."""

UNANSWERED = (CallState.DIALING, CallState.RINGING, CallState.EARLY)


@dataclass(frozen=True, slots=True)
class _Transfer:
    """`replaces`: the call whose party takes over, None in a blind one; `held_here`: it was put on
    hold for this."""

    call: Call
    target: str
    replaces: Call | None
    wait: Wait
    held_here: bool


class Transfers:
    def __init__(self, calls: Calls, engine: CallEngine, clock: Clock) -> None:
        self._calls = calls
        self._engine = engine
        self._clock = clock
        self._open: dict[CallId, _Transfer] = {}
        calls.changed.connect(self._follow)
        calls.added.connect(lambda _: self._tell_who_can_join())

    # ------------------------------------------------------------ what people ask for

    def blind(self, call: Call, target: str, done: Done) -> None:
        """Send the far end to `target`, a SIP URI; done when it says that the target answered."""
        self._require(call, DeskAction.TRANSFER)
        if call.desk:
            self._calls.desk.transfer(call, target, done)
        else:
            self._begin(call, target, None, done)

    def attended(self, call: Call, other: Call, done: Done) -> None:
        """Join the parties of the two calls.

        While `other` still rings there is nobody to take over from (RFC 3891 section 3 forbids
        it): that call is given up, and the far end sent there instead.
        """
        if call is other:
            raise InvalidArgumentError("A call cannot be transferred to itself")
        self._require(call, DeskAction.TRANSFER_TO)
        if call.desk or other.desk:
            self._join_there(call, other, done)
            return
        require_movable(other)
        if other.on_line and not other.ending:
            self._require(other)
            self._begin(call, other.peer_uri, other, done)
            return
        incoming = other.direction is Direction.INCOMING
        if other.ending or other.relayed or incoming or other.state not in UNANSWERED:
            raise InvalidStateError(f"Call {other.id} is {other.state}; nobody can take over")
        self._calls.leave(other, EndReason.TRANSFERRED)
        self._begin(call, other.peer_uri, None, done)

    # ------------------------------------------------------------ what the engine tells

    def progressed(self, call_id: CallId, code: int, text: str, *, final: bool) -> None:
        """The far end's word on its new call; `code` 0 when it ended its report without one."""
        transfer = self._open.get(call_id)
        if transfer is None:
            return
        state = state_of(code, final=final)
        if state is TransferState.DONE:
            self._done(transfer)
        elif state is TransferState.FAILED:
            words = f"{code} {text}".strip() if code else ""
            self._failed(
                transfer,
                RejectedError(words)
                if words
                else PhoneError("The far end does not tell what became of the transfer"),
            )
        elif transfer.call.transfer is not state:
            self._enter(transfer, state)

    # ------------------------------------------------------------ how it is done

    def _require(self, call: Call, action: DeskAction | None = None) -> None:
        call.require(CallState.ACTIVE, action=action)
        require_movable(call)
        if call.transfer in UNDER_WAY:
            raise InvalidStateError("The call is being transferred already")

    def _join_there(self, call: Call, other: Call, done: Done) -> None:
        """The conversations are, or one is, at a desk phone."""
        self._require(other, DeskAction.TRANSFER_TO)
        if not (call.desk and other.desk and call.desk.joins(other.desk)):
            raise NotSupportedError("The two calls are not at the same exchange")
        self._calls.desk.join(call, other, done)

    def _begin(self, call: Call, target: str, other: Call | None, done: Done) -> None:
        wait = self._calls.waits.add(call, lambda one: one.transfer is TransferState.DONE, done)
        transfer = _Transfer(call, target, other, wait, held_here=not call.to_be_held)
        self._open[call.id] = transfer
        self._enter(transfer, TransferState.TRYING)
        self._clock.call_later(REPLY_LIMIT_S, partial(self._lose_patience, transfer))
        if transfer.held_here:
            # A far end that refuses to be held may still be sent on.
            self._calls.hold(call, True, lambda _: self._refer(transfer))
        else:
            self._refer(transfer)

    def _refer(self, transfer: _Transfer) -> None:
        if self._open.get(transfer.call.id) is transfer and transfer.call.up:
            replaces = transfer.replaces.id if transfer.replaces else None
            answered = partial(self._referred, transfer)
            self._engine.transfer(transfer.call.id, transfer.target, replaces, answered)

    def _referred(self, transfer: _Transfer, error: PhoneError | None) -> None:
        if error is not None:
            self._failed(transfer, error)

    def _enter(self, transfer: _Transfer, state: TransferState) -> None:
        call, other = transfer.call, transfer.replaces
        call.change_transfer(state)
        if other and other.up:
            other.transfer = state
            self._calls.changed(other)
        self._calls.changed(call)
        self._calls.waits.look(call)

    def _done(self, transfer: _Transfer) -> None:
        del self._open[transfer.call.id]
        self._enter(transfer, TransferState.DONE)
        for call in (transfer.call, transfer.replaces):
            if call and call.up:
                # Some servers end one leg only, or none.
                self._calls.leave(call, EndReason.TRANSFERRED)

    def _failed(self, transfer: _Transfer, error: PhoneError) -> None:
        if self._open.pop(transfer.call.id, None) is not transfer:
            return
        self._enter(transfer, TransferState.FAILED)
        self._calls.waits.fail(transfer.call, transfer.wait, error)
        if transfer.held_here and transfer.call.on_line and self._calls.focus is transfer.call:
            self._calls.hold(transfer.call, False, ignore)

    def _lose_patience(self, transfer: _Transfer) -> None:
        late = "The far end has not said yet what became of the transfer; TransferState will tell"
        self._calls.waits.fail(transfer.call, transfer.wait, RequestTimeoutError(late))

    def _follow(self, call: Call) -> None:
        """A call that ends in the middle of it ends the transfer: the far end has gone where it
        was sent, or the user has hung up."""
        transfer = self._open.get(call.id)
        if transfer and not call.up:
            del self._open[call.id]
            gone = call.end_reason is EndReason.TRANSFERRED
            self._enter(transfer, TransferState.DONE if gone else TransferState.FAILED)
            if transfer.replaces and transfer.replaces.up and gone:
                self._calls.leave(transfer.replaces, EndReason.TRANSFERRED)
        self._tell_who_can_join()

    def _tell_who_can_join(self) -> None:
        """`Call.can_join` follows the other calls."""
        for call in self._calls:
            able = any(_can_join(call, other) for other in self._calls if other is not call)
            if able is not call.can_join:
                call.can_join = able
                self._calls.changed(call)


def _can_join(call: Call, other: Call) -> bool:
    if call.desk and other.desk:
        return call.desk.joins(other.desk) and call.up and other.up
    return call.on_line and other.desk is None and _can_be_joined(other)


def _can_be_joined(call: Call) -> bool:
    if call.ending or call.emergency or call.relayed or call.transfer in UNDER_WAY:
        return False
    unanswered = call.direction is Direction.OUTGOING and call.state in UNANSWERED
    return call.on_line or unanswered
