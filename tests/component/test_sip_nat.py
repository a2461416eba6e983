# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a STUN server is reminded of the sockets of a call, on sockets of the test's own."""

import socket
from collections.abc import Iterator

import pytest

from offhookd.engine.channel import Channel
from offhookd.engine.schedule import Schedule
from offhookd.engine.sip_nat import REMIND_EVERY_S, Nat
from offhookd.engine.sip_thread import SipThread
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.stun import OUTSIDE, StunServer

LEG = 1

Sockets = tuple[socket.socket, socket.socket]


@pytest.fixture
def server() -> Iterator[StunServer]:
    with StunServer() as running:
        yield running


@pytest.fixture
def sound() -> Iterator[Sockets]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
    ):
        for one in (rtp, rtcp):
            one.bind(("127.0.0.1", 0))
        yield rtp, rtcp


class House:
    """A `Nat` whose time passes in `wait`."""

    def __init__(self, ours: socket.socket) -> None:
        self.now_s = 0.0
        self.thread = SipThread(Channel(ours, lambda: self.now_s), log_level=50)
        self.thread.schedule = Schedule(lambda: self.now_s)
        self.nat = Nat(self.thread)

    def publish(self, sound: Sockets) -> str:
        rtp, rtcp = (one.getsockname()[1] for one in sound)
        sdp = (
            f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {rtp} RTP/AVP 8\r\n"
            f"a=rtcp:{rtcp} IN IP4 127.0.0.1\r\n"
        )
        return self.nat.publish(LEG, "alice", sdp, ice_decides=False)

    def wait(self) -> None:
        """Until the next reminder is due, if there is one."""
        self.now_s += REMIND_EVERY_S
        self.thread.schedule.run_due()


@pytest.fixture
def house(server: StunServer) -> Iterator[House]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = House(ours)
        made.nat.use({"alice": server.address})
        yield made
        made.thread.close()


def reminded(server: StunServer, times: int) -> None:
    wait_until(lambda: len(server.reminded) == times, PATIENCE_S, f"{times} indications")


def test_routers_are_reminded_of_both_sockets_as_long_as_the_call_lasts(
    house: House, server: StunServer, sound: Sockets
) -> None:
    assert OUTSIDE in house.publish(sound)
    for times in (2, 4, 6):
        house.wait()
        reminded(server, times)
    assert set(server.reminded) == {one.getsockname() for one in sound}
    house.nat.forget(LEG)
    house.wait()
    assert house.thread.schedule.wait_s(60.0) == 60.0
    reminded(server, 6)


def test_sockets_that_are_gone_end_it(house: House, server: StunServer, sound: Sockets) -> None:
    house.publish(sound)
    for one in sound:
        one.close()
    house.wait()
    assert house.thread.schedule.wait_s(60.0) == 60.0
    assert not server.reminded


def test_a_socket_is_asked_about_once(house: House, server: StunServer, sound: Sockets) -> None:
    first = house.publish(sound)
    assert house.publish(sound) == first
    assert len(server.asked) == 2


def test_a_call_that_began_without_a_server_stays_without(
    house: House, server: StunServer, sound: Sockets
) -> None:
    house.nat.use({})
    own = house.publish(sound)
    house.nat.use({"alice": server.address})
    assert house.publish(sound) == own
    assert OUTSIDE not in own
    assert not server.asked
