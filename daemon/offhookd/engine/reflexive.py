# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks a STUN server over sockets of the SIP stack by what addresses the world sees them.

The stack's own questions stop its only thread for seconds when the server is gone (measured: 7.4 s
in front of an INVITE) and believe whoever guesses their transaction, which is a counter.  These
take `ANSWER_LIMIT_S` at the longest, and go out before the stack reads the sockets: on the one
thread that does nobody else can take the answers.
"""

import os
import select
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .addresses import Address
from .sockets import udp_sockets
from .stun import (
    ANSWER_LIMIT_S,
    MAX_ANSWER_BYTES,
    REPEAT_S,
    TRANSACTION_BYTES,
    Mapped,
    StunError,
    indication,
    mapped_address,
    request,
)


@dataclass(slots=True)
class _Question:
    sock: socket.socket
    transaction: bytes
    answer: Mapped | None = None


def ask(
    server: Address, ports: Collection[int], clock: Callable[[], float] = time.monotonic
) -> Mapping[int, Mapped | None]:
    """The addresses of the UDP sockets on `ports`, None for one that the server did not tell in
    time; without those that are not there.

    Every packet that comes meanwhile is lost, unless it is an answer: the sockets must be new.
    """
    where = (socket.inet_ntop(socket.AF_INET, server.packed), server.port)
    with udp_sockets(ports) as sockets:
        questions = [_Question(sock, os.urandom(TRANSACTION_BYTES)) for sock in sockets]
        deadline_s = clock() + ANSWER_LIMIT_S
        while (open_ := [one for one in questions if not one.answer]) and clock() < deadline_s:
            for question in open_:
                _send(question.sock, request(question.transaction), where)
            _listen(open_, where, min(clock() + REPEAT_S, deadline_s), clock)
        return {one.sock.getsockname()[1]: one.answer for one in questions}


def remind(server: Address, ports: Collection[int]) -> bool:
    """Let the routers on the way remember the sockets on `ports`; False when these are gone."""
    where = (socket.inet_ntop(socket.AF_INET, server.packed), server.port)
    with udp_sockets(ports) as sockets:
        for sock in sockets:
            _send(sock, indication(os.urandom(TRANSACTION_BYTES)), where)
        return bool(sockets)


def _send(sock: socket.socket, message: bytes, where: tuple[str, int]) -> None:
    with suppress(OSError):  # no network: nobody answers, either
        sock.sendto(message, socket.MSG_DONTWAIT, where)


def _listen(
    questions: Sequence[_Question],
    server: tuple[str, int],
    until_s: float,
    clock: Callable[[], float],
) -> None:
    """Until all are answered."""
    by_descriptor = {one.sock.fileno(): one for one in questions}
    poll = select.poll()
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    while by_descriptor and (left_s := until_s - clock()) > 0:
        for descriptor, _ in poll.poll(left_s * 1000):
            question = by_descriptor[descriptor]
            question.answer = _receive(question, server)
            if question.answer:
                poll.unregister(descriptor)
                del by_descriptor[descriptor]


def _receive(question: _Question, server: tuple[str, int]) -> Mapped | None:
    with suppress(OSError, StunError):
        data, source = question.sock.recvfrom(MAX_ANSWER_BYTES + 1, socket.MSG_DONTWAIT)
        if source == server:
            return mapped_address(data, question.transaction)
    return None
