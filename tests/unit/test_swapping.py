# SPDX-License-Identifier: GPL-2.0-or-later
"""Two calls, one talked on and one on hold, and a user who presses flash faster than far ends
answer.

The switchboard and the engine's own order of re-INVITEs are the real ones; what lies between them,
the SIP stack and the far ends are played in every order: commands and reports are on their way for
a while, far ends agree, ask for patience (491) or refuse, and the stack has re-INVITEs of its own.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from offhookd.engine.schedule import Schedule
from offhookd.engine.sip_glare import OpenOffers
from offhookd.engine.sip_hold import Hold
from offhookd.engine.sip_media import LegMediaState
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import InvalidStateError, PhoneError
from offhookd.phone.hold import HoldState
from offhookd.phone.media import Media
from offhookd.phone.ports import Done
from offhookd.phone.swap import held_beside
from offhookd.phone.values import AccountId, CallId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK = AccountId("work")
AGREES, PATIENCE, REFUSES = 200, 491, 488
OWN, HELD = 0, 1
"""An answer to a re-INVITE of the stack's own; a hold that nobody asked for."""

LONG_S = 1000.0


class Way(StrEnum):
    """Where something is on its way to."""

    ENGINE = "commands reach the engine"
    DAEMON = "reports reach the daemon"
    SOON = "the engine does what waited for the end of a callback"


@dataclass
class Leg:
    """One call in the engine: `Hold` is the real one, the stack and the far end are played."""

    number: int
    report: Callable[[Callable[[], None]], None]
    soon: Callable[[Callable[[], None]], None]
    schedule: Schedule
    outgoing: bool = True
    held: bool = False
    media: LegMediaState = field(default_factory=LegMediaState)
    open_offers: OpenOffers = field(default_factory=OpenOffers)
    asked: list[bool] = field(default_factory=list)
    """The re-INVITE that is open: whether it asks to hold."""
    refused: bool = False
    """The far end's last word."""
    tell_media: Callable[[bool], None] = lambda _: None

    def __post_init__(self) -> None:
        self.hold = Hold(self, self.schedule)

    @property
    def talking(self) -> Any:
        return self

    def offer_codecs(self) -> None: ...

    def settle(self) -> None:
        self.soon(self._announce)

    def getInfo(self) -> SimpleNamespace:  # noqa: N802 - pjsua2's name
        return SimpleNamespace(media=[None])

    def getMedTransportInfo(self, _index: int) -> None:  # noqa: N802 - pjsua2's name
        """It has one."""

    def setHold(self, _options: object) -> None:  # noqa: N802 - pjsua2's name
        self._send(held=True)

    def reinvite(self, _options: object) -> None:
        self._send(held=False)

    def _send(self, *, held: bool) -> None:
        assert not self.asked, "two re-INVITEs of one side are open"
        self.asked.append(held)

    def answer(self, code: int) -> None:
        held = self.asked.pop()
        self.refused = code == REFUSES
        if code == AGREES:
            self._media_are(held)
        self.answer_of_the_stack(code)

    def answer_of_the_stack(self, code: int) -> None:
        """The callback for an answer, whosever re-INVITE it was."""
        wish = self.hold.under_way
        self.soon(lambda: self.hold.answered(wish, code, "as played"))

    def held_by_the_stack(self) -> None:
        """It answers an offer of the far end as if the call were to be held."""
        if not self.asked:
            self._media_are(True)

    def _media_are(self, held: bool) -> None:
        self.media = LegMediaState(local_hold=held)
        self.settle()
        self.soon(self.hold.look)

    def _announce(self) -> None:
        shown = self.hold.shown
        self.report(lambda: self.tell_media(shown))


class Line(FakeEngine):
    """The engine as the switchboard has it, with everything on its way for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.schedule = Schedule(lambda: self.now_s)
        self.ways: dict[Way, deque[Callable[[], None]]] = {way: deque() for way in Way}
        self.legs: dict[CallId, Leg] = {}

    def connect(self, calls: Calls, call: Call) -> None:
        report, soon = self.ways[Way.DAEMON].append, self.ways[Way.SOON].append
        leg = self.legs[call.id] = Leg(call.id, report, soon, self.schedule)

        def tell(held: bool) -> None:
            calls.media_changed(call.id, Media(), local_hold=held, remote_hold=False)

        leg.tell_media = tell

    def hold(self, call: CallId, held: bool, done: Done) -> None:
        def reply(text: str, _status: int) -> None:
            error = PhoneError(text) if text else None
            self.ways[Way.DAEMON].append(lambda: done(error))

        leg = self.legs[call]
        self.ways[Way.ENGINE].append(lambda: leg.hold.ask(held=held, done=reply))

    def move(self, way: Way) -> None:
        if self.ways[way]:
            self.ways[way].popleft()()

    def wait(self) -> None:
        self.now_s += 5.0
        self.schedule.run_due()

    @property
    def busy(self) -> bool:
        open_ones = any(leg.asked for leg in self.legs.values())
        return open_ones or any(self.ways.values()) or self.schedule.wait_s(LONG_S) < LONG_S


class Talk:
    """Ada talks, Bob is on hold."""

    def __init__(self) -> None:
        self.line = Line()
        self.calls = Calls(self.line, FakeLog(), FakeAlerting(), FakeClock())
        self.pressed: list[Outcome] = []
        self.bob, self.ada = self._talk("bob"), self._talk("ada")
        self.settle()
        assert self.state == (HoldState.OPEN, HoldState.HELD)
        assert self.calls.focus is self.ada

    def _talk(self, name: str) -> Call:
        call = self.calls.dial(f"sip:{name}@x", "", WORK, DialOptions())
        self.line.connect(self.calls, call)
        self.calls.progressed(call.id, CallState.ACTIVE, "")
        if self.calls.focus is not call:
            self.calls.hold(call, False, Outcome())
        return call

    @property
    def state(self) -> tuple[HoldState, HoldState]:
        return self.ada.hold, self.bob.hold

    def swap(self) -> None:
        outcome = Outcome()
        try:
            self.calls.hold(held_beside(self.calls), False, outcome)
        except InvalidStateError:
            return
        self.pressed.append(outcome)

    def leg(self, call: Call) -> Leg:
        return self.line.legs[call.id]

    def answer(self, call: Call, code: int) -> None:
        leg = self.leg(call)
        if code == OWN and not leg.asked:
            leg.answer_of_the_stack(REFUSES)
        elif code == HELD:
            leg.held_by_the_stack()
        elif code != OWN and leg.asked:
            leg.answer(code)

    def settle(self) -> None:
        """Everything arrives, and far ends agree to what is asked from now on."""
        for _ in range(200):
            if not self.line.busy:
                return
            for way in Way:
                self.line.move(way)
            for leg in self.line.legs.values():
                if leg.asked:
                    leg.answer(AGREES)
            self.line.wait()
        raise AssertionError("it never ends")


STEPS = st.sampled_from(
    ["swap", *Way, "wait"]
    + [(name, code) for name in ("ada", "bob") for code in (AGREES, PATIENCE, REFUSES, OWN, HELD)]
)


def play(talk: Talk, step: Any) -> None:
    match step:
        case "swap":
            talk.swap()
        case "wait":
            talk.line.wait()
        case Way():
            talk.line.move(step)
        case (name, code):
            talk.answer(getattr(talk, name), code)


@given(st.lists(STEPS, max_size=40))
@settings(deadline=None, max_examples=150)
def test_whom_the_user_turned_to_is_on_hold_only_where_its_far_end_refused(
    steps: list[Any],
) -> None:
    talk = Talk()
    for step in steps:
        play(talk, step)
    refused = {call: talk.leg(call).refused for call in (talk.ada, talk.bob)}
    talk.settle()
    focus = talk.calls.focus
    assert focus is not None
    other = talk.bob if focus is talk.ada else talk.ada
    for call in (talk.ada, talk.bob):
        # The two processes and the far end are of one mind.
        held = call.hold is HoldState.HELD
        assert call.hold in (HoldState.HELD, HoldState.OPEN)
        assert held == talk.leg(call).media.local_hold == talk.leg(call).held
    if not talk.leg(focus).refused and not refused[focus]:
        assert focus.hold is HoldState.OPEN
    if not talk.leg(other).refused and not refused[other]:
        assert other.hold is HoldState.HELD
    assert [outcome.calls for outcome in talk.pressed] == [1] * len(talk.pressed)
