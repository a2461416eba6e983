# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate's place in the SIP stack: a pjsip module that comes before all others.

It sees each message's bytes after they were parsed and before anything acts on them.  Where in
`pjsip_rx_data` they are is found by sending the engine two marked messages.
"""

import ctypes
import functools
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from offhookd.engine import pjlib
from offhookd.engine.gate import Gate, Source
from offhookd.engine.pjlib import PjlibError

GATE_ERROR = "gate-error"

_FIRST = 1
"""Priority: the lowest number comes first; pjsip's transport layer has 8."""

_LET_IN = 0
_DROP = 1

_MAX_MESSAGE_BYTES = 65_536
_SOCKADDR_BYTES = 28
_SLACK_BYTES = 24
"""Between the packet's buffer and the source address: a zero, the length, and alignment."""

_SEARCH_STEP_BYTES = 256
_SEARCH_LIMIT_BYTES = 80_000

_CALIBRATION_POLLS = 20
_CALIBRATION_POLL_MS = 10

_OnReceive = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Module(ctypes.Structure):
    """`pjsip_module`."""

    _fields_ = (
        ("links", ctypes.c_void_p * 2),
        ("name", pjlib.Str),
        ("id", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("life_cycle", ctypes.c_void_p * 4),
        ("on_rx_request", _OnReceive),
        ("on_rx_response", _OnReceive),
        ("on_tx", ctypes.c_void_p * 2),
        ("on_tsx_state", ctypes.c_void_p),
        ("room_for_more", ctypes.c_void_p * 8),
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in `pjsip_rx_data`: `message` is a pointer, followed by its length as an int."""

    packet: int
    source: int
    message: int


class GateHook:
    """Puts `gate` in front of the SIP stack.

    `on_drop(rule, source)` is called in the SIP thread for each message that is not let in.
    """

    def __init__(self, gate: Gate, on_drop: Callable[[str, Source], None]) -> None:
        self._gate = gate
        self._on_drop = on_drop
        self._receive: Callable[[int], int] = self._ignore
        self._layout = Layout(0, 0, 0)
        self._view: Any = None
        self._current = 0
        callback = _OnReceive(self._on_receive)
        self._name = ctypes.create_string_buffer(b"offhook-gate")
        self._module = _Module(
            name=pjlib.Str(ctypes.addressof(self._name), len(self._name.value)),
            id=-1,
            priority=_FIRST,
            on_rx_request=callback,
            on_rx_response=callback,
        )

    def install(self, handle_events: Callable[[int], object], address: tuple[str, int]) -> str:
        """Register and calibrate; before the socket filter is on.

        `handle_events` is `Endpoint.libHandleEvents`, `address` where the engine's UDP transport
        can be reached from here.  Returns "" or, when messages are not checked, the fault as a
        sentence.
        """
        try:
            self._register()
            self._layout = _calibrate(self, handle_events, address)
        except (PjlibError, OSError) as error:
            self.close()
            return f"{error}; SIP messages reach the engine unchecked."
        self._view = _view_of(self._layout)
        self._receive = self._judge
        return ""

    def close(self) -> None:
        """Let messages through again; before libDestroy.  May be called twice."""
        if self._module.id >= 0:
            pointer = ctypes.c_void_p
            unregister = pjlib.function(
                "pjsip_endpt_unregister_module", ctypes.c_int, pointer, pointer
            )
            unregister(pjlib.endpoint(), ctypes.byref(self._module))

    def answer(self, code: int, headers: Mapping[str, str]) -> None:
        """Answer the request that `Gate.claim` is being asked about, outside any transaction.

        Its repetitions are answered anew, so what is done about it must bear repeating.
        """
        if not self._current:
            raise PjlibError("there is no request to answer")
        pool = pjlib.new_pool(b"offhook-answer")
        try:
            fields = pjlib.header_list(pool, headers)
            self._respond(self._current, code, fields)
        finally:
            pjlib.release_pool(pool)

    @staticmethod
    def _respond(rdata: int, code: int, fields: ctypes.Array[Any]) -> None:
        pointer = ctypes.c_void_p
        respond = pjlib.function(
            "pjsip_endpt_respond_stateless",
            ctypes.c_int,
            *(pointer, pointer, ctypes.c_int, pointer, pointer, pointer),
        )
        status = respond(pjlib.endpoint(), rdata, code, None, ctypes.byref(fields), None)
        pjlib.check(f"Answering a request with {code}", status)

    def observe(self, receive: Callable[[int], int]) -> None:
        """Hand the address of each `pjsip_rx_data` to `receive` instead of judging it."""
        self._receive = receive

    def _register(self) -> None:
        pointer = ctypes.c_void_p
        register = pjlib.function("pjsip_endpt_register_module", ctypes.c_int, pointer, pointer)
        status = register(pjlib.endpoint(), ctypes.byref(self._module))
        pjlib.check("Putting the gate before the SIP stack", status)

    def _ignore(self, _rdata: int) -> int:
        return _LET_IN

    def _on_receive(self, rdata: int) -> int:
        """The fence between pjsip and Python: whatever goes wrong, the message stays out."""
        try:
            return self._receive(rdata)
        except Exception:  # noqa: BLE001 - ctypes would let the message in on any exception
            self._gate.counts[GATE_ERROR] += 1
            return _DROP

    def _judge(self, rdata: int) -> int:
        view = self._view.from_address(rdata)
        length = view.length
        if not 0 < length <= _MAX_MESSAGE_BYTES:
            return _DROP
        source = source_of(bytes(view.source))
        self._current = rdata
        verdict = self._gate.judge(ctypes.string_at(view.message, length), source)
        if verdict.refusal:
            self.answer(verdict.refusal, {})
        self._current = 0
        if verdict.claimed:
            return _DROP
        if not verdict.rule:
            return _LET_IN
        if verdict.repair and self._append(rdata, view.message + length, verdict.repair):
            return _LET_IN
        self._on_drop(verdict.rule, source)
        return _DROP

    def _append(self, rdata: int, end: int, repair: bytes) -> bool:
        """Write behind the message where nothing follows it and the packet's buffer has room."""
        room = rdata + self._layout.source - _SLACK_BYTES - end
        if room <= len(repair) or ctypes.string_at(end, 1) != b"\0":
            return False
        ctypes.memmove(end, repair + b"\0", len(repair) + 1)
        return True


@functools.lru_cache(maxsize=256)
def source_of(sockaddr: bytes) -> Source:
    """IP address and port of a `sockaddr_in` or `sockaddr_in6`."""
    port = int.from_bytes(sockaddr[2:4], "big")
    if int.from_bytes(sockaddr[:2], "little") == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8]), port
    return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24]), port


def _view_of(layout: Layout) -> type[ctypes.Structure]:
    """The parts of `pjsip_rx_data` that are read for each message."""
    source_end = layout.source + _SOCKADDR_BYTES

    class View(ctypes.Structure):
        _pack_ = 1
        _fields_ = (
            ("head", ctypes.c_byte * layout.source),
            ("source", ctypes.c_byte * _SOCKADDR_BYTES),
            ("between", ctypes.c_byte * (layout.message - source_end)),
            ("message", ctypes.c_void_p),
            ("length", ctypes.c_int),
        )

    return View


def _calibrate(
    hook: GateHook, handle_events: Callable[[int], object], address: tuple[str, int]
) -> Layout:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.connect(address)
        found = [_locate(hook, handle_events, peer, padding) for padding in (1, 50)]
    if found[0] != found[1]:
        raise PjlibError("This pjsua2 module does not keep a received message in one place")
    return found[0]


def _locate(
    hook: GateHook, handle_events: Callable[[int], object], peer: socket.socket, padding: int
) -> Layout:
    sent = _marked_message(peer, padding)
    layouts: list[Layout] = []

    def receive(rdata: int) -> int:
        found = _search(rdata, sent, _sockaddr(peer))
        if found:
            layouts.append(found)
        return _DROP

    hook.observe(receive)
    peer.send(sent)
    for _ in range(_CALIBRATION_POLLS):
        handle_events(_CALIBRATION_POLL_MS)
        if layouts:
            return layouts[0]
    raise PjlibError("The gate did not see a message that was sent to the engine")


def _marked_message(peer: socket.socket, padding: int) -> bytes:
    host, port = peer.getsockname()[:2]
    via = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return (
        f"OPTIONS sip:calibration@offhook.invalid SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {via};branch=z9hG4bK{'x' * padding}\r\n"
        f"From: <sip:gate@offhook.invalid>;tag=1\r\nTo: <sip:calibration@offhook.invalid>\r\n"
        f"Call-ID: {port}-{padding}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _sockaddr(peer: socket.socket) -> bytes:
    """The part of the peer's own address that does not depend on the route."""
    host, port = peer.getsockname()[:2]
    head = int(peer.family).to_bytes(2, "little") + int(port).to_bytes(2, "big")
    if peer.family == socket.AF_INET6:
        return head + bytes(4) + socket.inet_pton(socket.AF_INET6, host)
    return head + socket.inet_aton(host)


def _search(rdata: int, sent: bytes, sockaddr: bytes) -> Layout | None:
    """Find the three in the order in which they are declared, reading no further than needed."""
    packet = _find(rdata, 0, sent)
    source = _find(rdata, packet + len(sent), sockaddr) if packet else 0
    if not packet or not source:
        return None
    pointer = (rdata + packet).to_bytes(8, "little") + len(sent).to_bytes(4, "little")
    message = _find(rdata, source + len(sockaddr), pointer)
    return Layout(packet, source, message) if message else None


def _find(base: int, start: int, wanted: bytes) -> int:
    """Offset from `base` of `wanted`, or 0; the search stops at the first step that holds it."""
    seen = b""
    while len(seen) < _SEARCH_LIMIT_BYTES:
        seen += ctypes.string_at(base + start + len(seen), _SEARCH_STEP_BYTES)
        found = seen.find(wanted, max(0, len(seen) - _SEARCH_STEP_BYTES - len(wanted)))
        if found >= 0:
            return start + found
    return 0
