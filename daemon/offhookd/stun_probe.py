# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a STUN server (RFC 8489) is there, and by what address it sees this machine."""

import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from offhookd.engine.stun import (
    ANSWER_LIMIT_S,
    TRANSACTION_BYTES,
    Mapped,
    RefusedError,
    mapped_address,
    request,
)
from offhookd.hosts import split_port
from offhookd.server_watch import ServerError
from offhookd.stun_exchange import ask

ATTEMPTS = 2
"""Of `ANSWER_LIMIT_S` each: a busy machine is late once, too."""

MOST_ADDRESSES = 3
"""Of one name; who has more of them is asked again later."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host, port (0 when none is given) -> IPv4 addresses "ip:port"; raises a `PhoneError`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sighting:
    """`server`: the address that answered, "192.0.2.1:3478"; `seen`: what it sees."""

    server: str
    seen: Mapped

    def __str__(self) -> str:
        return f"{self.server} sees us at {self.seen.host}"


async def look(name: str, resolve: Resolve) -> Sighting:
    """Ask the server `name`, "host" or "host:port".  Raises a `PhoneError` with a sentence."""
    server, seen = await first_answer(await resolve(*split_port(name)), _ask)
    return Sighting(server, seen)


async def first_answer(
    addresses: Sequence[str], question: Callable[[socket.socket], Awaitable[T]]
) -> tuple[str, T]:
    """The first of `addresses` at which `question` succeeds, and its answer.

    `question` gets a connected socket.  Raises `ServerError`, and whatever else it raises.
    """
    for _ in range(ATTEMPTS):
        for address in addresses[:MOST_ADDRESSES]:
            try:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.setblocking(False)
                    sock.connect(split_port(address))
                    return address, await question(sock)
            except TimeoutError:
                reason = f"{address} does not answer within {ANSWER_LIMIT_S:g} s"
            except RefusedError as error:
                reason = f"{address}: {error}"
            except OSError as error:
                reason = f"{address}: {os.strerror(error.errno or 0).lower()}"
    raise ServerError(f"{reason}.")


async def _ask(sock: socket.socket) -> Mapped:
    transaction = os.urandom(TRANSACTION_BYTES)
    return await ask(sock, request(transaction), partial(mapped_address, transaction=transaction))
