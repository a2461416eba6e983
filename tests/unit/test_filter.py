# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs run in the kernel, on sockets of the test's own."""

import socket
from collections.abc import Iterator

import pytest

from offhookd.engine import filter as socket_filter
from offhookd.engine.addresses import parse_address
from offhookd.engine.filter import (
    deafen_listeners,
    guard_media,
    guard_relay,
    restrict_signalling,
    turn_inwards,
)

RTP = b"\x80\x00" + bytes(10)
RTCP = b"\x80\xc9\x00\x01" + bytes(4)
STUN = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        yield sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def hears(engine: socket.socket, source: str, payload: bytes = b"x") -> bool:
    """Loopback delivers before sendto returns, so that nothing has to be waited for."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.bind((source, 0))
        peer.sendto(payload, ("::1" if ":" in source else "127.0.0.1", port_of(engine)))
    try:
        return engine.recv(4096) == payload
    except BlockingIOError:
        return False


def test_only_listed_addresses_are_heard(engine: socket.socket) -> None:
    assert restrict_signalling(port_of(engine), ["127.0.0.5", "127.0.0.6:5070"]) == ""
    assert hears(engine, "127.0.0.5")
    assert hears(engine, "127.0.0.6")
    assert not hears(engine, "127.0.0.1")


def test_address_set_changes_live(engine: socket.socket) -> None:
    restrict_signalling(port_of(engine), ["127.0.0.5"])
    restrict_signalling(port_of(engine), ["127.0.0.1"])
    assert hears(engine, "127.0.0.1")
    assert not hears(engine, "127.0.0.5")


def test_none_opens_the_socket_again(engine: socket.socket) -> None:
    restrict_signalling(port_of(engine), ["127.0.0.5"])
    assert restrict_signalling(port_of(engine), None) == ""
    assert hears(engine, "127.0.0.1")
    assert restrict_signalling(port_of(engine), None) == ""


def test_empty_set_is_deaf(engine: socket.socket) -> None:
    restrict_signalling(port_of(engine), [])
    assert not hears(engine, "127.0.0.1")


def test_last_of_many_addresses_is_heard(engine: socket.socket) -> None:
    many = [f"192.0.2.{i}" for i in range(100)] + [f"2001:db8::{i}" for i in range(99)]
    assert restrict_signalling(port_of(engine), [*many, "127.0.0.9"]) == ""
    assert hears(engine, "127.0.0.9")
    assert not hears(engine, "127.0.0.1")


def test_two_hundred_ipv6_addresses_fit() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as engine:
        engine.bind(("::1", 0))
        engine.setblocking(False)
        many = [f"2001:db8::{i}" for i in range(199)]
        assert restrict_signalling(port_of(engine), many) == ""
        assert not hears(engine, "::1")
        assert restrict_signalling(port_of(engine), [*many, "::1"]) == ""
        assert hears(engine, "::1")


def test_ipv4_sender_is_recognised_on_an_ipv6_socket() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as engine:
        engine.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        engine.bind(("::", 0))
        engine.setblocking(False)
        assert restrict_signalling(port_of(engine), ["127.0.0.5"]) == ""
        assert hears(engine, "127.0.0.5")
        assert not hears(engine, "127.0.0.1")
        assert not hears(engine, "::1")


def test_too_many_addresses_are_a_fault(engine: socket.socket) -> None:
    many = [f"10.0.0.{i}" for i in range(socket_filter.MAX_ADDRESSES + 1)]
    assert "201 server addresses" in restrict_signalling(port_of(engine), many)


def test_port_without_a_socket_is_a_fault(engine: socket.socket) -> None:
    port = port_of(engine)
    engine.close()
    assert "found no socket of UDP port" in restrict_signalling(port, [])


def test_other_sockets_are_left_alone(engine: socket.socket) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)
        restrict_signalling(port_of(engine), [])
        assert hears(other, "127.0.0.1")


def test_listener_does_not_answer_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert deafen_listeners() == ""
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.1)


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_listener_that_may_not_be_filtered_is_turned_inwards(family: int, address: str) -> None:
    with socket.create_server((address, 0), family=family) as listener:
        turn_inwards(listener)
        turn_inwards(listener)  # as after the next transport was opened
        bound = listener.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        assert bound.strip(b"\0") == b"lo"
        with pytest.raises(TimeoutError):
            socket.create_connection((address, port_of(listener)), timeout=0.1)


@pytest.mark.parametrize("payload", [RTP, RTCP, RTP + bytes(1488)])
def test_media_port_hears_rtp_and_rtcp(engine: socket.socket, payload: bytes) -> None:
    assert guard_media([port_of(engine)]) == ""
    assert hears(engine, "127.0.0.1", payload)


@pytest.mark.parametrize(
    "payload",
    [b"", b"x", RTP[:7], b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"\xc0" + bytes(20), STUN,
     RTP + bytes(1489)],
)  # fmt: skip
def test_media_port_does_not_hear_anything_else(engine: socket.socket, payload: bytes) -> None:
    guard_media([port_of(engine)])
    assert not hears(engine, "127.0.0.1", payload)


def test_media_port_hears_stun_with_ice(engine: socket.socket) -> None:
    guard_media([port_of(engine)], ice=True)
    assert hears(engine, "127.0.0.1", STUN)
    assert hears(engine, "127.0.0.1", RTP)
    assert not hears(engine, "127.0.0.1", b"OPTIONS sip:x SIP/2.0\r\n\r\n")


def test_of_a_relay_only_the_server_itself_is_heard(engine: socket.socket) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.5", 0))
        address = parse_address(f"127.0.0.5:{port_of(server)}")
        assert guard_relay([port_of(engine)], address) == ""
        server.sendto(b"x", engine.getsockname())
        assert engine.recv(10) == b"x"
        assert not hears(engine, "127.0.0.5"), "another program there"
        assert not hears(engine, "127.0.0.1")
    assert guard_relay([], address) == ""
