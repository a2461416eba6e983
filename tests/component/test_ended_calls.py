# SPDX-License-Identifier: GPL-2.0-or-later
"""What a far end says about a call that is over: the next call in its slot must not hear it."""

import contextlib
from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Hold, LegMedia, Referred
from tests.support.engine import EngineProcess
from tests.support.raw_caller import RawCaller
from tests.support.raw_sip import SDP

SLOTS = 4
"""The stack gives them out in turn: the fifth call gets the place of the first."""

STRANGE = "Refer-To: <sip:x@127.0.0.1:9>\r\nEvent: conference\r\n"
"""The stack knows no such package for a REFER, and would refuse it by itself."""


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        process.add_account("bob")
        yield process


@pytest.fixture
def callers(engine: EngineProcess) -> Iterator[list[RawCaller]]:
    """One more than there are slots."""
    made = [RawCaller(engine, place) for place in range(1, SLOTS + 2)]
    with contextlib.ExitStack() as stack:
        for caller in made:
            stack.callback(caller.sip.close)
        yield made


def is_busy(callers: list[RawCaller]) -> None:
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
    engine: EngineProcess, callers: list[RawCaller], method: str, headers: str, body: str
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
    engine: EngineProcess, callers: list[RawCaller]
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
    engine: EngineProcess, callers: list[RawCaller]
) -> None:
    first = callers[0]
    is_busy([first])
    first.dialog.cseq += 1
    bye = first.sip.request("BYE", first.dialog)
    for _ in range(2):
        first.sip.send(bye)
        first.hears(200)
