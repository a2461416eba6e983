# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that are answered without a transaction come again when their answer is lost."""

from collections import OrderedDict

from .gate_message import SipMessage

REMEMBERED = 32


class Repetitions:
    """Knows the latest requests."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[bytes, bytes], None] = OrderedDict()

    def is_new(self, request: SipMessage) -> bool:
        """Whether this is the first copy of it; asking makes it known."""
        key = request.first(b"call-id"), request.first(b"cseq")
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True
