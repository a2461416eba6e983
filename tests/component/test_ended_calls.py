# SPDX-License-Identifier: GPL-2.0-or-later
"""What a far end says about a call that is over: the next call in its slot must not hear it."""

import contextlib
from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Answer, Hold, Incoming, LegMedia, Referred, Ring
from tests.support.engine import EngineProcess
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

SLOTS = 4
"""The stack gives them out in turn: the fifth call gets the place of the first."""

STRANGE = "Refer-To: <sip:x@127.0.0.1:9>\r\nEvent: conference\r\n"
"""The stack knows no such package for a REFER, and would refuse it by itself."""


class Caller:
    """Calls the engine from an address of its own; `leg` is the engine's number for the call."""

    def __init__(self, engine: EngineProcess, place: int) -> None:
        self.leg = -place
        self.sip = RawPeer(engine.port, f"127.0.0.{place}")
        self.dialog = Dialog()
        self._engine = engine

    def rings(self) -> None:
        self.sip.send(self.sip.request("INVITE", self.dialog, body=SDP))
        self._engine.wait_for(Incoming, lambda event: event.leg == self.leg)
        self._engine.ask(Ring(leg=self.leg))
        self.hears(180)

    def is_answered(self) -> None:
        self._engine.ask(Answer(leg=self.leg))
        self.dialog.to_tag = to_tag_of(self.hears(200))
        self.sip.send(self.sip.request("ACK", self.dialog))
        self._engine.wait_state(self.leg, "active")

    def hangs_up(self) -> None:
        self.asks("BYE")
        self.hears(200)
        self._engine.wait_state(self.leg, "ended")

    def asks(self, method: str, headers: str = "", body: str = "") -> None:
        self.dialog.cseq += 1
        self.sip.send(self.sip.request(method, self.dialog, headers, body))

    def hears(self, what: int | str) -> bytes:
        """The next response with this status, or request of this method."""
        for _ in range(100):
            for message in self.sip.receive():
                if status_of(message) == what or message.startswith(f"{what} ".encode()):
                    return message
            self._engine.read(0.05)
        raise AssertionError(f"no {what} at {self.sip.address}")


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        process.add_account("bob")
        yield process


@pytest.fixture
def callers(engine: EngineProcess) -> Iterator[list[Caller]]:
    """One more than there are slots."""
    made = [Caller(engine, place) for place in range(1, SLOTS + 2)]
    with contextlib.ExitStack() as stack:
        for caller in made:
            stack.callback(caller.sip.close)
        yield made


def is_busy(callers: list[Caller]) -> None:
    for caller in callers:
        caller.rings()
        caller.is_answered()


@pytest.mark.parametrize(
    ("method", "headers", "body"),
    [
        ("REFER", STRANGE, ""),
        ("REFER", "Refer-To: <sip:x@127.0.0.1:9>\r\n", ""),
        ("INVITE", "", SDP),
        ("UPDATE", "", SDP),
        ("PRACK", "", ""),
        ("INFO", "", ""),
        ("OPTIONS", "", ""),
    ],
)
def test_request_in_a_call_that_is_over_is_refused_and_no_other_call_hears_it(
    engine: EngineProcess, callers: list[Caller], method: str, headers: str, body: str
) -> None:
    first, *others = callers
    is_busy([first])
    first.hangs_up()
    is_busy(others)
    first.asks(method, headers, body)
    first.hears(481)
    assert not engine.of(Referred)
    for caller in others:
        assert engine.states(caller.leg)[-1] == "active"


def test_late_refusal_of_a_hold_leaves_the_next_call_its_media(
    engine: EngineProcess, callers: list[Caller]
) -> None:
    first, *others = callers
    is_busy([first])
    engine.tell(Hold(leg=first.leg, held=True))
    reinvite = first.hears("INVITE")
    first.hangs_up()
    is_busy(others[:-1])
    last = others[-1]
    last.rings()
    first.sip.send(first.sip.answer(reinvite, "500 Late", to_tag=""))
    first.hears("ACK")
    last.is_answered()
    engine.wait_for(LegMedia, lambda event: event.leg == last.leg and event.flow == "both")


def test_bye_that_is_said_again_is_answered_again(
    engine: EngineProcess, callers: list[Caller]
) -> None:
    first = callers[0]
    is_busy([first])
    first.dialog.cseq += 1
    bye = first.sip.request("BYE", first.dialog)
    for _ in range(2):
        first.sip.send(bye)
        first.hears(200)
