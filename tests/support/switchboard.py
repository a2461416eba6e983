# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of the phone without engine or clock, and the far ends to play them."""

from offhookd.phone.call import Call
from offhookd.phone.calls import (
    Calls,
)
from offhookd.phone.dialled import DialOptions
from offhookd.phone.media import Media
from offhookd.phone.policy import Invitation
from offhookd.phone.values import AccountId, CallState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog

WORK = AccountId("work")


class Desk:
    """A switchboard with everything around it faked."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.log = FakeLog()
        self.alerting = FakeAlerting()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, self.log, self.alerting, self.clock)

    def dial(self, **options: object) -> Call:
        chosen = DialOptions(**options)  # type: ignore[arg-type]  # named by the test itself
        return self.calls.dial("sip:bob@example.com", "Bob", WORK, chosen)

    def ring(self, peer: str = "sip:carol@example.com") -> Call:
        invitation = Invitation(WORK, "abc@host", peer, "Carol")
        return self.calls.invited(invitation, accept=lambda call: None)

    def connect(self, call: Call) -> Call:
        self.calls.picked_up(call.id)
        self.calls.progressed(call.id, CallState.ACTIVE, "abc@host")
        return call

    def held(self, call: Call, local: bool) -> None:
        self.calls.media_changed(call.id, Media(), local_hold=local, remote_hold=False)
