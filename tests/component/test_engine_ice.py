# SPDX-License-Identifier: GPL-2.0-or-later
"""ICE between two engines, with the addresses of this machine and those a STUN server sees."""

import socket
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
)
from offhookd.engine.stun import Mapped
from tests.support.engine import START, EngineProcess, two_engines
from tests.support.raw_sip import RawPeer
from tests.support.stun import OUTSIDE, StunServer, success

Engines = tuple[EngineProcess, EngineProcess]


@pytest.fixture
def engines() -> Iterator[Engines]:
    """On every address of the machine: the loopback's alone is no candidate."""
    start = START.but(bind="")
    with EngineProcess(start) as caller, EngineProcess(start) as callee:
        caller.add_account("alice")
        callee.add_account("bob")
        yield caller, callee


@pytest.fixture
def peer(engines: Engines) -> Iterator[RawPeer]:
    raw = RawPeer(engines[0].port)
    yield raw
    raw.close()


@pytest.fixture(autouse=True)
def needs_an_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but the loopback's")


def dial(port: int, leg: int = 1) -> Dial:
    target = f"sip:bob@127.0.0.1:{port}"
    return Dial(leg=leg, account="alice", target=target, headers={}, anonymous=False, muted=False)


def talk(engines: Engines, leg: int = 1) -> None:
    alice, bob = engines
    alice.ask(dial(bob.port, leg))
    bob.wait_for(Incoming, lambda e: e.leg == -leg)
    bob.ask(Answer(leg=-leg))
    for engine, number in ((alice, leg), (bob, -leg)):
        engine.wait_state(number, "active")
        engine.wait_for(LegMedia, lambda e, number=number: e.leg == number and e.flow == "both")  # type: ignore[misc]  # mypy 17470


def received(engine: EngineProcess, leg: int) -> int:
    return int(str(engine.ask(GetStatistics(leg=leg)).data["received_packets"]))


def until_sound(engine: EngineProcess, leg: int, packets: int = 25) -> None:
    """Wait for half a second of sound more."""
    wanted = received(engine, leg) + packets
    deadline_s = time.monotonic() + 5.0
    while received(engine, leg) < wanted:
        assert time.monotonic() < deadline_s, "no sound"
        engine.read(0.05)


def invite(peer: RawPeer, engine: EngineProcess) -> str:
    for _ in range(60):
        for message in peer.receive():
            if message.startswith(b"INVITE"):
                return message.decode()
        engine.read(0.05)
    raise AssertionError("no INVITE from the engine")


@pytest.mark.parametrize("srtp", ["disabled", "required"])
def test_two_that_know_ice_hear_each_other_also_after_hold(engines: Engines, srtp: str) -> None:
    alice, bob = engines
    alice.add_account("alice", ice=True, srtp=srtp)
    bob.add_account("bob", ice=True, srtp=srtp)
    talk(engines)
    until_sound(alice, 1)
    until_sound(bob, -1)
    alice.ask(Hold(leg=1, held=True))
    seen = len(alice.events)
    alice.ask(Hold(leg=1, held=False))
    alice.wait_for(LegMedia, lambda e: e.flow == "both", after=seen)
    until_sound(bob, -1)


def test_who_knows_ice_and_who_does_not_hear_each_other(engines: Engines) -> None:
    alice, bob = engines
    alice.add_account("alice", ice=True)
    talk(engines)
    until_sound(alice, 1)
    until_sound(bob, -1)


def test_loopback_alone_is_no_candidate_and_the_call_goes_without_ice() -> None:
    with two_engines() as engines:
        engines[0].add_account("alice", ice=True)
        talk(engines)
        until_sound(engines[0], 1)


def test_only_an_account_with_ice_offers_it(engines: Engines, peer: RawPeer) -> None:
    alice, _ = engines
    alice.ask(dial(peer.port))
    assert "ice-ufrag" not in invite(peer, alice)
    alice.add_account("alice", ice=True)
    alice.ask(dial(peer.port, leg=2))
    assert "typ host" in invite(peer, alice)


def test_the_address_a_server_sees_is_one_more_to_try(engines: Engines, peer: RawPeer) -> None:
    alice, _ = engines
    with StunServer() as server:
        alice.add_account("alice", ice=True, srtp="optional")
        alice.ask(SetStun(servers={"alice": server.address}))
        alice.ask(dial(peer.port))
        offer = invite(peer, alice)
    assert len(offer.partition("\r\n\r\n")[2]) > 1024, "more than pjsua2 shows"
    assert offer.count("typ srflx") == 2
    assert f"c=IN IP4 {OUTSIDE}\r\n" in offer
    assert "typ host" in offer


def test_sound_finds_its_way_over_an_address_that_only_the_server_has_told(
    engines: Engines,
) -> None:
    alice, bob = engines
    with StunServer() as server:
        # The loopback is no address that the stack offers by itself.
        server.answer = lambda transaction, sender: [success(transaction, Mapped(*sender))]
        for engine, name in ((alice, "alice"), (bob, "bob")):
            engine.add_account(name, ice=True, srtp="required")
            engine.ask(SetStun(servers={name: server.address}))
        talk(engines)
        until_sound(alice, 1)
        until_sound(bob, -1)
        alice.ask(Hold(leg=1, held=True))
        seen = len(alice.events)
        alice.ask(Hold(leg=1, held=False))
        alice.wait_for(LegMedia, lambda e: e.flow == "both", after=seen)
        until_sound(bob, -1)
        assert len(server.asked) == 4
