# SPDX-License-Identifier: GPL-2.0-or-later
"""What the far end of a call is told where a TURN server gives an address, is gone, or refuses."""

import re
import socket
from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Answer, Dial, Hangup, Incoming, SetStun, SetTurn, TurnLost
from tests.support.engine import START, EngineProcess
from tests.support.processes import wait_until
from tests.support.raw_sip import SDP, Dialog, RawPeer
from tests.support.stun import OUTSIDE, PASSWORD, USER, StunServer
from tests.support.turn import ALLOCATE, RELAYED, TurnServer

WAIT_S = 10.0


@pytest.fixture(scope="module", autouse=True)
def needs_an_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback's")


@pytest.fixture
def server() -> Iterator[TurnServer]:
    with TurnServer() as running:
        yield running


def known(server: TurnServer, account: str = "alice") -> SetTurn:
    return SetTurn(account=account, server=server.address, username=USER, password=PASSWORD)


@pytest.fixture
def engine(server: TurnServer) -> Iterator[EngineProcess]:
    """On every address of the machine: the loopback's alone is no candidate."""
    with EngineProcess(START.but(bind="")) as running:
        running.ask(known(server))
        running.add_account("alice", ice=True)
        yield running


@pytest.fixture
def peer(engine: EngineProcess) -> Iterator[RawPeer]:
    raw = RawPeer(engine.port)
    yield raw
    raw.close()


def heard(peer: RawPeer, engine: EngineProcess, start: bytes) -> str:
    """The next message that begins so."""
    found: list[bytes] = []

    def arrived() -> bool:
        engine.read(0.02)
        found.extend(one for one in peer.receive() if one.startswith(start))
        return bool(found)

    wait_until(arrived, WAIT_S, start.decode())
    return found[0].decode()


def offered(peer: RawPeer, engine: EngineProcess, leg: int = 1) -> str:
    target = f"sip:bob{leg}@127.0.0.1:{peer.port}"
    engine.ask(
        Dial(leg=leg, account="alice", target=target, headers={}, anonymous=False, muted=False)
    )
    return heard(peer, engine, f"INVITE sip:bob{leg}@".encode())


def test_the_address_is_offered_as_a_candidate_and_as_the_one_to_send_to(
    engine: EngineProcess, peer: RawPeer, server: TurnServer
) -> None:
    offer = offered(peer, engine)
    assert offer.count(f"{RELAYED.host} {RELAYED.port} typ relay") == 2
    assert f"c=IN IP4 {RELAYED.host}\r\n" in offer
    assert f"m=audio {RELAYED.port} " in offer
    assert "typ host" in offer
    assert len(server.held) == 2
    engine.ask(Hangup(leg=1))
    engine.wait_state(1, "ended", WAIT_S)
    wait_until(lambda: not server.held, WAIT_S, "the addresses given back")
    assert not engine.of(TurnLost)


def test_a_caller_without_ice_is_answered_with_it_alone(
    engine: EngineProcess, peer: RawPeer
) -> None:
    peer.send(peer.request("INVITE", Dialog(), body=SDP, to="alice"))
    engine.ask(Answer(leg=engine.wait_for(Incoming).leg))
    answer = heard(peer, engine, b"SIP/2.0 200")
    assert f"c=IN IP4 {RELAYED.host}\r\n" in answer
    assert "a=candidate" not in answer
    assert not engine.of(TurnLost)


def test_the_address_that_a_stun_server_sees_is_one_more_candidate(
    engine: EngineProcess, peer: RawPeer
) -> None:
    with StunServer() as stun:
        engine.ask(SetStun(servers={"alice": stun.address}))
        offer = offered(peer, engine)
    assert offer.count(f"{OUTSIDE} ") == offer.count("typ srflx") == 2
    assert f"c=IN IP4 {RELAYED.host}\r\n" in offer


def test_a_server_that_is_gone_holds_up_one_call_for_a_moment_and_no_other(
    engine: EngineProcess, peer: RawPeer, server: TurnServer
) -> None:
    """The stack itself would wait for 7.9 s."""
    server.silent = True
    engine.tell(
        Dial(
            leg=1,
            account="alice",
            target=f"sip:bob1@127.0.0.1:{peer.port}",
            headers={},
            anonymous=False,
            muted=False,
        )
    )
    assert engine.wait_for(TurnLost).account == "alice"
    assert "typ relay" not in heard(peer, engine, b"INVITE sip:bob1@")
    server.silent = False
    assert "typ relay" not in offered(peer, engine, leg=2)
    assert server.asked == [], "nobody asks before the daemon has"
    engine.ask(known(server))
    assert "typ relay" in offered(peer, engine, leg=3)


@pytest.mark.parametrize("code", [401, 486])
def test_a_server_that_refuses_is_told_and_the_call_goes_without_it(
    engine: EngineProcess, peer: RawPeer, server: TurnServer, code: int
) -> None:
    server.refusal = code
    offer = offered(peer, engine)
    assert "typ relay" not in offer
    assert "typ host" in offer
    assert engine.wait_for(TurnLost).account == "alice"
    asked = len(server.asked)
    assert "typ relay" not in offered(peer, engine, leg=2)
    assert len(server.asked) == asked


def test_a_call_that_arrives_rings_when_the_server_is_gone(
    engine: EngineProcess, peer: RawPeer, server: TurnServer
) -> None:
    server.silent = True
    peer.send(peer.request("INVITE", Dialog(), body=SDP, to="alice"))
    engine.ask(Answer(leg=engine.wait_for(Incoming).leg))
    answer = heard(peer, engine, b"SIP/2.0 200")
    assert re.search(r"c=IN IP4 (\S+)", answer)
    assert RELAYED.host not in answer
    assert engine.wait_for(TurnLost)


def test_an_account_without_ice_or_without_a_server_asks_nobody(
    engine: EngineProcess, peer: RawPeer, server: TurnServer
) -> None:
    engine.add_account("alice")
    assert RELAYED.host not in offered(peer, engine)
    engine.add_account("alice", ice=True)
    engine.ask(SetTurn(account="alice", server=""))
    assert RELAYED.host not in offered(peer, engine, leg=2)
    assert ALLOCATE not in server.asked


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        ("turn.example.org:3478", "is no address"),
        ("127.0.0.1", "with a port"),
        ("[::1]:3478", "no IPv4 address"),
    ],
)
def test_what_is_no_server_is_refused(server: str, complaint: str) -> None:
    with EngineProcess() as engine:
        assert complaint in engine.try_to(SetTurn(account="alice", server=server)).error
