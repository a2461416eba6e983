# SPDX-License-Identifier: GPL-2.0-or-later
import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.desktop import resolve as module
from offhookd.desktop.resolve import ResolveError, Resolver
from offhookd.desktop.srv import AnswerError, Service, in_order, services
from offhookd.phone.values import Transport
from tests.support import dns

UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS

HOSTS = {
    "pbx.example.com": ["2001:db8::1", "192.0.2.1"],
    "new.example.net": ["2001:db8::2"],
    "a.example.com": ["192.0.2.10"],
    "b.example.com": ["192.0.2.20"],
}


class Names:
    """A name service that counts what it is asked."""

    def __init__(self) -> None:
        self.hosts = dict(HOSTS)
        self.services: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.now_s = 0.0

    def offer(self, name: str, *records: bytes, ttl_s: int = 60) -> None:
        self.services[name] = dns.message(name, dns.SRV, records, ttl_s)

    def lookup(self, host: str) -> list[str]:
        self.asked[host] += 1
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.hosts[host]

    def query(self, name: str) -> bytes:
        self.asked[name] += 1
        return self.services.get(name, b"")

    def resolver(self, lookup: Callable[[str], list[str]] | None = None) -> Resolver:
        return Resolver(lookup or self.lookup, self.query, lambda: self.now_s, lambda: 0.5)


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.mark.parametrize(
    ("host", "port", "transport", "address"),
    [
        ("192.0.2.9", 0, UDP, "192.0.2.9:5060"),
        ("192.0.2.9", 0, TLS, "192.0.2.9:5061"),
        ("192.0.2.9", 5070, TCP, "192.0.2.9:5070"),
    ],
)
async def test_an_address_is_asked_of_nobody(
    names: Names, host: str, port: int, transport: Transport, address: str
) -> None:
    assert await names.resolver().resolve(host, port, transport) == [address]
    assert not names.asked


async def test_a_name_with_a_port_needs_no_srv_record(names: Names) -> None:
    names.offer("_sip._udp.pbx.example.com", dns.srv(1, 1, 9, "a.example.com"))
    found = await names.resolver().resolve("PBX.example.com.", 5080, UDP)
    assert found == ["192.0.2.1:5080"]
    assert set(names.asked) == {"pbx.example.com"}


async def test_a_name_without_srv_records_is_at_the_port_of_its_transport(names: Names) -> None:
    found = await names.resolver().resolve("pbx.example.com", 0, TLS)
    assert found == ["192.0.2.1:5061"]
    assert names.asked["_sips._tcp.pbx.example.com"] == 1


async def test_srv_records_are_followed_by_priority(names: Names) -> None:
    names.offer(
        "_sip._tcp.example.com",
        dns.srv(20, 0, 5070, "b.example.com"),
        dns.srv(10, 0, 5080, "a.example.com"),
        dns.srv(5, 0, 5090, "gone.example.com"),
    )
    found = await names.resolver().resolve("example.com", 0, TCP)
    assert found == ["192.0.2.10:5080", "192.0.2.20:5070"]


async def test_a_stun_server_has_records_and_a_port_of_its_own(names: Names) -> None:
    resolver = names.resolver()
    names.offer("_stun._udp.example.com", dns.srv(1, 0, 3479, "a.example.com"))
    assert await resolver.resolve_stun("example.com", 0) == ["192.0.2.10:3479"]
    assert await resolver.resolve_stun("b.example.com", 0) == ["192.0.2.20:3478"]
    assert await resolver.resolve_stun("b.example.com", 19302) == ["192.0.2.20:19302"]
    assert await resolver.resolve("b.example.com", 0, UDP) == ["192.0.2.20:5060"]
    names.offer("_stun._udp.pbx.example.com", dns.srv(0, 0, 0, "."))
    with pytest.raises(ResolveError, match="offers no STUN"):
        await resolver.resolve_stun("pbx.example.com", 0)


@pytest.mark.parametrize("host", ["new.example.net", "[2001:db8::9]", "::1"])
async def test_who_has_no_ipv4_address_is_told_so(names: Names, host: str) -> None:
    with pytest.raises(ResolveError, match="has no IPv4 address, and this phone's sound goes"):
        await names.resolver().resolve(host, 5060, UDP)
    with pytest.raises(ResolveError, match="has no IPv4 address"):
        await names.resolver().resolve_stun(host, 0)


async def test_of_two_services_the_one_with_ipv4_is_taken(names: Names) -> None:
    names.offer(
        "_sip._udp.example.com",
        dns.srv(1, 0, 5060, "new.example.net"),
        dns.srv(2, 0, 5060, "a.example.com"),
    )
    assert await names.resolver().resolve("example.com", 0, UDP) == ["192.0.2.10:5060"]


async def test_a_service_that_is_not_offered_is_told(names: Names) -> None:
    names.offer("_sip._udp.pbx.example.com", dns.srv(0, 0, 0, "."))
    with pytest.raises(ResolveError, match="offers no SIP over UDP"):
        await names.resolver().resolve("pbx.example.com", 0, UDP)


async def test_a_name_that_leads_nowhere_is_told(names: Names) -> None:
    with pytest.raises(ResolveError, match=r"'nope\.example' has no address .Name or service"):
        await names.resolver().resolve("nope.example", 0, UDP)
    names.offer("_sip._udp.example.com", dns.srv(1, 1, 1, "gone.example.com"))
    with pytest.raises(ResolveError, match=r"gone\.example\.com"):
        await names.resolver().resolve("example.com", 0, UDP)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "\0", ""])
async def test_what_is_no_name_is_told(host: str) -> None:
    with pytest.raises(ResolveError):
        await Resolver().resolve(host, 0, UDP)


async def test_a_garbled_srv_answer_leaves_the_addresses(names: Names) -> None:
    names.services["_sip._udp.pbx.example.com"] = b"\xff" * 40
    assert await names.resolver().resolve("pbx.example.com", 0, UDP)


async def test_answers_are_remembered_for_their_time(names: Names) -> None:
    names.offer("_sip._udp.example.com", dns.srv(1, 1, 5060, "a.example.com"), ttl_s=100)
    resolver = names.resolver()
    for now_s, asked in ((0, 1), (99, 1), (100, 2)):
        names.now_s = now_s
        await resolver.resolve("example.com", 0, UDP)
        assert names.asked["a.example.com"] == asked
    resolver.forget()
    await resolver.resolve("example.com", 0, UDP)
    assert names.asked["a.example.com"] == 3


async def test_a_failure_is_not_remembered(names: Names) -> None:
    resolver = names.resolver()
    with pytest.raises(ResolveError):
        await resolver.resolve("new.example.com", 5060, UDP)
    names.hosts["new.example.com"] = ["192.0.2.7"]
    assert await resolver.resolve("new.example.com", 5060, UDP) == ["192.0.2.7:5060"]


async def test_a_dead_name_server_holds_one_thread_for_a_name(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT_S", 0.02)
    alive = threading.Event()

    def slow(host: str) -> list[str]:
        alive.wait()
        return names.lookup(host)

    resolver = names.resolver(slow)
    for _ in range(3):
        with pytest.raises(ResolveError, match="did not answer"):
            await resolver.resolve("pbx.example.com", 5060, UDP)
    monkeypatch.setattr(module, "LIMIT_S", 20.0)
    (worker,) = [thread for thread in threading.enumerate() if thread.name.startswith("look up")]
    waiting = asyncio.create_task(resolver.resolve("pbx.example.com", 5060, UDP))
    await asyncio.sleep(0)
    alive.set()
    assert await waiting == ["192.0.2.1:5060"]
    assert names.asked["pbx.example.com"] == 1
    worker.join()


def test_weight_decides_among_equals() -> None:
    light, heavy = Service(1, 10, 1, "light", 60), Service(1, 90, 1, "heavy", 60)
    later = Service(2, 1000, 1, "later", 60)
    records = [later, light, heavy]
    assert [record.target for record in in_order(records, lambda: 0.05)] == [
        "light",
        "heavy",
        "later",
    ]
    assert [record.target for record in in_order(records, lambda: 0.5)] == [
        "heavy",
        "light",
        "later",
    ]


@given(
    st.lists(st.builds(Service, st.integers(0, 3), st.integers(0, 9), *[st.just(1)], st.text())),
    st.floats(0, 1, exclude_max=True),
)
def test_every_record_is_tried_once_by_priority(records: list[Service], chance: float) -> None:
    ordered = in_order(records, lambda: chance)
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(r.priority for r in records)


def test_names_may_be_compressed() -> None:
    question = "_sip._udp.example.com"
    target = b"\x01a\xc0\x16"  # "a" and then "example.com" out of the question
    answer = dns.message(question, dns.SRV, [b"\0\1\0\2\x13\xc4" + target], ttl_s=7)
    assert services(answer) == [Service(1, 2, 5060, "a.example.com", 7)]


def test_a_name_that_refers_to_itself_ends() -> None:
    answer = dns.message("x", dns.SRV, [b"\0\1\0\2\x13\xc4" + b"\xc0\x25"])
    with pytest.raises(AnswerError):
        services(answer)


VALID = dns.message("_sip._udp.x", dns.SRV, [dns.srv(1, 2, 3, "a.b"), dns.srv(1, 2, 3, "c")])


@given(st.binary(max_size=80) | st.builds(
    lambda at, byte: VALID[:at] + bytes([byte]) + VALID[at + 1 :],
    st.integers(0, len(VALID) - 1),
    st.integers(0, 255),
) | st.integers(0, len(VALID)).map(lambda size: VALID[:size]))  # fmt: skip
def test_no_answer_does_harm(answer: bytes) -> None:
    with suppress(AnswerError):
        assert all(isinstance(record, Service) for record in services(answer))
