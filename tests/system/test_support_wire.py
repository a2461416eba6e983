# SPDX-License-Identifier: GPL-2.0-or-later
import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.processes import PATIENCE_S, wait_until
from tests.support.wire import Direction, Wire, cut, doubled, late, lossy

OPTIONS = b"OPTIONS sip:x SIP/2.0\r\nCall-ID: 1@x\r\nCSeq: 7 OPTIONS\r\n\r\n"


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with _party() as made:
        yield made


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    with _party() as made:
        yield made


def test_both_directions_pass_and_are_recorded(phone: socket.socket, target: socket.socket) -> None:
    before = time.time()
    with Wire(target.getsockname()[1]) as wire:
        phone.sendto(OPTIONS, ("127.0.0.1", wire.port))
        _, relay = target.recvfrom(2000)
        target.sendto(b"SIP/2.0 200 OK\r\n\r\n", relay)
        assert phone.recvfrom(2000) == (b"SIP/2.0 200 OK\r\n\r\n", ("127.0.0.1", wire.port))
        request, answer = wire.messages()
    assert request.start_line == "OPTIONS sip:x SIP/2.0"
    assert request.header("cseq") == "7 OPTIONS"
    assert answer.direction is Direction.FROM_TARGET
    assert before < request.time_s < answer.time_s < time.time()


def test_two_senders_are_told_apart(phone: socket.socket, target: socket.socket) -> None:
    with Wire(target.getsockname()[1]) as wire, _party() as other:
        for sender, text in ((phone, b"one"), (other, b"two")):
            sender.sendto(text, ("127.0.0.1", wire.port))
            data, relay = target.recvfrom(2000)
            target.sendto(data.upper(), relay)
        assert phone.recv(2000) == b"ONE"
        assert other.recv(2000) == b"TWO"


def test_delay_is_kept(phone: socket.socket, target: socket.socket) -> None:
    with Wire(target.getsockname()[1]) as wire:
        wire.impair(late(0.050))
        begin = time.monotonic()
        phone.sendto(b"x", ("127.0.0.1", wire.port))
        target.recv(2000)
        assert time.monotonic() - begin >= 0.050


def test_jitter_above_the_spacing_reorders(phone: socket.socket, target: socket.socket) -> None:
    with Wire(target.getsockname()[1]) as wire:
        wire.impair(late(0.0, jitter_s=0.05))
        assert _carried(wire, phone, target, 50) != list(range(50))


def test_loss_is_repeatable(phone: socket.socket, target: socket.socket) -> None:
    arrivals = []
    for _ in range(2):
        with Wire(target.getsockname()[1]) as wire:
            wire.impair(lossy(0.2, seed=5))
            arrivals.append(_carried(wire, phone, target, 100))
    assert arrivals[0] == arrivals[1]
    assert 60 < len(arrivals[0]) < 95


def test_duplicates_and_a_cut(phone: socket.socket, target: socket.socket) -> None:
    with Wire(target.getsockname()[1]) as wire:
        wire.impair(doubled)
        phone.sendto(b"twin", ("127.0.0.1", wire.port))
        assert [target.recv(2000), target.recv(2000)] == [b"twin", b"twin"]
        wire.fate[Direction.TO_TARGET] = cut
        phone.sendto(b"gone", ("127.0.0.1", wire.port))
        target.settimeout(0.1)
        with pytest.raises(TimeoutError):
            target.recv(2000)
        assert [seen.data for seen in wire.messages()] == [b"twin", b"gone"]


def _party() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(PATIENCE_S)
    return made


def _carried(wire: Wire, phone: socket.socket, target: socket.socket, count: int) -> list[int]:
    """The numbers that arrive of so many sent, in the order of arrival."""
    for number in range(count):
        phone.sendto(bytes([number]), ("127.0.0.1", wire.port))
    wait_until(lambda: len(wire.messages()) == count, PATIENCE_S, "the wire to have them all")
    target.settimeout(0.3)
    arrived = []
    while True:
        try:
            arrived.append(target.recv(2000)[0])
        except TimeoutError:
            return arrived
