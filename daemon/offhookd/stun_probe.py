# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a STUN server (RFC 8489) is there, and by what address it sees this machine."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from offhookd.engine.stun import (
    ANSWER_LIMIT_S,
    MAX_ANSWER_BYTES,
    REPEAT_S,
    TRANSACTION_BYTES,
    Mapped,
    RefusedError,
    StunError,
    mapped_address,
    request,
)
from offhookd.hosts import split_port
from offhookd.phone.errors import PhoneError

ATTEMPTS = 2
"""Of `ANSWER_LIMIT_S` each: a busy machine is late once, too."""

MOST_ADDRESSES = 3
"""Of one name; who has more of them is asked again later."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host, port (0 when none is given) -> IPv4 addresses "ip:port"; raises a `PhoneError`."""


class StunServerError(PhoneError):
    """The server is of no use now."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """`server`: the address that answered, "192.0.2.1:3478"; `seen`: what it sees."""

    server: str
    seen: Mapped


async def look(name: str, resolve: Resolve) -> Sighting:
    """Ask the server `name`, "host" or "host:port".  Raises a `PhoneError` with a sentence."""
    addresses = await resolve(*split_port(name))
    for _ in range(ATTEMPTS):
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return Sighting(address, await _ask(address))
            except TimeoutError:
                reason = f"{address} does not answer within {ANSWER_LIMIT_S:g} s"
            except RefusedError as error:
                reason = f"{address}: {error}"
            except OSError as error:
                reason = f"{address}: {os.strerror(error.errno or 0).lower()}"
    raise StunServerError(f"{reason}.")


async def _ask(address: str) -> Mapped:
    host, port = split_port(address)
    transaction = os.urandom(TRANSACTION_BYTES)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((host, port))  # nobody else is heard, and a closed port is told
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while True:
                await loop.sock_sendall(sock, request(transaction))
                with suppress(TimeoutError):
                    async with asyncio.timeout(REPEAT_S):
                        return await _answer(sock, transaction)


async def _answer(sock: socket.socket, transaction: bytes) -> Mapped:
    loop = asyncio.get_running_loop()
    while True:
        data = await loop.sock_recv(sock, MAX_ANSWER_BYTES + 1)
        try:
            return mapped_address(data, transaction)
        except RefusedError:
            raise
        except StunError:
            continue  # a late answer, or a forged one
