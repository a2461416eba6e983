# SPDX-License-Identifier: GPL-2.0-or-later
"""One question to a STUN or TURN server, and its answer, on a socket of our own."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from offhookd.engine.stun import (
    ANSWER_LIMIT_S,
    MAX_ANSWER_BYTES,
    REPEAT_S,
    RefusedError,
    StunError,
)

T = TypeVar("T")


async def ask(sock: socket.socket, question: bytes, read: Callable[[bytes], T]) -> T:
    """What `read` makes of the answer; it passes over what is none by raising `StunError`.

    `sock` is connected, so that nobody else is heard and a closed port is told, and never blocks.
    Raises TimeoutError after `ANSWER_LIMIT_S`, OSError, and `RefusedError`.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(ANSWER_LIMIT_S):
        while True:
            await loop.sock_sendall(sock, question)
            with suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_S):
                    return await _answer(sock, read)


async def _answer(sock: socket.socket, read: Callable[[bytes], T]) -> T:
    loop = asyncio.get_running_loop()
    while True:
        data = await loop.sock_recv(sock, MAX_ANSWER_BYTES + 1)
        try:
            return read(data)
        except RefusedError:
            raise
        except StunError:
            continue  # a late answer, or a forged one
