# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a TURN server says anything now, asked before a call waits for it.

The question is an Allocate request without a password, which every server answers, if only by a
challenge; one of STUN alone may be kept to those who have a password.
"""

import os
import socket
import time

from .addresses import Address
from .stun import (
    ANSWER_LIMIT_S,
    MAX_ANSWER_BYTES,
    REPEAT_S,
    TRANSACTION_BYTES,
    RefusedError,
    StunError,
    read,
)
from .turn import ALLOCATE, allocation


def answers(server: Address) -> bool:
    """Within `ANSWER_LIMIT_S`, which it takes at the longest; `server`: of IPv4."""
    transaction = os.urandom(TRANSACTION_BYTES)
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            # Connected, nobody else is heard, and a closed port is told.
            sock.connect((socket.inet_ntop(socket.AF_INET, server.packed), server.port))
            while (now_s := time.monotonic()) < deadline_s:
                sock.send(allocation(transaction))
                if _hears(sock, transaction, min(now_s + REPEAT_S, deadline_s)):
                    return True
        except OSError:  # refused, or no network
            return False
    return False


def _hears(sock: socket.socket, transaction: bytes, until_s: float) -> bool:
    while (left_s := until_s - time.monotonic()) > 0:
        sock.settimeout(left_s)
        try:
            data = sock.recv(MAX_ANSWER_BYTES + 1)
        except TimeoutError:
            return False
        if _is_answer(data, transaction):
            return True
    return False


def _is_answer(data: bytes, transaction: bytes) -> bool:
    try:
        read(data, ALLOCATE, transaction)
    except RefusedError:
        return True
    except StunError:
        return False
    return True
