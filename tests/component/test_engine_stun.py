# SPDX-License-Identifier: GPL-2.0-or-later
"""What the far end of a call is told about where to send, with a STUN server that is there, gone,
or lying."""

import re
import time
from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import (
    Answer,
    Dial,
    GetStatistics,
    Hold,
    Incoming,
    LegMedia,
    SetStun,
    StunLost,
)
from offhookd.engine.stun import Mapped
from tests.support.engine import EngineProcess, two_engines
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.raw_sip import SDP, Dialog, RawPeer
from tests.support.stun import OUTSIDE, StunServer, message, outside, success

Engines = tuple[EngineProcess, EngineProcess]


@pytest.fixture
def server() -> Iterator[StunServer]:
    with StunServer() as running:
        yield running


@pytest.fixture
def engine(server: StunServer) -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        running.add_account("alice")
        running.ask(SetStun(servers={"alice": server.address}))
        yield running


@pytest.fixture
def peer(engine: EngineProcess) -> Iterator[RawPeer]:
    raw = RawPeer(engine.port)
    yield raw
    raw.close()


def dial(port: int, leg: int = 1) -> Dial:
    target = f"sip:bob@127.0.0.1:{port}"
    return Dial(leg=leg, account="alice", target=target, headers={}, anonymous=False, muted=False)


def heard(peer: RawPeer, engine: EngineProcess, start: bytes) -> bytes:
    """The next message that begins so."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        for one in peer.receive():
            if one.startswith(start):
                return one
        engine.read(0.02)
    raise AssertionError(f"no {start.decode()} from the engine")


def offered(peer: RawPeer, engine: EngineProcess, leg: int = 1) -> str:
    engine.ask(dial(peer.port, leg))
    return heard(peer, engine, b"INVITE").decode()


def place(sdp: str) -> tuple[str, int, int]:
    """Host, port for RTP, port for RTCP."""
    host, port, rtcp = (
        re.search(pattern, sdp)
        for pattern in (r"c=IN IP4 (\S+)", r"m=audio (\d+)", r"a=rtcp:(\d+)")
    )
    assert host
    assert port
    assert rtcp
    return host[1], int(port[1]), int(rtcp[1])


def seen_ports(server: StunServer) -> set[int]:
    return {outside(sender).port for sender in server.asked}


def test_an_offer_names_the_address_that_the_server_sees(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    host, rtp, rtcp = place(offered(peer, engine))
    assert host == OUTSIDE
    assert {rtp, rtcp} == seen_ports(server)
    assert rtp != rtcp


def test_an_answer_names_it_too(engine: EngineProcess, peer: RawPeer, server: StunServer) -> None:
    peer.send(peer.request("INVITE", Dialog(), body=SDP, to="alice"))
    leg = engine.wait_for(Incoming).leg
    engine.ask(Answer(leg=leg))
    host, rtp, rtcp = place(heard(peer, engine, b"SIP/2.0 200").decode())
    assert host == OUTSIDE
    assert {rtp, rtcp} == seen_ports(server)


def test_a_server_that_is_gone_holds_up_one_call_for_a_moment_and_no_other(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    server.answer = server.silent
    host, _, _ = place(offered(peer, engine))
    assert host == "127.0.0.1"
    assert engine.wait_for(StunLost).server == server.address
    asked = len(server.asked)
    assert asked == 8, "each of two sockets at 0, 0.1, 0.2 and 0.3 s"
    host, _, _ = place(offered(peer, engine, leg=2))
    assert host == "127.0.0.1"
    assert len(server.asked) == asked


def test_a_call_that_arrives_rings_when_the_server_is_gone(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    server.answer = server.silent
    peer.send(peer.request("INVITE", Dialog(), body=SDP, to="alice"))
    leg = engine.wait_for(Incoming).leg
    engine.ask(Answer(leg=leg))
    assert place(heard(peer, engine, b"SIP/2.0 200").decode())[0] == "127.0.0.1"


def test_a_server_that_comes_back_is_asked_again(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    server.answer = server.silent
    offered(peer, engine)
    engine.wait_for(StunLost)
    server.answer = server.honest
    engine.ask(SetStun(servers={"alice": server.address}))
    assert place(offered(peer, engine, leg=2))[0] == OUTSIDE


def test_a_question_that_is_lost_is_asked_again(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    def second_time(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
        again = server.asked.count(sender) > 1
        return server.honest(transaction, sender) if again else []

    server.answer = second_time
    assert place(offered(peer, engine))[0] == OUTSIDE


def test_answers_to_other_questions_and_nonsense_are_passed_over(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    def noisy(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
        wrong = success(bytes(12), Mapped("203.0.113.66", 6))
        honest = server.honest(transaction, sender)
        return [wrong, b"", b"x" * 1400, message(0x0101, transaction), honest[0][:-1], *honest]

    server.answer = noisy
    assert place(offered(peer, engine))[0] == OUTSIDE


def test_an_address_of_ipv6_is_none_for_this_sound(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    server.answer = lambda transaction, _: [success(transaction, Mapped("2001:db8::7", 4000))]
    assert place(offered(peer, engine))[0] == "127.0.0.1"
    assert engine.wait_for(StunLost).server == server.address


def test_only_the_server_itself_is_believed(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    with StunServer() as other:

        def from_elsewhere(transaction: bytes, sender: tuple[str, int]) -> list[bytes]:
            other.say(success(transaction, Mapped("203.0.113.66", 6)), sender)
            return []

        server.answer = from_elsewhere
        assert place(offered(peer, engine))[0] == "127.0.0.1"


def test_an_account_without_a_server_tells_its_own_address(
    engine: EngineProcess, peer: RawPeer, server: StunServer
) -> None:
    engine.ask(SetStun(servers={"other": server.address}))
    assert place(offered(peer, engine))[0] == "127.0.0.1"
    assert not server.asked


def test_a_call_keeps_its_address_without_another_question() -> None:
    with StunServer() as server, two_engines() as (alice, bob):
        server.answer = lambda transaction, sender: [success(transaction, Mapped(*sender))]
        alice.ask(SetStun(servers={"alice": server.address}))
        alice.ask(dial(bob.port))
        bob.wait_for(Incoming)
        bob.ask(Answer(leg=-1))
        alice.wait_for(LegMedia, lambda e: e.flow == "both")
        server.answer = server.silent
        for held in (True, False):
            seen = len(alice.events)
            alice.ask(Hold(leg=1, held=held))
            alice.wait_for(LegMedia, lambda e, held=held: e.local_hold == held, after=seen)  # type: ignore[misc]  # mypy 17470
        before = received(alice)
        wait_until(lambda: received(alice) > before + 25, PATIENCE_S, "sound after the hold")
        assert len(server.asked) == 2
        assert not alice.of(StunLost)


def received(engine: EngineProcess) -> int:
    return int(str(engine.ask(GetStatistics(leg=1)).data["received_packets"]))


@pytest.mark.parametrize(
    "address", ["stun.example.org:3478", "127.0.0.1", "127.0.0.1:0", "[::1]:5"]
)
def test_a_server_that_is_no_address_is_refused(engine: EngineProcess, address: str) -> None:
    assert "STUN server" in engine.try_to(SetStun(servers={"alice": address})).error
