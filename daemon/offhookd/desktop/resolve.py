# SPDX-License-Identifier: GPL-2.0-or-later
"""Where SIP servers (RFC 3263) are, and those of STUN and TURN (RFC 8489, 8; RFC 5928), found
outside the engine, which never asks DNS itself.

Addresses come from the system's own look-up, so /etc/hosts, mDNS and VPNs count; SRV records are
asked for only where a name comes without a port.  Addresses of IPv6 are passed over: the engine has
no sound over it.
"""

import asyncio
import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from offhookd.desktop import srv
from offhookd.phone.errors import PhoneError
from offhookd.phone.values import Transport

log = logging.getLogger(__name__)

LIMIT_S = 5.0
"""Of one look-up: a person waits for it."""

SRV_LIMIT_S = 2.0
"""Home routers that never answer SRV questions exist; their names still have addresses."""

ADDRESS_TTL_S = 30.0
"""The system's look-up tells no lifetime.  Long enough for a burst, shorter than any back-off."""

MAX_TTL_S = 300.0
MAX_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """What is offered at a name: its SRV label, its port without SRV, and how a person calls it."""

    service: str
    port: int
    name: str


SIP = {
    Transport.UDP: Kind("_sip._udp", 5060, "SIP over UDP"),
    Transport.TCP: Kind("_sip._tcp", 5060, "SIP over TCP"),
    Transport.TLS: Kind("_sips._tcp", 5061, "SIP over TLS"),
}
STUN = Kind("_stun._udp", 3478, "STUN")
"""RFC 8489, 8.1."""
TURN = Kind("_turn._udp", 3478, "TURN")
"""RFC 5928, 3."""

Key = tuple[str, int, Kind]
T = TypeVar("T")


class ResolveError(PhoneError):
    """The name leads nowhere now."""


def system_lookup(host: str) -> list[str]:
    """Addresses by getaddrinfo(3), in its order (RFC 6724); blocks."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return [address for address in addresses if "%" not in address]


class Resolver:
    """Look-ups of the whole daemon, remembered for as long as DNS allows.

    `lookup` returns the addresses of a host name or raises OSError, `query_srv` a raw DNS answer;
    both block.
    """

    def __init__(
        self,
        lookup: Callable[[str], list[str]] = system_lookup,
        query_srv: Callable[[str], bytes] = srv.query,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._lookup = lookup
        self._query_srv = query_srv
        self._clock = clock
        self._chance = chance
        self._known: dict[Key, tuple[float, list[str]]] = {}
        self._asking: dict[str, asyncio.Future[Any]] = {}

    async def resolve(self, host: str, port: int, transport: Transport) -> list[str]:
        """IPv4 addresses of a SIP server, "192.0.2.1:5060", best first.

        `port` 0: the URI names none.  Raises `ResolveError`, after 5 s at the latest.
        """
        return await self._resolve(host, port, SIP[transport])

    async def resolve_stun(self, host: str, port: int) -> list[str]:
        """The same for a STUN server."""
        return await self._resolve(host, port, STUN)

    async def resolve_turn(self, host: str, port: int) -> list[str]:
        """The same for a TURN server, over UDP."""
        return await self._resolve(host, port, TURN)

    async def _resolve(self, host: str, port: int, kind: Kind) -> list[str]:
        host = host.strip("[]").rstrip(".").lower()
        if _is_literal(host, socket.AF_INET6):
            raise _only_ipv6(host)
        if _is_literal(host, socket.AF_INET):
            return [f"{host}:{port or kind.port}"]
        key = (host, port, kind)
        until_s, addresses = self._known.get(key, (0.0, []))
        if self._clock() < until_s:
            return addresses
        try:
            async with asyncio.timeout(LIMIT_S):
                ttl_s, addresses = await self._find(host, port, kind)
        except TimeoutError:
            raise ResolveError(
                f"The name server did not answer for {host!r} within {LIMIT_S:.0f} s."
            ) from None
        self._known[key] = self._clock() + ttl_s, addresses
        return addresses

    def forget(self) -> None:
        """The network changed: other name servers may know other answers."""
        self._known.clear()

    async def _find(self, host: str, port: int, kind: Kind) -> tuple[float, list[str]]:
        records = [] if port else await self._services(f"{kind.service}.{host}")
        if not records:
            found = await self._addresses(host)
            return ADDRESS_TTL_S, [f"{address}:{port or kind.port}" for address in found]
        if not any(record.target for record in records):
            raise ResolveError(f"{host!r} offers no {kind.name}.")
        addresses: list[str] = []
        failure: ResolveError | None = None
        for record in srv.in_order(records, self._chance)[:MAX_ADDRESSES]:
            try:
                found = await self._addresses(record.target)
            except ResolveError as error:
                failure = error
                continue
            addresses += (f"{address}:{record.port}" for address in found)
        if failure and not addresses:
            raise failure
        return min(MAX_TTL_S, *(record.ttl_s for record in records)), addresses[:MAX_ADDRESSES]

    async def _services(self, name: str) -> list[srv.Service]:
        try:
            async with asyncio.timeout(SRV_LIMIT_S):
                answer = await self._ask(name, self._query_srv)
            return srv.services(answer) if answer else []
        except (TimeoutError, ValueError, srv.AnswerError) as error:
            log.debug("SRV %s: %r", name, error)
            return []

    async def _addresses(self, host: str) -> list[str]:
        try:
            found = await self._ask(host, self._lookup)
        except OSError as error:
            raise ResolveError(f"The name {host!r} has no address ({error.strerror}).") from None
        except ValueError:
            raise ResolveError(f"{host!r} is no host name.") from None
        usable = [address for address in found if ":" not in address]
        if found and not usable:
            raise _only_ipv6(host)
        return usable[:MAX_ADDRESSES]

    async def _ask(self, name: str, work: Callable[[str], T]) -> T:
        """`work` in a thread; who asks the same meanwhile waits for the same answer.

        A daemon thread for each name, not the executor: a dead name server holds a thread for up
        to half a minute, and neither other work nor the end of the process may wait for it.
        """
        future: asyncio.Future[Any] | None = self._asking.get(name)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._asking[name] = loop.create_future()
            future.add_done_callback(lambda _: self._asking.pop(name))
            threading.Thread(
                target=_work, args=(loop, future, work, name), name=f"look up {name}", daemon=True
            ).start()
        answer = await asyncio.shield(future)
        if isinstance(answer, Exception):
            raise answer
        return cast(T, answer)


def _work(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Any],
    work: Callable[[str], object],
    name: str,
) -> None:
    """In the thread.  An error is an answer too: nobody may be there any more to collect it."""
    answer: object
    try:
        answer = work(name)
    except (OSError, ValueError) as error:
        answer = error
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(future.set_result, answer)


def _is_literal(host: str, family: socket.AddressFamily) -> bool:
    with suppress(OSError, ValueError):
        socket.inet_pton(family, host)
        return True
    return False


def _only_ipv6(host: str) -> ResolveError:
    reason = "has no IPv4 address, and this phone's sound goes over IPv4 alone"
    return ResolveError(f"{host!r} {reason}.")
