# SPDX-License-Identifier: GPL-2.0-or-later
import socket

import pytest

from offhookd.engine.addresses import Address, parse_address

V4 = socket.inet_aton("192.0.2.1")
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", Address(V4, 0)),
        ("192.0.2.1:5070", Address(V4, 5070)),
        ("2001:db8::1", Address(V6, 0)),
        ("[2001:db8::1]", Address(V6, 0)),
        ("[2001:db8::1]:5070", Address(V6, 5070)),
    ],
)
def test_every_spelling_of_an_address_is_understood(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "pbx.example.com", "192.0.2", "192.0.2.1:", "192.0.2.1:70000", "192.0.2.1:-1", "[::1",
     "[::1]5060", "192.0.2.1:٣"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        parse_address(text)


@pytest.mark.parametrize("text", ["127.0.0.1:5070", "[::1]:5070"])
def test_socket_address_is_what_the_kernel_uses(text: str) -> None:
    address = parse_address(text)
    family = socket.AF_INET6 if address.ipv6 else socket.AF_INET
    assert address.sockaddr[:2] == family.to_bytes(2, "little")
    assert address.sockaddr[2:4] == (5070).to_bytes(2, "big")
    assert address.packed in address.sockaddr
