# SPDX-License-Identifier: GPL-2.0-or-later
"""When the network or the machine came back: the moments at which trying again is worthwhile.

The kernel rings (rtnetlink(7), timerfd_create(2)), so nothing wakes up while nothing happens.
"""

import asyncio
import ctypes
import errno
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

SETTLE_S = 1.0
"""A connection that comes up makes some ten messages (link, addresses, routes) within a second."""

NETWORK = "the network changed"
RESUMED = "the machine woke up"
CLOCK_SET = "the clock was set"

# linux/rtnetlink.h; the socket module has no names for them.
_RTMGRP_LINK = 0x1
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV4_ROUTE = 0x40
_RTMGRP_IPV6_IFADDR = 0x100
_RTMGRP_IPV6_ROUTE = 0x400
_GROUPS = (
    _RTMGRP_LINK
    | _RTMGRP_IPV4_IFADDR
    | _RTMGRP_IPV4_ROUTE
    | _RTMGRP_IPV6_IFADDR
    | _RTMGRP_IPV6_ROUTE
)
_MESSAGE_BYTES = 65_536

_PROC = Path("/proc/self/net")
_SYS = Path("/sys/class/net")

_IPV6_LINK_SCOPE = "20"
_IPV4_ANY = "0" * 8
_IPV6_ANY = "0" * 32


class NetworkWatch:
    """Calls `on_hint` with one of the texts above; `start` and `stop` may be repeated."""

    def __init__(self, on_hint: Callable[[str], None]) -> None:
        self._on_hint = on_hint
        self._clock = _ClockWatch(on_hint)
        self._bell: socket.socket | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._known: frozenset[str] = frozenset()

    def start(self) -> None:
        if self._bell is not None:
            return
        bell = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        bell.bind((0, _GROUPS))
        self._bell = bell
        self._known = connectivity()
        asyncio.get_running_loop().add_reader(bell, self._rung, bell)
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()
        bell, self._bell = self._bell, None
        if bell is not None:
            asyncio.get_running_loop().remove_reader(bell)
            bell.close()
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def _rung(self, bell: socket.socket) -> None:
        """Empty the socket; what changed is read off the system itself once it has settled."""
        with suppress(BlockingIOError):
            while True:
                try:
                    bell.recv(_MESSAGE_BYTES)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:  # messages were lost: all the more reason
                        raise
        if self._settling is None:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_later(SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._settling = None
        before, self._known = self._known, connectivity()
        if self._known not in {before, frozenset()}:
            log.info("%s: %s", NETWORK, ", ".join(sorted(self._known ^ before)))
            self._on_hint(NETWORK)


def connectivity() -> frozenset[str]:
    """Addresses, default routes and their links that can carry a call, as lines of text.

    Empty when there are none.  What changes all the time (lifetimes of IPv6 addresses, signal
    strength, counters) is not in it, nor loopback and link-local addresses.
    """
    routes = set(_default_routes())
    links = {line.split()[1] for line in routes}
    return frozenset(
        {*_ipv4_addresses(), *_ipv6_addresses(), *routes, *(_link(name) for name in links)}
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:  # IPv6 is switched off, or the link went this moment
        return []


def _ipv4_addresses() -> Iterator[str]:
    """Host entries of the routing trie: the line after the address says what it is."""
    address = ""
    for line in _lines(_PROC / "fib_trie"):
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"] and not address.startswith("127."):
            yield f"address {address}"


def _ipv6_addresses() -> Iterator[str]:
    for line in _lines(_PROC / "if_inet6"):
        address, _, _, scope, _, link = line.split()
        if scope != _IPV6_LINK_SCOPE and link != "lo":
            yield f"address {address} {link}"


def _default_routes() -> Iterator[str]:
    for line in _lines(_PROC / "route")[1:]:
        link, destination, gateway = line.split()[:3]
        if destination == _IPV4_ANY:
            yield f"route {link} {gateway}"
    for line in _lines(_PROC / "ipv6_route"):
        destination, length, _, _, gateway, *_, link = line.split()
        if (destination, length) == (_IPV6_ANY, "00") and link != "lo":
            yield f"route {link} {gateway}"


def _link(name: str) -> str:
    return f"link {name} {' '.join(_lines(_SYS / name / 'operstate'))}"


# ---------------------------------------------------------------- waking up

_TFD_TIMER_ABSTIME = 1
_TFD_TIMER_CANCEL_ON_SET = 2
_NEVER_S = 2**33
"""The year 2242; the timer is there to be cancelled, not to expire."""


class _Timerspec(ctypes.Structure):
    """struct itimerspec."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class _ClockWatch:
    """A timer on the wall clock that the kernel cancels when the clock jumps, resume included."""

    def __init__(self, on_hint: Callable[[str], None]) -> None:
        self._on_hint = on_hint
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = -1
        self._slept_s = 0.0

    def start(self) -> None:
        if self._fd >= 0:
            return
        flags = os.O_NONBLOCK | os.O_CLOEXEC
        self._fd = self._libc.timerfd_create(time.CLOCK_REALTIME, flags)
        if self._fd < 0:
            log.warning("no timer to notice suspend: %s", os.strerror(ctypes.get_errno()))
            return
        self._slept_s = _slept_s()
        self._arm()
        asyncio.get_running_loop().add_reader(self._fd, self._jumped)

    def stop(self) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _arm(self) -> None:
        spec = _Timerspec(value_s=min(_NEVER_S, 2 ** (8 * ctypes.sizeof(ctypes.c_long) - 1) - 1))
        flags = _TFD_TIMER_ABSTIME | _TFD_TIMER_CANCEL_ON_SET
        self._libc.timerfd_settime(self._fd, flags, ctypes.byref(spec), None)

    def _jumped(self) -> None:
        with suppress(OSError):  # ECANCELED is the very message
            os.read(self._fd, 8)
        self._arm()
        slept_s, before_s = _slept_s(), self._slept_s
        self._slept_s = slept_s
        hint = RESUMED if slept_s - before_s > SETTLE_S else CLOCK_SET
        log.info("%s", hint)
        self._on_hint(hint)


def _slept_s() -> float:
    """How long the machine was suspended since it booted; CLOCK_MONOTONIC stops meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
