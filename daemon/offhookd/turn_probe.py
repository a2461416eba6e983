# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a TURN server (RFC 8656) is there, takes a user's password, and relays."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from offhookd.config.schema import TurnConfig
from offhookd.engine.stun import TRANSACTION_BYTES, Mapped, RefusedError, StunError, read
from offhookd.engine.turn import (
    REFRESH,
    UNAUTHENTICATED,
    Login,
    allocation,
    challenged,
    relayed_address,
    release,
)
from offhookd.hosts import split_port
from offhookd.server_watch import RefusingError
from offhookd.stun_exchange import ask
from offhookd.stun_probe import Resolve, first_answer

MOST_CHALLENGES = 2
"""The second says that the first was too old."""


@dataclass(frozen=True, slots=True)
class Offer:
    """`server`: the address that answered, "192.0.2.1:3478"; `relayed`: what it relayed from."""

    server: str
    relayed: Mapped

    def __str__(self) -> str:
        return f"{self.server} relays from {self.relayed.host}"


async def look(turn: TurnConfig, password: str, resolve: Resolve) -> Offer:
    """Have the server give an address, and give it back.

    Raises `RefusingError` when it does not take the password, and other `PhoneError`s, each with a
    sentence.
    """
    question = partial(_borrow, username=turn.username, password=password)
    server, relayed = await first_answer(await resolve(*split_port(turn.server)), question)
    return Offer(server, relayed)


async def _borrow(sock: socket.socket, username: str, password: str) -> Mapped:
    login: Login | None = None
    for _ in range(MOST_CHALLENGES + 1):
        try:
            relayed = await _allocate(sock, login)
        except RefusedError as error:
            if login and error.code == UNAUTHENTICATED:
                reason = "it refuses the user name or the password (401)"
                raise RefusingError(f"{reason}.") from None
            login = challenged(error, username, password)
            if login is None:
                raise
        else:
            await _give_back(sock, login)
            return relayed
    raise RefusingError("it asks for the password again and again.")


async def _allocate(sock: socket.socket, login: Login | None) -> Mapped:
    transaction = os.urandom(TRANSACTION_BYTES)
    found = partial(relayed_address, transaction=transaction)
    return await ask(sock, allocation(transaction, login), found)


async def _give_back(sock: socket.socket, login: Login | None) -> None:
    transaction = os.urandom(TRANSACTION_BYTES)
    done = partial(read, method=REFRESH, transaction=transaction)
    with suppress(OSError, TimeoutError, StunError):  # it ends by itself after ten minutes
        await ask(sock, release(transaction, login), done)
