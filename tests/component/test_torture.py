# SPDX-License-Identifier: GPL-2.0-or-later
"""Every torture message of RFC 4475 gets the answer that it deserves, and harms nobody."""

from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Hangup, Incoming, Ping
from tests.support.engine import EngineProcess
from tests.support.raw_sip import Dialog, RawPeer, status_of
from tests.support.torture import IGNORED, RINGS, Torture
from tests.support.torture_table import TABLE


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        process.add_account("bob")
        yield process


def test_the_table_has_all_of_them() -> None:
    assert len({torture.name for torture in TABLE}) == 49


@pytest.mark.parametrize(
    ("number", "torture"), [*enumerate(TABLE, 1)], ids=[torture.name for torture in TABLE]
)
def test_torture(engine: EngineProcess, number: int, torture: Torture) -> None:
    peer = RawPeer(engine.port, f"127.0.1.{number}")  # nobody calls too often
    before = len(engine.events)
    try:
        me, us = f"{peer.address}:{peer.port}", f"127.0.0.1:{engine.port}"
        peer.send(torture.message(me, us, torture.name))
        statuses = said_until_well(peer, engine)
        if torture.outcome == RINGS:
            leg = engine.wait_for(Incoming, after=before).leg
            engine.tell(Hangup(leg=leg))
            engine.wait_state(leg, "ended")
            return
        engine.ask(Ping())  # all that came before has been told
        assert not [one for one in engine.events[before:] if isinstance(one, Incoming)]
        wanted = [] if torture.outcome == IGNORED else [torture.outcome]
        assert [status for status in statuses if status >= 200] == wanted
    finally:
        peer.close()


def said_until_well(peer: RawPeer, engine: EngineProcess) -> list[int]:
    """The status of every response up to that of a sound request, which is sent now.

    It ends a call that there is not; how often one may ask OPTIONS is limited.
    """
    dialog = Dialog(to_tag="nobody")
    peer.send(peer.request("BYE", dialog))
    statuses: list[int] = []
    for _ in range(200):
        for message in peer.receive():
            if dialog.call_id.encode() in message:
                assert status_of(message) == 481
                return statuses
            statuses.append(status_of(message))
        engine.read(0.02)
    raise AssertionError(f"no answer to a sound request; before: {statuses}")
