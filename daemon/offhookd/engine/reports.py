# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine says, as the core understands it.

The engine reads what strangers send and may be theirs: what it says was checked for type and
size when the line was decoded; here texts are cleaned and numbers brought into range.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from offhookd.phone.account import Answer as RegistrationAnswer
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.detours import Reference
from offhookd.phone.handovers import Handovers
from offhookd.phone.letters import Letter
from offhookd.phone.media import Media, Statistics
from offhookd.phone.policy import Invitation
from offhookd.phone.values import (
    AccountId,
    CallId,
    CallState,
    Direction,
    Encryption,
    Flow,
    StateReason,
)

from . import protocol as p
from .farewells import Farewells
from .sip_headers import clean, clean_lines

LARGEST_CODE = 699
"""Of SIP (RFC 3261 section 7.2); anything else counts as no code."""
LARGEST_COUNT = 2**32 - 1
TEMPORARILY_UNAVAILABLE = 480

_STATES = {
    "dialing": CallState.DIALING,
    "ringing": CallState.RINGING,
    "early": CallState.EARLY,
    "active": CallState.ACTIVE,
}


class EngineListener(Protocol):
    """What else the engine tells, beyond calls and registrations."""

    def engine_started(self, facts: Mapping[str, p.Value]) -> None:
        """A new engine is up (data of the reply to `Start`); nothing is configured in it yet."""

    def engine_failed(self, text: str) -> None:
        """It is gone, or refused to start."""

    def audio_status(self, status: p.AudioStatus) -> None: ...

    def levels(self, call: CallId, sent_dbfs: float, received_dbfs: float) -> None: ...

    def message_received(self, letter: Letter) -> None: ...

    def remote_press(self, account: AccountId, key: str, call: CallId) -> None: ...

    def gate_report(self, dropped: Mapping[str, int], last_source: str) -> None: ...

    def stun_lost(self, event: p.StunLost) -> None: ...
    def turn_lost(self, event: p.TurnLost) -> None: ...

    def recorded(self, event: p.Recorded) -> None: ...

    def engine_log(self, level: int, text: str) -> None: ...

    def errand_told(self, event: p.ErrandTold) -> None:
        """A telephone that was asked to call."""

    def leg_told(self, leg: CallId, event: p.LegState | p.TransferProgress) -> None:
        """Of every leg, those without a call included."""

    def presence_told(self, event: p.Event) -> None:
        """What concerns subscriptions and publications."""


class Legs:
    """Which leg of the engine carries which call."""

    def __init__(self) -> None:
        self._legs: dict[CallId, int] = {}
        self._calls: dict[int, CallId] = {}

    def bind(self, call: CallId, leg: int) -> None:
        self._legs[call] = leg
        self._calls[leg] = call

    def release(self, leg: int) -> None:
        if call := self._calls.pop(leg, None):
            self._legs.pop(call, None)

    def clear(self) -> None:
        self._legs.clear()
        self._calls.clear()

    def leg(self, call: CallId) -> int:
        """0 when the engine carries no such call."""
        return self._legs.get(call, 0)

    def call(self, leg: int) -> CallId:
        """0 when nobody knows the leg."""
        return self._calls.get(leg, CallId(0))


class Reports:
    """Passes each event on to whom it concerns; `tell` is for what needs no decision."""

    def __init__(
        self,
        legs: Legs,
        calls: Calls,
        accounts: Accounts,
        listener: EngineListener,
        tell: Callable[[p.Command], None],
        handovers: Handovers,
        farewells: Farewells,
    ) -> None:
        self._legs = legs
        self._calls = calls
        self._accounts = accounts
        self._listener = listener
        self._as_it_is: Mapping[type[p.Event], Callable[[Any], None]] = {
            p.AudioStatus: listener.audio_status,
            p.ErrandTold: listener.errand_told,
            p.Recorded: listener.recorded,
            p.StunLost: listener.stun_lost,
            p.TurnLost: listener.turn_lost,
            p.ConnectionLost: self._connection_lost,
            p.DialogMade: farewells.made,
        }
        self._tell = tell
        self._farewells = farewells
        self._transfers = handovers.transfers
        self._detours = handovers.detours
        self._connected = handovers.connected

    def take(self, event: p.Event) -> None:
        event = cleaned(event)
        if isinstance(event, p.LegState | p.TransferProgress):
            self._listener.leg_told(self._legs.call(event.leg), event)
        match event:
            case p.LegState():
                self._leg_state(event)
            case p.LegMedia():
                self._leg_media(event)
            case p.LegQuality():
                self._calls.measured(self._legs.call(event.leg), _statistics(event))
            case p.LegDtmf():
                duration_ms = _count(event.duration_ms)
                self._calls.dtmf_received(self._legs.call(event.leg), event.tone, duration_ms)
            case p.Incoming():
                self._incoming(event)
            case p.Registration():
                self._registration(event)
            case p.TransferProgress() | p.Referred() | p.Redirected() | p.ConnectedLine():
                self._handing_over(event)
            case _:
                self._pass_on(event)

    def _handing_over(
        self, event: p.TransferProgress | p.Referred | p.Redirected | p.ConnectedLine
    ) -> None:
        call = self._legs.call(event.leg)
        match event:
            case p.ConnectedLine():
                self._connected.told(call, event.uri, event.name, event.privacy)
            case p.TransferProgress():
                self._transfers.progressed(call, _code(event.code), event.text, final=event.final)
            case p.Redirected():
                self._detours.redirected(call, event.target)
            case p.Referred():
                headers = {"Referred-By": f"<{event.referred_by}>", "Replaces": event.replaces}
                if not event.referred_by:
                    del headers["Referred-By"]
                if not event.replaces:
                    del headers["Replaces"]
                reference = Reference(event.referral, event.target, event.referred_by, headers)
                self._detours.referred(call, reference)

    def _pass_on(self, event: p.Event) -> None:
        match event:
            case p.Levels():
                call = self._legs.call(event.leg)
                self._listener.levels(call, event.sent_dbfs, event.received_dbfs)
            case p.MessageReceived():
                self._message(event)
            case p.RemotePress(key="talk" | "hold"):
                call = self._legs.call(event.leg)
                self._listener.remote_press(AccountId(event.account), event.key, call)
            case p.MailboxTold():
                self._mailbox(event)
            case p.GateReport():
                dropped = {clean(rule): count for rule, count in event.dropped.items()}
                self._listener.gate_report(dropped, event.last_source)
            case p.LogLine():
                self._listener.engine_log(event.level, event.text)
            case _:
                self._as_it_is.get(type(event), self._listener.presence_told)(event)

    def _message(self, event: p.MessageReceived) -> None:
        if self._accounts.get(AccountId(event.account)):
            self._listener.message_received(
                Letter(
                    account=AccountId(event.account),
                    direction=Direction.INCOMING,
                    peer_uri=event.peer_uri,
                    peer_name=event.peer_name,
                    text=event.text,
                    sip_id=event.sip_id,
                )
            )

    def _mailbox(self, event: p.MailboxTold) -> None:
        if account := self._accounts.get(AccountId(event.account)):
            account.mailbox_told(waiting=event.waiting, new=event.new, old=event.old, uri=event.uri)

    def _incoming(self, event: p.Incoming) -> None:
        account = self._accounts.get(AccountId(event.account))
        if account is None or not account.enabled:
            # It was switched off, or the configuration took it away a moment ago.
            self._tell(p.Refuse(leg=event.leg, code=TEMPORARILY_UNAVAILABLE))
            return
        diverted_by = tuple(map(clean, event.diverted_by))
        invitation = Invitation(
            account=AccountId(event.account),
            sip_call_id=event.sip_call_id,
            peer_uri=event.peer_uri,
            peer_name=event.peer_name,
            asserted_uri=event.asserted_uri,
            asserted_name=event.asserted_name,
            called_uri=event.called_uri,
            diversion_uri=diverted_by[0] if diverted_by else "",
            alert_info=event.alert_info,
            call_info=event.call_info,
            answer_mode=event.answer_mode,
            privacy=event.privacy,
            priority=event.priority,
            diverted_by=diverted_by,
            hops=event.max_forwards,
            replaces=self._legs.call(event.replaces) if event.replaces else None,
        )
        self._calls.invited(invitation, accept=lambda call: self._legs.bind(call, event.leg))

    def _leg_state(self, event: p.LegState) -> None:
        call = self._legs.call(event.leg)
        if event.state == "ended":
            self._legs.release(event.leg)
            self._farewells.ended(event.leg)
            self._calls.ended(call, event.cause, _code(event.code), event.text)
        elif event.state == "answered":
            self._calls.picked_up(call)
        elif event.state in _STATES:
            self._calls.progressed(call, _STATES[event.state], event.sip_call_id)

    def _leg_media(self, event: p.LegMedia) -> None:
        media = Media(
            codec=event.codec,
            clock_rate=_count(event.clock_rate),
            flow=_known(Flow, event.flow, Flow.NONE),
            encryption=_known(Encryption, event.encryption, Encryption.NONE),
        )
        self._calls.media_changed(
            self._legs.call(event.leg),
            media,
            local_hold=event.local_hold,
            remote_hold=event.remote_hold,
        )

    def _connection_lost(self, event: p.ConnectionLost) -> None:
        for account in self._accounts:
            if account.facts.transport == event.transport:
                account.connection_lost()

    def _registration(self, event: p.Registration) -> None:
        if account := self._accounts.get(AccountId(event.account)):
            account.result(
                RegistrationAnswer(
                    code=_code(event.code),
                    text=event.text,
                    expires_s=_count(event.expires),
                    retry_after_s=_count(event.retry_after),
                    cause=_known(StateReason, event.cause, StateReason.NETWORK),
                )
            )


E = TypeVar("E")


def _known(kind: Callable[[str], E], value: str, otherwise: E) -> E:
    """The member of an enumeration, or what stands for values nobody knows yet."""
    try:
        return kind(value)
    except ValueError:
        return otherwise


def _statistics(event: p.LegQuality) -> Statistics:
    return Statistics(
        round_trip_us=_count(event.round_trip_us),
        jitter_us=_count(event.jitter_us),
        loss_sent=event.loss_sent,
        loss_received=event.loss_received,
        packets_sent=_count(event.packets_sent),
        packets_received=_count(event.packets_received),
        reports_received=_count(event.reports_received),
        mos=event.mos,
    )


def _code(number: int) -> int:
    return number if 0 < number <= LARGEST_CODE else 0


def _count(number: int) -> int:
    return min(max(number, 0), LARGEST_COUNT)


def cleaned(event: p.Event) -> p.Event:
    """`event` with texts that can do no harm in a log, on a terminal or on D-Bus."""
    odd = {
        name: (clean_lines if event.marks.get(name) == p.LINES else clean)(text, p.MAX_TEXT_CHARS)
        for name, text in event.__dict__.items()
        if isinstance(text, str) and not text.isprintable()
    }
    return event.but(**odd) if odd else event
