# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine as the rest of the daemon knows it: ports of the core on one side, protocol
messages on the other.  What the engine says goes through `reports`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.errors import (
    EngineError,
    EngineGoneError,
    LimitReachedError,
    NotSupportedError,
    PhoneError,
    RejectedError,
    RequestTimeoutError,
)
from offhookd.phone.handovers import Handovers
from offhookd.phone.ports import NO_HEADERS, CallEngine, Done, RegistrationEngine
from offhookd.phone.values import (
    AccountId,
    CallId,
    DtmfMethod,
)

from . import protocol as p
from .farewells import Farewells
from .launch import Launched
from .link import GONE, Link
from .reports import EngineListener, Legs, Reports
from .supervisor import Supervisor

REQUEST_LIMIT_S = 18.0
"""Below the 20 s in which a D-Bus method has to answer."""


class Routes(Protocol):
    """Who knows where a call goes; the engine itself asks no name server."""

    def reachable(self, account: AccountId, target: str) -> bool:
        """Whether the engine knows the way already."""

    async def reach(self, account: AccountId, target: str) -> None:
        """Find it and tell the engine; raises a `PhoneError` with a sentence."""


class EngineClient(CallEngine, RegistrationEngine):
    """Commands are dropped, and answered with `EngineError`, while no engine runs."""

    def __init__(self, start: p.Start) -> None:
        self._calls: Calls
        self._accounts: Accounts
        self._routes: Routes
        self._listener: EngineListener
        self._reports: Reports
        self._start = start
        self._supervisor = Supervisor(self._up, self._event, self._down)
        self._link: Link | None = None
        self._outdated = False
        self.renewing = False
        """Whether its end is wanted: another one, with other settings, is about to start."""
        self._looking_up: dict[CallId, asyncio.Task[None]] = {}
        self._following: dict[CallId, asyncio.Task[None]] = {}
        self._legs = Legs()
        self._farewells = Farewells(self._send)

    def connect(
        self,
        calls: Calls,
        accounts: Accounts,
        routes: Routes,
        listener: EngineListener,
        handovers: Handovers,
    ) -> None:
        """Who is to hear of the engine; before the event loop turns for the first time."""
        self._calls, self._accounts = calls, accounts
        self._routes, self._listener = routes, listener
        self._reports = Reports(
            self._legs, calls, accounts, listener, self._send, handovers, self._farewells
        )

    def start(self, first: Launched | None = None) -> None:
        """Start the engine, or take over one that was launched already."""
        self._supervisor.start(first)

    async def stop(self) -> None:
        for task in (*self._looking_up.values(), *self._following.values()):
            task.cancel()
        await self._farewells.stop()
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
        if self._outdated and not self._calls.carried:
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
            raise EngineGoneError("The SIP engine is not running; it is being restarted")
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
        return self._legs.leg(call)

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
        referral: int = 0,
        codecs: tuple[str, ...] = (),
        relays: CallId | None = None,
        hops: int = 70,
    ) -> None:
        command = p.Dial(
            leg=call,
            account=account,
            target=target,
            headers=headers,
            anonymous=anonymous,
            muted=muted,
            referral=referral,
            codecs=codecs,
            relays=self.leg(relays) if relays else 0,
            max_forwards=hops,
        )
        self._legs.bind(call, call)

        def dialled(error: PhoneError | None) -> None:
            if error is not None:
                self._legs.release(call)
            done(error)

        if self._routes.reachable(account, target):
            self._send(command, dialled)
        else:
            work = self._dial_after_look_up(command, dialled)
            task = self._looking_up[call] = asyncio.create_task(work, name=f"look-up {call}")
            task.add_done_callback(lambda _: self._looking_up.pop(call))

    async def _dial_after_look_up(self, command: p.Dial, dialled: Done) -> None:
        try:
            await self._routes.reach(AccountId(command.account), command.target)
        except PhoneError as error:
            dialled(error)
            return
        call = self._calls.get(CallId(command.leg))
        if call is not None and call.up:
            self._send(command.but(muted=call.muted), dialled)
            self.focus(self._calls.focus.id if self._calls.focus else None)

    def ring(self, call: CallId) -> None:
        self._send(p.Ring(leg=self.leg(call)))

    def progress(self, call: CallId) -> None:
        self._send(p.Progress(leg=self.leg(call)))

    def answer(self, call: CallId, done: Done) -> None:
        self._send(p.Answer(leg=self.leg(call)), done)

    def refuse(
        self,
        call: CallId,
        code: int,
        contact: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        leg = self.leg(call)
        self._send(p.Refuse(leg=leg, code=code, contact=contact, headers=dict(headers)))

    def hangup(self, call: CallId) -> None:
        if task := self._following.get(call):
            task.cancel()
        if task := self._looking_up.get(call):
            task.cancel()  # nothing has gone out: there is nobody to tell
            self._legs.release(call)
            asyncio.get_running_loop().call_soon(self._calls.ended, call, "cancelled", 0, "")
        else:
            self._send(p.Hangup(leg=self.leg(call)))

    def hold(self, call: CallId, held: bool, done: Done) -> None:
        self._send(p.Hold(leg=self.leg(call), held=held), done)

    def transfer(self, call: CallId, target: str, replaces: CallId | None, done: Done) -> None:
        other = self.leg(replaces) if replaces else 0
        self._send(p.Transfer(leg=self.leg(call), target=target, replaces=other), done)

    def end_referral(self, referral: int, code: int) -> None:
        self._send(p.EndReferral(referral=referral, code=code))

    def answer_options(self, account: AccountId, code: int) -> None:
        """Let servers that ask know how a call would be answered."""
        self._send(p.AnswerOptions(account=account, code=code))

    def refuse_transfers(self, refused: bool) -> None:
        self.tell(p.RefuseTransfers(refused=refused))

    def follow(self, call: CallId, account: AccountId, target: str, done: Done) -> None:
        command = p.Follow(leg=self.leg(call), target=target)
        if self._routes.reachable(account, target):
            self._send(command, done)
        else:
            work = self._follow_after_look_up(command, account, done)
            task = self._following[call] = asyncio.create_task(work, name=f"follow {call}")
            task.add_done_callback(lambda _: self._following.pop(call))

    async def _follow_after_look_up(
        self, command: p.Follow, account: AccountId, done: Done
    ) -> None:
        try:
            await self._routes.reach(account, command.target)
        except PhoneError as error:
            done(error)
        else:
            self._send(command, done)

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

    def flash(self, call: CallId, done: Done) -> None:
        self._send(p.Flash(leg=self.leg(call)), done)

    def focus(self, call: CallId | None) -> None:
        self._send(p.Focus(leg=self.leg(call) if call is not None else 0))

    def confer(self, conference: int, calls: Sequence[CallId]) -> None:
        legs = tuple(leg for call in calls if (leg := self.leg(call)))
        self._send(p.Confer(conference=conference, legs=legs))

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
                self._listener.engine_started(reply.data)
                self._farewells.engine_started(self._routes)

        link.send(self._start, started)

    def _event(self, event: p.Event) -> None:
        self._reports.take(event)

    def _down(self, text: str) -> None:
        self._link = None
        self._legs.clear()
        self._farewells.engine_lost()
        self._listener.engine_failed(text)
        self._calls.engine_lost(text)
        for account in self._accounts:
            account.engine_lost(text)

    def _send(self, command: p.Command, done: Done | None = None) -> None:
        if self._link is None:
            if done:
                error = EngineGoneError("The SIP engine is not running; it is being restarted")
                asyncio.get_running_loop().call_soon(done, error)
            return
        self._link.send(command, _reply_to(done) if done else None)


def _reply_to(done: Done) -> Callable[[p.Reply], None]:
    return lambda reply: done(error_of(reply) if reply.error else None)


NOT_SUPPORTED = 501
REQUEST_TIMEOUT = 408
REFUSALS = range(300, 700)
"""Final answers of SIP that are not success (RFC 3261 section 7.2)."""
TOO_MANY = 70_010
"""PJ_ETOOMANY: every call slot of the engine is taken."""


def error_of(reply: p.Reply) -> PhoneError:
    """The error that a failed reply stands for."""
    if reply.code == GONE:
        return EngineGoneError(reply.error)
    if reply.code == NOT_SUPPORTED:
        return NotSupportedError(reply.error)
    if reply.code == TOO_MANY:
        return LimitReachedError(reply.error)
    if reply.code == REQUEST_TIMEOUT:
        return RequestTimeoutError(reply.error)
    if reply.code in REFUSALS:
        return RejectedError(reply.error)
    return EngineError(reply.error)
