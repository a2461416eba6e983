# SPDX-License-Identifier: GPL-2.0-or-later
"""Hand-written stand-ins for the ports of the core, with a clock that tests turn by hand."""

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence

from offhookd.phone.errors import PhoneError
from offhookd.phone.ports import (
    NO_HEADERS,
    Alerting,
    CallEngine,
    CallLog,
    Clock,
    Done,
    RegistrationEngine,
    Timer,
)
from offhookd.phone.values import AccountId, CallId, Direction, DtmfMethod, EndReason, Party

START_US = 1_700_000_000_000_000


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock(Clock):
    """Time passes only in `advance`, which runs what falls due on the way, in order."""

    def __init__(self) -> None:
        self._now_us = START_US
        self._order = itertools.count()
        self._due: list[tuple[int, int, FakeTimer]] = []

    def now_us(self) -> int:
        return self._now_us

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = FakeTimer(callback)
        due = self._now_us + int(delay_s * 1e6)
        heapq.heappush(self._due, (due, next(self._order), timer))
        return timer

    @property
    def waiting(self) -> int:
        """Timers that were not cancelled and are not due yet."""
        return sum(not timer.cancelled for _, _, timer in self._due)

    def advance(self, seconds: float) -> None:
        until = self._now_us + int(seconds * 1e6)
        while self._due and self._due[0][0] <= until:
            self._now_us, _, timer = heapq.heappop(self._due)
            if not timer.cancelled:
                timer.callback()
        self._now_us = until


class FakeEngine(CallEngine, RegistrationEngine):
    """Writes down what it is told; `finish` answers the commands that wait for an outcome."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.waiting: list[Done] = []

    def finish(self, error: PhoneError | None = None) -> None:
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(error)

    def said(self, name: str) -> list[tuple[object, ...]]:
        return [entry[1:] for entry in self.told if entry[0] == name]

    def register(self, account: AccountId) -> None:
        self.told.append(("register", account))

    def unregister(self, account: AccountId) -> None:
        self.told.append(("unregister", account))

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
        self.told.append(("dial", call, account, target))
        if relays:
            self.told.append(("dial_on", call, relays, hops, dict(headers)))
        if codecs:
            self.told.append(("dial_with", call, codecs))
        if referral:
            self.told.append(("dial_for", call, referral, dict(headers)))
        self.waiting.append(done)

    def ring(self, call: CallId) -> None:
        self.told.append(("ring", call))

    def progress(self, call: CallId) -> None:
        self.told.append(("progress", call))

    def answer(self, call: CallId, done: Done) -> None:
        self.told.append(("answer", call))
        self.waiting.append(done)

    def refuse(
        self,
        call: CallId,
        code: int,
        contact: str = "",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        where = (contact, *headers.values()) if contact else ()
        self.told.append(("refuse", call, code, *where))

    def hangup(self, call: CallId) -> None:
        self.told.append(("hangup", call))

    def hold(self, call: CallId, held: bool, done: Done) -> None:
        self.told.append(("hold", call, held))
        self.waiting.append(done)

    def transfer(self, call: CallId, target: str, replaces: CallId | None, done: Done) -> None:
        self.told.append(("transfer", call, target, replaces))
        self.waiting.append(done)

    def end_referral(self, referral: int, code: int) -> None:
        self.told.append(("end_referral", referral, code))

    def refuse_transfers(self, refused: bool) -> None:
        self.told.append(("refuse_transfers", refused))

    def follow(self, call: CallId, account: AccountId, target: str, done: Done) -> None:
        self.told.append(("follow", call, target))
        self.waiting.append(done)

    def mute(self, call: CallId, muted: bool) -> None:
        self.told.append(("mute", call, muted))

    def send_dtmf(
        self, call: CallId, tones: str, method: DtmfMethod | None, duration_ms: int, done: Done
    ) -> None:
        self.told.append(("send_dtmf", call, tones, method, duration_ms))
        self.waiting.append(done)

    def flash(self, call: CallId, done: Done) -> None:
        self.told.append(("flash", call))
        self.waiting.append(done)

    def focus(self, call: CallId | None) -> None:
        self.told.append(("focus", call))

    def confer(self, conference: int, calls: Sequence[CallId]) -> None:
        self.told.append(("confer", conference, tuple(calls)))

    def play_tone(self, tone: str, seconds: float = 0) -> None:
        self.told.append(("play_tone", tone))


class FakeLog(CallLog):
    def __init__(self) -> None:
        self.reserved = 999
        self.rows: dict[CallId, dict[str, object]] = {}

    def reserve(self) -> CallId:
        self.reserved += 1
        return CallId(self.reserved)

    def begin(
        self,
        call: CallId,
        account: AccountId,
        direction: Direction,
        peer_uri: str,
        peer_name: str,
        started_us: int,
    ) -> None:
        self.rows[call] = {"direction": direction, "peer_uri": peer_uri, "started": started_us}

    def answered(self, call: CallId, at_us: int) -> None:
        self.rows[call]["answered"] = at_us

    def ended(
        self, call: CallId, at_us: int, reason: EndReason, code: int, text: str, mos: float
    ) -> None:
        self.rows[call].update(ended=at_us, reason=reason, code=code, mos=mos)

    def carried_by(self, call: CallId, phone: str) -> None:
        self.rows[call]["through"] = phone

    def identified(self, call: CallId, name: str) -> None:
        self.rows[call]["contact"] = name

    def connected(self, call: CallId, party: Party) -> None:
        self.rows[call]["connected"] = (party.uri, party.name)

    def recorded(self, call: CallId, path: str) -> None:
        self.rows[call]["recording"] = path


class FakeAlerting(Alerting):
    def __init__(self) -> None:
        self.ringing = False
        self.sound = ""

    def ring(self, sound: str) -> None:
        self.ringing, self.sound = True, sound

    def quiet(self) -> None:
        self.ringing = False


class Outcome:
    """A `Done` that remembers."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: PhoneError | None = None

    def __call__(self, error: PhoneError | None) -> None:
        self.calls += 1
        self.error = error

    @property
    def succeeded(self) -> bool:
        return self.calls == 1 and self.error is None
