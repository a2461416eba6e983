# SPDX-License-Identifier: GPL-2.0-or-later
"""A far end that calls an engine, and says what it is told to."""

from collections import deque

from offhookd.engine.protocol import Answer, Incoming, Ring
from tests.support.engine import EngineProcess
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of


class RawCaller:
    """Calls the engine from an address of its own; `leg` is the engine's number for the call."""

    def __init__(self, engine: EngineProcess, place: int) -> None:
        self.leg = -place
        self.sip = RawPeer(engine.port, f"127.0.0.{place}")
        self.dialog = Dialog()
        self._engine = engine
        self._heard: deque[bytes] = deque()

    def rings(self, sdp: str = SDP) -> None:
        self.sip.send(self.sip.request("INVITE", self.dialog, body=sdp))
        self._engine.wait_for(Incoming, lambda event: event.leg == self.leg)
        self._engine.ask(Ring(leg=self.leg))
        self.dialog.to_tag = to_tag_of(self.hears(180))

    def is_answered(self) -> None:
        self._engine.ask(Answer(leg=self.leg))
        self.dialog.to_tag = to_tag_of(self.hears(200))
        self.sip.send(self.sip.request("ACK", self.dialog))
        self._engine.wait_state(self.leg, "active")

    def hangs_up(self) -> None:
        self.asks("BYE")
        self.hears(200)
        self._engine.wait_state(self.leg, "ended")

    def asks(self, method: str, headers: str = "", body: str = "") -> None:
        self.dialog.cseq += 1
        self.sip.send(self.sip.request(method, self.dialog, headers, body))

    def hears(self, what: int | str) -> bytes:
        """The next response with this status, or request of this method."""
        for _ in range(100):
            self._heard += self.sip.receive()
            while self._heard:
                message = self._heard.popleft()
                if status_of(message) == what or message.startswith(f"{what} ".encode()):
                    return message
            self._engine.read(0.05)
        raise AssertionError(f"no {what} at {self.sip.address}")
