# SPDX-License-Identifier: GPL-2.0-or-later
from offhookd.engine.sdp_address import (
    OwnPorts,
    has_candidates,
    host_ports,
    is_relayed,
    own_ports,
    publish,
)
from offhookd.engine.stun import Mapped

RTP, RTCP = Mapped("198.51.100.7", 61000), Mapped("198.51.100.7", 61077)

PLAIN = (
    "v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=pjmedia\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 120\r\nc=IN IP4 192.168.1.10\r\na=rtcp:40001 IN IP4 192.168.1.10\r\n"
    "a=sendrecv\r\na=rtpmap:8 PCMA/8000\r\n"
)
ICE = (
    PLAIN + "a=ice-ufrag:1ff342ea\r\na=ice-pwd:117347ce45c2010a38512bfe\r\n"
    "a=candidate:Hc0a8010a 1 UDP 2130706431 192.168.1.10 40000 typ host\r\n"
    "a=candidate:H0a080001 1 UDP 2130706175 10.8.0.1 40000 typ host\r\n"
    "a=candidate:Hc0a8010a 2 UDP 2130706430 192.168.1.10 40001 typ host\r\n"
)


def test_the_ports_are_those_of_the_first_line_of_sound() -> None:
    declined = "m=video 0 RTP/AVP 96\r\nm=audio 0 RTP/AVP 8\r\n"
    assert own_ports(PLAIN) == OwnPorts(40000, 40001)
    assert own_ports(declined + PLAIN) == OwnPorts(40000, 40001)
    assert own_ports(PLAIN.replace("a=rtcp:40001 IN IP4 192.168.1.10\r\n", "")) == OwnPorts(
        40000, 40000
    )


def test_without_sound_or_without_ipv4_there_is_nothing_to_publish() -> None:
    assert own_ports("") is None
    assert own_ports(PLAIN.replace("audio 40000", "audio 0")) is None
    assert own_ports(PLAIN.replace("IP4 192.168.1.10", "IP6 2001:db8::1")) is None


def test_address_and_ports_are_those_the_world_sees_and_all_else_stays() -> None:
    published = publish(PLAIN, RTP, RTCP)
    assert published == PLAIN.replace("m=audio 40000", "m=audio 61000").replace(
        "c=IN IP4 192.168.1.10", "c=IN IP4 198.51.100.7"
    ).replace("a=rtcp:40001 IN IP4 192.168.1.10", "a=rtcp:61077 IN IP4 198.51.100.7")


def test_without_a_router_nothing_changes() -> None:
    same = Mapped("192.168.1.10", 40000), Mapped("192.168.1.10", 40001)
    assert publish(PLAIN, *same) == PLAIN
    assert publish(ICE, *same) == ICE


def test_an_address_that_says_hold_stays() -> None:
    held = PLAIN.replace("c=IN IP4 192.168.1.10", "c=IN IP4 0.0.0.0")
    assert "c=IN IP4 0.0.0.0\r\n" in publish(held, RTP, RTCP)


def test_a_line_that_is_declined_keeps_its_port() -> None:
    assert "m=video 0 " in publish(PLAIN + "m=video 0 RTP/AVP 96\r\n", RTP, RTCP)


def test_ice_gets_one_more_candidate_for_each_component() -> None:
    assert not has_candidates(PLAIN)
    assert has_candidates(ICE)
    lines = publish(ICE, RTP, RTCP).split("\r\n")
    candidates = [line for line in lines if line.startswith("a=candidate:")]
    seen, base = "typ srflx raddr", "192.168.1.10 rport"
    assert [line for line in candidates if "typ srflx" in line] == [
        f"a=candidate:S1 1 UDP 1694498815 198.51.100.7 61000 {seen} {base} 40000",
        f"a=candidate:S1 2 UDP 1694498814 198.51.100.7 61077 {seen} {base} 40001",
    ]
    assert [line for line in candidates if "typ host" in line] == [
        line for line in ICE.split("\r\n") if "typ host" in line
    ]


def test_the_address_to_send_to_is_a_candidate_as_ice_demands() -> None:
    published = publish(ICE, RTP, RTCP)
    assert "m=audio 61000 " in published
    assert "c=IN IP4 198.51.100.7\r\n" in published
    assert " 198.51.100.7 61000 typ srflx" in published


RELAYED = ICE.replace("m=audio 40000", "m=audio 52000").replace(
    "c=IN IP4 192.168.1.10", "c=IN IP4 203.0.113.5"
) + (
    "a=candidate:Rcb007105 1 UDP 16777215 203.0.113.5 52000 typ relay raddr 198.51.100.7 rport 4"
    "\r\n"
)


def test_where_a_server_relays_our_ports_are_those_of_the_candidates() -> None:
    assert not is_relayed(ICE)
    assert is_relayed(RELAYED)
    assert own_ports(RELAYED) == OwnPorts(40000, 40001)
    assert host_ports(RELAYED) == {40000, 40001}
    assert host_ports(PLAIN) == frozenset()
    only = RELAYED.replace("typ host", "typ srflx")
    assert own_ports(only) is None


def test_the_address_that_relays_stays_the_one_to_send_to() -> None:
    published = publish(RELAYED, RTP, RTCP)
    assert published.count("typ srflx") == 2
    assert "m=audio 52000 " in published
    assert "c=IN IP4 203.0.113.5\r\n" in published
