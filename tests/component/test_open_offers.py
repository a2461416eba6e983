# SPDX-License-Identifier: GPL-2.0-or-later
"""Holding a call while an offer is open in it: two at once there may not be (RFC 3261, 14.1)."""

from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Hold, LegMedia, Reply
from tests.support.engine import EngineProcess
from tests.support.raw_caller import RawCaller
from tests.support.raw_sip import SDP

FAX = "m=image 40006 udptl t38\r\n"
"""A line that is declined, and that the stack does not know."""

HELD = (SDP + "a=recvonly\r\n" + FAX).replace("40006", "0")


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        process.add_account("bob")
        yield process


@pytest.fixture
def caller(engine: EngineProcess) -> Iterator[RawCaller]:
    """In a call that has a line for faxes too."""
    made = RawCaller(engine, 1)
    made.rings(SDP + FAX)
    made.is_answered()
    yield made
    made.sip.close()


def test_hold_waits_for_the_answer_to_an_offer_that_was_asked_for(
    engine: EngineProcess, caller: RawCaller
) -> None:
    caller.asks("INVITE")
    caller.hears(200)
    engine.tell(Hold(leg=-1, held=True))
    caller.asks("OPTIONS")
    caller.hears(200)  # it has outlived that, and made no offer of its own
    caller.dialog.cseq -= 1
    caller.sip.send(
        caller.sip.request("ACK", caller.dialog, body=HELD.replace("recvonly", "sendrecv"))
    )
    reinvite = caller.hears("INVITE")
    assert b"a=sendonly" in reinvite
    contact = f"Contact: <sip:peer@{caller.sip.address}:{caller.sip.port}>\r\n"
    caller.sip.send(caller.sip.answer(reinvite, "200 OK", contact, HELD, to_tag=""))
    engine.wait_for(LegMedia, lambda event: event.local_hold)


@pytest.mark.parametrize("name", ["WWW", "Proxy"])
def test_hold_after_one_that_was_challenged_makes_no_offer(
    engine: EngineProcess, caller: RawCaller, name: str
) -> None:
    """No password is known for the realm, and the stack takes its offer for open for ever."""
    challenge = f'{name}-Authenticate: Digest realm="a",nonce="b"\r\n'
    status = "401 Unauthorized" if name == "WWW" else "407 Proxy"
    first = engine.tell(Hold(leg=-1, held=True))
    reinvite = caller.hears("INVITE")
    caller.sip.send(caller.sip.answer(reinvite, status, challenge, to_tag=""))
    assert engine.wait_for(Reply, lambda reply: reply.request == first).error
    engine.tell(Hold(leg=-1, held=True))
    caller.asks("OPTIONS")
    caller.hears(200)
    assert engine.states(-1)[-1] == "active"
