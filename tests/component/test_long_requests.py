# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests above the 1300 bytes of RFC 3261, 18.1.1, on an account that speaks UDP."""

import socket
from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Dial
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S, until
from tests.support.raw_sip import SDP, RawPeer

LONGER_THAN_AN_ETHERNET_FRAME = 1500
HEADERS = {"X-First": "x" * 900, "X-Second": "y" * 900}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """It speaks TCP as well, for another account."""
    with EngineProcess() as process:
        process.add_account("bob")
        process.add_account("tom", transport="tcp")
        yield process


@pytest.mark.parametrize("leg", [1, 2])
async def test_long_invite_goes_over_udp_whether_tcp_is_served_or_dead(
    engine: EngineProcess, leg: int
) -> None:
    peer = RawPeer(engine.port)
    received: list[bytes] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", peer.port))
        if leg == 1:
            listener.listen()
            listener.setblocking(False)
        target = f"sip:peer@127.0.0.1:{peer.port}"
        engine.ask(
            Dial(
                leg=leg, account="bob", target=target, headers=HEADERS, anonymous=False, muted=False
            )
        )

        def heard(method: bytes) -> bool:
            received.extend(peer.receive())
            return any(one.startswith(method) for one in received)

        await until(lambda: heard(b"INVITE"), PATIENCE_S, "the INVITE")
        assert len(received[0]) > LONGER_THAN_AN_ETHERNET_FRAME
        contact = f"Contact: <{target}>\r\n"
        peer.send(peer.answer(received[0], "200 OK", contact, SDP))
        await until(lambda: heard(b"ACK"), PATIENCE_S, "the ACK")
        assert engine.wait_state(leg, "active")
        if leg == 1:
            with pytest.raises(BlockingIOError):
                listener.accept()
    peer.close()
