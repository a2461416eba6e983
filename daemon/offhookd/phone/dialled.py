# SPDX-License-Identifier: GPL-2.0-or-later
"""What outgoing calls were asked for, until they are dialled, and who asked twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .call import Call
from .desk import DeskLeg
from .values import CallId

REMEMBERED_REQUESTS = 64
"""How many request-ids are kept to recognise a repeated Dial, also after the call is over."""


@dataclass(frozen=True, slots=True)
class DialOptions:
    confirm: bool = False
    request_id: str = ""
    anonymous: bool = False
    muted: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    codecs: tuple[str, ...] = ()
    """In order of preference; none means those of the account."""
    emergency: bool = False
    referral: int = 0
    """The transfer that asked for it, see `CallEngine.dial`."""
    referred_by: str = ""
    replaces: CallId | None = None
    relays: CallId | None = None
    """The caller who is sent on to it, see `relays`."""
    hops: int = 70
    """Max-Forwards."""
    desk: DeskLeg | None = None
    """The other telephone that is to carry it."""


class Dialled:
    """Targets and options by call, and calls by request-id."""

    def __init__(self) -> None:
        self._plans: dict[CallId, tuple[str, DialOptions]] = {}
        self._requests: dict[str, Call] = {}

    def asked_before(self, options: DialOptions) -> Call | None:
        return self._requests.get(options.request_id)

    def plan(self, call: Call, target: str, options: DialOptions) -> None:
        self._plans[call.id] = (target, options)
        if options.request_id:
            self._requests[options.request_id] = call
        while len(self._requests) > REMEMBERED_REQUESTS:
            del self._requests[next(iter(self._requests))]

    def of(self, call: Call) -> tuple[str, DialOptions]:
        """The target and how to dial it."""
        return self._plans[call.id]

    def forget(self, call: Call) -> None:
        """It is over; a repeated request still finds it."""
        self._plans.pop(call.id, None)
