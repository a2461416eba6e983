# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls that there are, oldest first, each known to the log by the same number."""

from collections.abc import Iterator

from .call import Call
from .contacts import Contact
from .policy import Invitation, caller_of
from .ports import CallLog, Clock
from .values import AccountId, CallId, CallState, Direction, Party


class Scores:
    """Every score of a call, for the one that the history keeps."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def add(self, mos: float) -> None:
        """0, for unknown, is none."""
        if mos:
            self._sum += mos
            self._count += 1

    @property
    def mean(self) -> float:
        """0.0 where there was none."""
        return round(self._sum / self._count, 2) if self._count else 0.0


class Register:
    """Holds a call from its first moment until some seconds after its end."""

    def __init__(self, log: CallLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._calls: dict[CallId, Call] = {}
        self._scores: dict[CallId, Scores] = {}

    def __iter__(self) -> Iterator[Call]:
        """What may be changed meanwhile."""
        return iter(tuple(self._calls.values()))

    def get(self, call_id: CallId | None) -> Call | None:
        return None if call_id is None else self._calls.get(call_id)

    def outgoing(self, account: AccountId, uri: str, name: str) -> Call:
        return self._new(account, Direction.OUTGOING, uri, name, CallState.PENDING)

    def incoming(self, invitation: Invitation) -> Call:
        caller = caller_of(invitation)
        call = self._new(
            invitation.account, Direction.INCOMING, caller.uri, caller.name, CallState.INCOMING
        )
        call.sip_call_id = invitation.sip_call_id
        call.called_uri = invitation.called_uri
        call.diversion_uri = invitation.diversion_uri
        return call

    def record(self, call: Call) -> None:
        """Store it, before anybody can change it."""
        self._log.begin(
            call.id, call.account, call.direction, call.peer_uri, call.peer_name, call.created_us
        )
        if call.desk:
            self._log.carried_by(call.id, call.desk.phone)
        if call.contact:
            self.identified(call, call.contact)

    def answered(self, call: Call) -> None:
        call.answered_us = self._clock.now_us()
        self._log.answered(call.id, call.answered_us)

    def identified(self, call: Call, contact: Contact) -> None:
        """Also of one that is over: the history is read later."""
        if call.far_uri == call.peer_uri:
            self._log.identified(call.id, contact.name)
        else:
            self._log.connected(call.id, Party(call.far_uri, contact.name))

    def scored(self, call: Call, mos: float) -> None:
        if call.up:
            self._scores.setdefault(call.id, Scores()).add(mos)

    def ended(self, call: Call, text: str) -> None:
        """Store how it ended; `text` is the far end's."""
        call.ended_us = self._clock.now_us()
        mos = self._scores.pop(call.id, Scores()).mean
        self._log.ended(call.id, call.ended_us, call.end_reason, call.end_code, text, mos)

    def remove(self, call: Call) -> None:
        del self._calls[call.id]

    def _new(
        self, account: AccountId, direction: Direction, uri: str, name: str, state: CallState
    ) -> Call:
        call = Call(self._log.reserve(), account, direction, uri, name, self._clock.now_us(), state)
        self._calls[call.id] = call
        return call
