# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's address book in the place of DNS.

pjsip's own look-up blocks the only thread, and its DNS parser has been exploitable.  The daemon
resolves names (RFC 3263) and hands the addresses over; here they are given to pjsip through its
external-resolver hook.  The name stays what a TLS certificate is checked against: pjsip keeps it
beside the address.
"""

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from offhookd.engine import pjlib
from offhookd.engine.addresses import Address, pack, parse_address
from offhookd.engine.pjlib import HostInfo, PjlibError, Str

RELIABLE = 1
SECURE = 2

UDP = 1
TCP = 2
TLS = 3
IPV6 = 128
"""Added to the transport's number, `pjsip_transport_type_e`."""

SIP_PORT = 5060
SIPS_PORT = 5061

_MAX_ADDRESSES = 8
"""pjsip takes at least 16; nobody waits for the ninth."""

_ANSWER_BYTES = 8192
"""pjsip copies a whole `pjsip_server_addresses`, up to 32 records of 64 bytes, used or not."""

_IPV4_SOCKADDR_BYTES = 16
_IPV6_SOCKADDR_BYTES = 28


@dataclass(frozen=True, slots=True)
class Target:
    """What pjsip asks for: `transport` without `IPV6`, 0 when the URI leaves it open."""

    host: str
    port: int
    transport: int
    ipv6_only: bool = False


def find(hosts: Mapping[str, Sequence[Address]], target: Target) -> list[Address]:
    """Where to send: an IP literal is itself, a name is what `hosts` says, or nothing.

    A port in the target wins over the book's, and the book's over the transport's default.
    """
    literal = pack(target.host.strip("[]"))
    known = [Address(literal, 0)] if literal else hosts.get(canonical_name(target.host), ())
    default = SIPS_PORT if target.transport == TLS else SIP_PORT
    return [
        Address(address.packed, target.port or address.port or default)
        for address in known
        if address.ipv6 or not target.ipv6_only
    ][:_MAX_ADDRESSES]


def canonical_name(host: str) -> str:
    return host.rstrip(".").lower()


# ---------------------------------------------------------------- pjsip's side

_Callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Resolve = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(HostInfo),
    ctypes.c_void_p,
    ctypes.c_void_p,
)

_RECORD = (
    ("type", ctypes.c_int),
    ("priority", ctypes.c_uint),
    ("weight", ctypes.c_uint),
    ("address", ctypes.c_byte * _IPV6_SOCKADDR_BYTES),
    ("address_length", ctypes.c_int),
)


class _Record(ctypes.Structure):
    """`pjsip_server_address_record` up to pjproject 2.16."""

    _fields_ = _RECORD


class _NamedRecord(ctypes.Structure):
    """The same where a record also says what name it answers."""

    _fields_ = (("name", Str), *_RECORD)


class _ExternalResolver(ctypes.Structure):
    _fields_ = (("resolve", _Resolve),)


class Resolver:
    """Answers every look-up of the SIP stack at once from `set_hosts`."""

    def __init__(self) -> None:
        self.hosts: dict[str, tuple[Address, ...]] = {}
        self._layout: type[ctypes.Structure] = _Record
        self._hook = _ExternalResolver(_Resolve(self._on_resolve))

    def set_hosts(self, hosts: Mapping[str, Sequence[str]]) -> None:
        """All names the engine may contact; replaces what was known.  Raises ValueError."""
        self.hosts = {
            canonical_name(name): tuple(parse_address(value) for value in values)
            for name, values in hosts.items()
        }

    def install(self) -> str:
        """Take over all look-ups; after libInit.

        Returns "" or, when pjsip keeps resolving by itself, the fault as a sentence.
        """
        try:
            self._layout = _find_layout()
            hook = pjlib.function(
                "pjsip_endpt_set_ext_resolver", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
            )
            status = hook(pjlib.endpoint(), ctypes.byref(self._hook))
            pjlib.check("Replacing the look-up of names", status)
        except PjlibError as error:
            return f"{error}; the engine looks names up itself and may stall while it does."
        return ""

    def _on_resolve(
        self, _resolver: int, _pool: int, target: Any, token: int | None, callback: int
    ) -> None:
        answer = None
        status = pjlib.PJ_ERESOLVE
        try:
            info = target.contents
            wanted = _target(info)
            found = find(self.hosts, wanted)
            if found:
                answer = self._answer(info, wanted.transport, found)
                status = pjlib.PJ_SUCCESS
        finally:  # a look-up that is never answered holds its transaction for ever
            _Callback(callback)(status, token, answer)

    def _answer(self, info: HostInfo, transport: int, found: Sequence[Address]) -> Any:
        answer = ctypes.create_string_buffer(_ANSWER_BYTES)
        ctypes.c_uint.from_buffer(answer).value = len(found)
        records = (self._layout * len(found)).from_buffer(answer, _first_record(self._layout))
        for record, address in zip(records, found, strict=True):
            if isinstance(record, _NamedRecord):
                record.name = info.host
            sockaddr = address.sockaddr
            record.type = transport | (IPV6 if address.ipv6 else 0)
            ctypes.memmove(record.address, sockaddr, len(sockaddr))
            record.address_length = len(sockaddr)
        return answer


def _target(info: HostInfo) -> Target:
    transport = info.type & ~IPV6
    if not transport:
        by_flag = {0: UDP, RELIABLE: TCP}
        transport = TLS if info.flag & SECURE else by_flag[info.flag & RELIABLE]
    host = info.host.value().decode("latin-1")
    return Target(host, info.port, transport, ipv6_only=bool(info.type & IPV6))


def _first_record(layout: type[ctypes.Structure]) -> int:
    """Offset behind the count."""
    return max(ctypes.sizeof(ctypes.c_uint), ctypes.alignment(layout))


_PROBES = (
    (Target("192.0.2.33", 5077, TCP), Address(b"\xc0\x00\x02\x21", 5077)),
    (
        Target("2001:db8::21", 5078, UDP),
        Address(b"\x20\x01\x0d\xb8" + bytes(11) + b"\x21", 5078),
    ),
)


def _find_layout() -> type[ctypes.Structure]:
    """The record whose fields are where pjsip itself puts them when it answers an IP literal."""
    answers = [_ask(target) for target, _ in _PROBES]
    for layout in (_Record, _NamedRecord):
        if all(
            _fits(layout, target, address, answer)
            for (target, address), answer in zip(_PROBES, answers, strict=True)
        ):
            return layout
    raise PjlibError("This pjsua2 module lays its look-up answers out in an unknown way")


def _ask(target: Target) -> bytes:
    """What pjsip answers by itself, up to the end of the first record."""
    seen: list[bytes] = []
    size = _first_record(_NamedRecord) + ctypes.sizeof(_NamedRecord)

    def on_answer(status: int, _token: int | None, answer: int | None) -> None:
        if status == pjlib.PJ_SUCCESS and answer:
            seen.append(ctypes.string_at(answer, size))

    callback = _Callback(on_answer)
    resolve = pjlib.function(
        "pjsip_endpt_resolve",
        None,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.POINTER(HostInfo),
        ctypes.c_void_p,
        _Callback,
    )
    with _pool() as pool, _host_info(target) as info:
        resolve(pjlib.endpoint(), pool, ctypes.byref(info), None, callback)
    if not seen:
        raise PjlibError("This pjsua2 module does not resolve an IP address at once")
    return seen[0]


def _fits(layout: type[ctypes.Structure], target: Target, address: Address, answer: bytes) -> bool:
    record: Any = layout.from_buffer_copy(answer, _first_record(layout))
    sockaddr = address.sockaddr
    return (
        int.from_bytes(answer[:4], "little") == 1
        and record.type == target.transport | (IPV6 if address.ipv6 else 0)
        and (record.priority, record.weight) == (0, 0)
        and bytes(record.address)[: len(sockaddr)] == sockaddr
        and record.address_length == len(sockaddr)
    )


@contextmanager
def _pool() -> Iterator[int]:
    pool = pjlib.new_pool(b"offhook-resolver")
    try:
        yield pool
    finally:
        pjlib.release_pool(pool)


@contextmanager
def _host_info(target: Target) -> Iterator[HostInfo]:
    text = ctypes.create_string_buffer(target.host.encode())
    host = Str(ctypes.addressof(text), len(target.host))
    yield HostInfo(0, target.transport, host, target.port)
