# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests inside a call that the SIP stack has no word for, and their answers."""

from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import Answer, Incoming, LegDtmf
from tests.support.engine import EngineProcess
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of


class Exchange:
    """Whose call the engine has answered."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.sip = RawPeer(engine.port)
        self.call = Dialog()

    def calls(self) -> None:
        self.sip.send(self.sip.request("INVITE", self.call, body=SDP))
        self.engine.wait_for(Incoming)
        self.engine.ask(Answer(leg=-1))
        self.call.to_tag = to_tag_of(self.hears())
        self.sip.send(self.sip.request("ACK", self.call))
        self.engine.wait_state(-1, "active")

    def asks(self, method: str, dialog: Dialog, headers: str = "", body: str = "") -> bytes:
        """The final answer to it."""
        dialog.cseq += 1
        request = self.sip.request(method, dialog, headers, body)
        self.sip.send(request)
        answer = self.hears()
        self.sip.send(request)  # as if the answer had been lost
        assert status_of(self.hears()) == status_of(answer)
        return answer

    def hears(self) -> bytes:
        for _ in range(100):
            for message in self.sip.receive():
                if status_of(message) >= 200:
                    return message
            self.engine.read(0.05)
        raise AssertionError("no answer")


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with EngineProcess() as engine:
        engine.add_account("bob")
        made = Exchange(engine)
        yield made
        made.sip.close()


def kind(mime: str) -> str:
    return f"Content-Type: {mime}\r\n"


def test_a_call_answers_what_it_is_asked_and_goes_on(exchange: Exchange) -> None:
    exchange.calls()
    call = exchange.call
    options = exchange.asks("OPTIONS", call)
    assert status_of(options) == 200
    assert b"\r\nAllow: INVITE, ACK, BYE," in options
    assert status_of(exchange.asks("INFO", call)) == 200
    assert status_of(exchange.asks("INFO", call, kind("application/dtmf"), "5")) == 200
    assert status_of(exchange.asks("INFO", call, kind("application/hook-flash"), "x")) == 200
    assert status_of(exchange.asks("INFO", call, kind("application/dtmf"), "none")) == 400
    refused = exchange.asks("INFO", call, kind("application/media_control+xml"), "<x/>")
    assert status_of(refused) == 415
    assert b"\r\nAccept: application/dtmf-relay, application/dtmf" in refused
    assert status_of(exchange.asks("NOTIFY", call, "Event: foo\r\n")) == 489
    assert status_of(exchange.asks("PUBLISH", call)) == 405
    assert status_of(exchange.asks("BYE", call, "Reason: Q.850;cause=17\r\n")) == 200
    assert exchange.engine.wait_state(-1, "ended").text == "User busy"
    assert [event.tone for event in exchange.engine.of(LegDtmf)] == ["5", "R"]


@pytest.mark.parametrize("host", ["IP6 ::1", "IP4 media.example.com"])
def test_sound_that_cannot_be_sent_is_refused_before_it_rings(
    exchange: Exchange, host: str
) -> None:
    offer = SDP.replace("c=IN IP4 127.0.0.1", f"c=IN {host}")
    exchange.sip.send(exchange.sip.request("INVITE", Dialog(), body=offer))
    assert status_of(exchange.hears()) == 488
    assert not exchange.engine.of(Incoming)
