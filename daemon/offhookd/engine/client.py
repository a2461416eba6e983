# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine as the rest of the daemon knows it: ports of the core on one side, protocol
messages on the other.

The engine reads what strangers send and may be theirs: what it says was checked for type and
size when the line was decoded; here texts are cleaned and numbers brought into range.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Protocol, TypeVar

from offhookd.phone.account import Answer as RegistrationAnswer
from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Media, Statistics
from offhookd.phone.calls import Calls
from offhookd.phone.errors import (
    EngineError,
    LimitReachedError,
    NotSupportedError,
    PhoneError,
    RequestTimeoutError,
)
from offhookd.phone.policy import Invitation
from offhookd.phone.ports import CallEngine, Done, RegistrationEngine
from offhookd.phone.values import (
    AccountId,
    CallId,
    CallState,
    DtmfMethod,
    Encryption,
    Flow,
    StateReason,
)

from . import protocol as p
from .launch import Launched
from .link import Link
from .sip_headers import clean
from .supervisor import Supervisor

REQUEST_LIMIT_S = 18.0
"""Below the 20 s in which a D-Bus method has to answer."""

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

    def gate_report(self, dropped: Mapping[str, int], last_source: str) -> None: ...

    def engine_log(self, level: int, text: str) -> None: ...


class Routes(Protocol):
    """Who knows where a call goes; the engine itself asks no name server."""

    def reachable(self, account: AccountId, target: str) -> bool:
        """Whether the engine knows the way already."""

    async def reach(self, account: AccountId, target: str) -> None:
        """Find it and tell the engine; raises a `PhoneError` with a sentence."""


class EngineClient(CallEngine, RegistrationEngine):
    """Commands are dropped, and answered with `EngineError`, while no engine runs."""

    def __init__(self, start: p.Start) -> None:
        self.calls: Calls
        self.accounts: Accounts
        self.listener: EngineListener
        self.routes: Routes
        self._start = start
        self._supervisor = Supervisor(self._up, self._on_event, self._down)
        self._link: Link | None = None
        self._outdated = False
        self.renewing = False
        """Whether its end is wanted: another one, with other settings, is about to start."""
        self._looking_up: dict[CallId, asyncio.Task[None]] = {}
        self._legs: dict[CallId, int] = {}
        self._calls_by_leg: dict[int, CallId] = {}

    def start(self, first: Launched | None = None) -> None:
        """Start the engine, or take over one that was launched already."""
        self._supervisor.start(first)

    async def stop(self) -> None:
        for task in self._looking_up.values():
            task.cancel()
        await self._supervisor.stop()

    @property
    def alive(self) -> bool:
        return self._supervisor.alive

    # ------------------------------------------------------------ configuration, sound

    def configure(self, start: p.Start) -> None:
        """How engines are started from now on; the present one is replaced once it is idle."""
        if start != self._start:
            self._start = start
            self._outdated = True
            self.renew()

    def renew(self) -> None:
        """Replace an engine that was started with other settings, unless calls need it."""
        if self._outdated and not self.calls.carried:
            self._outdated = False
            self.renewing = self._link is not None
            self._supervisor.renew()

    def tell(self, command: p.Command, done: Done | None = None) -> None:
        """Send a command that no port names: accounts, hosts, sound devices."""
        self._send(command, done)

    async def ask(self, command: p.Command, limit_s: float = REQUEST_LIMIT_S) -> p.Reply:
        """Send `command` and wait for its reply; raises a `PhoneError` when it failed."""
        answer: asyncio.Future[p.Reply] = asyncio.get_running_loop().create_future()

        def replied(reply: p.Reply) -> None:
            if not answer.done():
                answer.set_result(reply)

        if self._link is None:
            raise EngineError("The SIP engine is not running; it is being restarted")
        self._link.send(command, replied)
        try:
            async with asyncio.timeout(limit_s):
                reply = await answer
        except TimeoutError:
            raise RequestTimeoutError("The SIP engine did not answer in time") from None
        if reply.error:
            raise error_of(reply)
        return reply

    def leg(self, call: CallId) -> int:
        """The engine's number of the call; 0 when it carries none."""
        return self._legs.get(call, 0)

    # ------------------------------------------------------------ ports of the core

    def register(self, account: AccountId) -> None:
        self._send(p.Register(account=account))

    def unregister(self, account: AccountId) -> None:
        self._send(p.Unregister(account=account))

    def dial(
        self,
        call: CallId,
        account: AccountId,
        target: str,
        done: Done,
        *,
        headers: Mapping[str, str],
        anonymous: bool,
        muted: bool,
    ) -> None:
        command = p.Dial(
            leg=call,
            account=account,
            target=target,
            headers=headers,
            anonymous=anonymous,
            muted=muted,
        )
        self._bind(call, call)

        def dialled(error: PhoneError | None) -> None:
            if error is not None:
                self._release(call)
            done(error)

        if self.routes.reachable(account, target):
            self._send(command, dialled)
        else:
            work = self._dial_after_look_up(command, dialled)
            task = self._looking_up[call] = asyncio.create_task(work, name=f"look-up {call}")
            task.add_done_callback(lambda _: self._looking_up.pop(call))

    async def _dial_after_look_up(self, command: p.Dial, dialled: Done) -> None:
        try:
            await self.routes.reach(AccountId(command.account), command.target)
        except PhoneError as error:
            dialled(error)
            return
        call = self.calls.get(CallId(command.leg))
        if call is not None and call.up:
            self._send(replace(command, muted=call.muted), dialled)
            self.focus(self.calls.focus.id if self.calls.focus else None)

    def ring(self, call: CallId) -> None:
        self._send(p.Ring(leg=self.leg(call)))

    def answer(self, call: CallId, done: Done) -> None:
        self._send(p.Answer(leg=self.leg(call)), done)

    def refuse(self, call: CallId, code: int, contact: str = "") -> None:
        self._send(p.Refuse(leg=self.leg(call), code=code, contact=contact))

    def hangup(self, call: CallId) -> None:
        if task := self._looking_up.get(call):
            task.cancel()  # nothing has gone out: there is nobody to tell
            self._release(call)
            asyncio.get_running_loop().call_soon(self.calls.ended, call, "cancelled", 0, "")
        else:
            self._send(p.Hangup(leg=self.leg(call)))

    def hold(self, call: CallId, held: bool, done: Done) -> None:
        self._send(p.Hold(leg=self.leg(call), held=held), done)

    def mute(self, call: CallId, muted: bool) -> None:
        self._send(p.Mute(leg=self.leg(call), muted=muted))

    def send_dtmf(
        self, call: CallId, tones: str, method: DtmfMethod | None, duration_ms: int, done: Done
    ) -> None:
        self._send(
            p.SendDtmf(
                leg=self.leg(call), tones=tones, method=method or "", duration_ms=duration_ms
            ),
            done,
        )

    def focus(self, call: CallId | None) -> None:
        self._send(p.Focus(leg=self.leg(call) if call is not None else 0))

    def play_tone(self, tone: str, seconds: float = 0) -> None:
        self._send(p.PlayTone(tone=tone, seconds=seconds))

    # ------------------------------------------------------------ the process

    def _up(self, link: Link) -> None:
        self._link = link
        self._outdated = self.renewing = False

        def started(reply: p.Reply) -> None:
            if reply.error:
                link.close(f"the SIP engine cannot start: {reply.error}")
            elif reply.data.get("protocol") != p.VERSION:
                link.close("the SIP engine is of another version; install both together")
            else:
                self.listener.engine_started(reply.data)

        link.send(self._start, started)

    def _down(self, text: str) -> None:
        self._link = None
        self._legs.clear()
        self._calls_by_leg.clear()
        self.listener.engine_failed(text)
        self.calls.engine_lost(text)
        for account in self.accounts:
            account.engine_lost(text)

    def _bind(self, call: CallId, leg: int) -> None:
        self._legs[call] = leg
        self._calls_by_leg[leg] = call

    def _release(self, leg: int) -> None:
        call = self._calls_by_leg.pop(leg, None)
        if call is not None:
            self._legs.pop(call, None)

    def _send(self, command: p.Command, done: Done | None = None) -> None:
        if self._link is None:
            if done:
                error = EngineError("The SIP engine is not running; it is being restarted")
                asyncio.get_running_loop().call_soon(done, error)
            return
        self._link.send(command, _reply_to(done) if done else None)

    # ------------------------------------------------------------ its events

    def _on_event(self, event: p.Event) -> None:
        event = cleaned(event)
        match event:
            case p.LegState():
                self._leg_state(event)
            case p.LegMedia():
                self._leg_media(event)
            case p.LegQuality():
                self.calls.measured(self._call(event.leg), _statistics(event))
            case p.LegDtmf():
                duration_ms = _count(event.duration_ms)
                self.calls.dtmf_received(self._call(event.leg), event.tone, duration_ms)
            case p.Incoming():
                self._incoming(event)
            case p.Registration():
                self._registration(event)
            case _:
                self._pass_on(event)

    def _pass_on(self, event: p.Event) -> None:
        match event:
            case p.Levels():
                call = self._call(event.leg)
                self.listener.levels(call, event.sent_dbfs, event.received_dbfs)
            case p.AudioStatus():
                self.listener.audio_status(event)
            case p.GateReport():
                self.listener.gate_report(event.dropped, event.last_source)
            case p.LogLine():
                self.listener.engine_log(event.level, event.text)

    def _call(self, leg: int) -> CallId:
        return self._calls_by_leg.get(leg, CallId(0))

    def _incoming(self, event: p.Incoming) -> None:
        account = self.accounts.get(AccountId(event.account))
        if account is None or not account.enabled:
            # It was switched off, or the configuration took it away a moment ago.
            self._send(p.Refuse(leg=event.leg, code=TEMPORARILY_UNAVAILABLE))
            return
        invitation = Invitation(
            account=AccountId(event.account),
            sip_call_id=event.sip_call_id,
            peer_uri=event.peer_uri,
            peer_name=event.peer_name,
            asserted_uri=event.asserted_uri,
            asserted_name=event.asserted_name,
            diversion_uri=event.diversion_uri,
        )
        self.calls.invited(invitation, accept=lambda call: self._bind(call, event.leg))

    def _leg_state(self, event: p.LegState) -> None:
        call = self._call(event.leg)
        if event.state == "ended":
            self._release(event.leg)
            self.calls.ended(call, event.cause, _code(event.code), event.text)
        elif event.state == "answered":
            self.calls.picked_up(call)
        elif event.state in _STATES:
            self.calls.progressed(call, _STATES[event.state], event.sip_call_id)

    def _leg_media(self, event: p.LegMedia) -> None:
        media = Media(
            codec=event.codec,
            clock_rate=_count(event.clock_rate),
            flow=_known(Flow, event.flow, Flow.NONE),
            encryption=_known(Encryption, event.encryption, Encryption.NONE),
        )
        self.calls.media_changed(
            self._call(event.leg),
            media,
            local_hold=event.local_hold,
            remote_hold=event.remote_hold,
        )

    def _registration(self, event: p.Registration) -> None:
        if account := self.accounts.get(AccountId(event.account)):
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
        mos=event.mos,
    )


def _code(number: int) -> int:
    return number if 0 < number <= LARGEST_CODE else 0


def _count(number: int) -> int:
    return min(max(number, 0), LARGEST_COUNT)


def cleaned(event: p.Event) -> p.Event:
    """`event` with texts that can do no harm in a log, on a terminal or on D-Bus."""
    texts = {item.name: getattr(event, item.name) for item in fields(event)}
    odd = {
        name: clean(text, p.MAX_TEXT_CHARS)
        for name, text in texts.items()
        if isinstance(text, str) and not text.isprintable()
    }
    return replace(event, **odd) if odd else event


def _reply_to(done: Done) -> Callable[[p.Reply], None]:
    return lambda reply: done(error_of(reply) if reply.error else None)


NOT_SUPPORTED = 501
TOO_MANY = 70_010
"""PJ_ETOOMANY: every call slot of the engine is taken."""


def error_of(reply: p.Reply) -> PhoneError:
    """The error that a failed reply stands for."""
    if reply.code == NOT_SUPPORTED:
        return NotSupportedError(reply.error)
    if reply.code == TOO_MANY:
        return LimitReachedError(reply.error)
    return EngineError(reply.error)
