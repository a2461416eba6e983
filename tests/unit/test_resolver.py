# SPDX-License-Identifier: GPL-2.0-or-later
import socket

import pytest

from offhookd.engine.addresses import Address
from offhookd.engine.resolver import TCP, TLS, UDP, Resolver, Target, find

V4 = socket.inet_aton("192.0.2.1")
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1")


BOOK = {
    "pbx.example.com": (Address(V4, 0), Address(V6, 0)),
    "edge.example.com": (Address(V4, 5070),),
}


@pytest.mark.parametrize(("transport", "port"), [(UDP, 5060), (TCP, 5060), (TLS, 5061)])
def test_default_port_is_the_transports(transport: int, port: int) -> None:
    target = Target("192.0.2.1", 0, transport)
    assert find({}, target) == [Address(V4, port)]


def test_port_of_the_book_wins_over_the_default() -> None:
    assert find(BOOK, Target("edge.example.com", 0, TLS)) == [Address(V4, 5070)]


def test_port_of_the_uri_wins_over_the_books() -> None:
    assert find(BOOK, Target("edge.example.com", 5099, UDP)) == [Address(V4, 5099)]


def test_order_of_the_book_is_kept() -> None:
    assert [a.packed for a in find(BOOK, Target("pbx.example.com", 0, UDP))] == [V4, V6]


def test_ipv6_transport_gets_no_ipv4_address() -> None:
    found = find(BOOK, Target("pbx.example.com", 0, UDP, ipv6_only=True))
    assert found == [Address(V6, 5060)]


def test_names_are_compared_without_case_and_final_dot() -> None:
    assert find(BOOK, Target("PBX.example.com.", 0, UDP)) == find(
        BOOK, Target("pbx.example.com", 0, UDP)
    )


def test_unknown_name_has_no_address() -> None:
    assert find(BOOK, Target("example.com", 0, UDP)) == []


def test_unreadable_address_leaves_the_book_as_it_was() -> None:
    resolver = Resolver()
    resolver.set_hosts({"pbx.example.com": ("192.0.2.1",)})
    with pytest.raises(ValueError, match="is no address"):
        resolver.set_hosts({"pbx.example.com": ("192.0.2.1.5",)})
    assert resolver.hosts == {"pbx.example.com": (Address(V4, 0),)}
