# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of test_gate_killers.py: each sends the engine one message that ends it."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from offhookd.engine.filter import deafen_listeners
from offhookd.engine.gate import Gate
from offhookd.engine.gatehook import GateHook
from tests.support.bare_engine import BareEngine, bare_engine, main
from tests.support.processes import PATIENCE_S
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

GATED = "gated"


class Phone:
    """A bare engine with one account, which answers incoming calls with `answer`."""

    def __init__(self, engine: BareEngine, answer: int) -> None:
        self.engine = engine
        self.peer = RawPeer(engine.port)
        self.received: list[bytes] = []
        self.digits: list[str] = []
        self.calls: list[Any] = []
        self._unanswered: list[Any] = []
        self._answer = answer
        self.new_call: Callable[[], Any]
        self.account = self._new_account()

    def _new_account(self) -> Any:
        phone = self
        pj = self.engine.pj

        class Call(pj.Call):  # type: ignore[misc, name-defined]  # pjsua2 has no types
            def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
                phone.digits.append(prm.digit)

        class Account(pj.Account):  # type: ignore[misc, name-defined]  # pjsua2 has no types
            def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
                phone._unanswered.append(Call(self, prm.callId))

        config = pj.AccountConfig()
        config.idUri = "sip:me@127.0.0.1"
        account = Account()
        account.create(config)
        self.new_call = lambda: Call(account)
        return account

    def step(self) -> None:
        self.engine.endpoint.libHandleEvents(5)
        self.received += self.peer.receive()
        while self._unanswered:
            call = self._unanswered.pop()
            self.calls.append(call)
            prm = self.engine.pj.CallOpParam(True)
            prm.statusCode = self._answer
            call.answer(prm)

    def run_until(self, done: Callable[[], object], timeout_s: float = PATIENCE_S) -> bool:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.step()
            if done():
                return True
        return False

    def got(self, status: int) -> list[bytes]:
        return [message for message in self.received if status_of(message) == status]

    def requests(self, method: bytes) -> list[bytes]:
        return [message for message in self.received if message.startswith(method + b" ")]

    def is_alive(self) -> bool:
        """Whether it still answers an OPTIONS."""
        dialog = Dialog()
        self.peer.send(self.peer.request("OPTIONS", dialog))
        wanted = dialog.call_id.encode()
        return self.run_until(lambda: any(wanted in message for message in self.got(200)))

    def place_incoming_call(self) -> Dialog:
        """Call the phone, which answers; returns the confirmed dialog."""
        dialog = Dialog()
        self.peer.send(self.peer.request("INVITE", dialog, body=SDP))
        self.run_until(lambda: self.got(200))
        dialog.to_tag = to_tag_of(self.got(200)[0])
        self.peer.send(self.peer.request("ACK", dialog))
        dialog.cseq += 1
        return dialog

    def place_outgoing_call(self) -> bytes:
        """Call the peer; returns the INVITE."""
        self.calls.append(self.new_call())
        prm = self.engine.pj.CallOpParam(True)
        self.calls[-1].makeCall(f"sip:peer@127.0.0.1:{self.peer.port}", prm)
        self.run_until(lambda: self.requests(b"INVITE"))
        return self.requests(b"INVITE")[0]


@contextmanager
def phone(gated: str, answer: int = 180) -> Iterator[Phone]:
    with bare_engine() as engine:
        gate = Gate(lambda _source: True, time.monotonic)
        hook = GateHook(gate, lambda rule, _source: print(rule, file=sys.stderr))
        if gated == GATED:
            fault = hook.install(engine.endpoint.libHandleEvents, ("127.0.0.1", engine.port))
            assert not fault, fault
        yours = Phone(engine, answer)
        try:
            yield yours
        finally:
            yours.peer.close()
            yours.calls.clear()
            yours.account.shutdown()
            hook.close()


def hidden_route(gated: str) -> bool:
    with phone(gated) as victim:
        route = "Record-Route: <sip:x;hide>\r\n"
        victim.peer.send(victim.peer.request("INVITE", Dialog(), route, SDP))
        return victim.is_alive()


def ack_without_tag(gated: str) -> bool:
    with phone(gated) as victim:
        dialog = Dialog()
        victim.peer.send(victim.peer.request("INVITE", dialog, body=SDP))
        victim.run_until(lambda: victim.got(180))
        victim.peer.send(victim.peer.request("ACK", dialog))
        return victim.is_alive()


def empty_refer_to(gated: str) -> bool:
    with phone(gated, answer=200) as victim:
        dialog = victim.place_incoming_call()
        victim.peer.send(victim.peer.request("REFER", dialog, "Refer-To: \r\n"))
        return victim.is_alive()


def short_dtmf(gated: str) -> list[str]:
    """Returns the digits that arrived: the gate mends this message."""
    with phone(gated, answer=200) as victim:
        dialog = victim.place_incoming_call()
        relay = "Content-Type: application/dtmf-relay\r\n"
        victim.peer.send(victim.peer.request("INFO", dialog, relay, "Signal=5"))
        victim.run_until(lambda: victim.digits)
        assert victim.is_alive()
        return victim.digits


def foreign_contact(gated: str) -> bool:
    with phone(gated) as victim:
        invite = victim.place_outgoing_call()
        victim.peer.send(victim.peer.answer(invite, "200 OK", "Contact: <tel:1>\r\n", SDP))
        return victim.is_alive()


def answer_without_tag(gated: str) -> bool:
    with phone(gated) as victim:
        invite = victim.place_outgoing_call()
        contact = f"Contact: <sip:peer@127.0.0.1:{victim.peer.port}>\r\n"
        victim.peer.send(victim.peer.answer(invite, "200 OK", contact, SDP))
        victim.run_until(lambda: victim.requests(b"ACK"))
        victim.peer.send(victim.peer.answer(invite, "200 OK", contact, SDP, to_tag=""))
        return victim.is_alive()


def broken_presence(gated: str, tuple_: str) -> bool:
    with phone(gated) as victim:
        config = victim.engine.pj.BuddyConfig()
        config.uri = f"sip:peer@127.0.0.1:{victim.peer.port}"
        config.subscribe = True
        buddy = victim.engine.pj.Buddy()
        buddy.create(victim.account, config)
        victim.run_until(lambda: victim.requests(b"SUBSCRIBE"))
        subscribe = victim.requests(b"SUBSCRIBE")[0]
        contact = f"Contact: <sip:peer@127.0.0.1:{victim.peer.port}>\r\nExpires: 600\r\n"
        victim.peer.send(victim.peer.answer(subscribe, "200 OK", contact))
        from_tag = subscribe.decode().split("\r\nFrom:")[1].split("tag=")[1].split("\r\n")[0]
        call_id = subscribe.decode().split("\r\nCall-ID: ")[1].split("\r\n")[0]
        notify = Dialog(call_id=call_id, from_tag="peer", to_tag=from_tag, cseq=7)
        headers = (
            "Event: presence\r\nSubscription-State: active;expires=600\r\n"
            "Content-Type: application/pidf+xml\r\n"
        )
        document = (
            '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" '
            f'entity="sip:peer@127.0.0.1">{tuple_}</presence>'
        )
        victim.peer.send(victim.peer.request("NOTIFY", notify, headers, document))
        alive = victim.is_alive()
        del buddy
        return alive


def tuple_without_id(gated: str) -> bool:
    return broken_presence(gated, "<tuple><status><basic>open</basic></status></tuple>")


def tuple_without_status(gated: str) -> bool:
    return broken_presence(gated, '<tuple id="1"><contact>sip:a@b</contact></tuple>')


def sound_tuple(gated: str) -> bool:
    return broken_presence(gated, '<tuple id="1"><status><basic>open</basic></status></tuple>')


def invite_flood(gated: str) -> bool:
    with phone(gated, answer=486) as victim:
        for _ in range(40):
            victim.peer.send(victim.peer.request("INVITE", Dialog(), body=SDP))
            victim.step()
        victim.run_until(lambda: False, 0.5)
        return victim.is_alive()


def connection_flood(gated: str) -> bool:
    with phone(gated) as victim:
        port = victim.engine.transport(victim.engine.pj.PJSIP_TRANSPORT_TCP)
        if gated == GATED:
            assert deafen_listeners() == ""
        for _ in range(80):
            with socket.socket() as stranger:
                stranger.setblocking(False)
                stranger.connect_ex(("127.0.0.1", port))
                victim.step()
        return victim.is_alive()


if __name__ == "__main__":
    main(
        {
            program.__name__: program
            for program in (
                hidden_route,
                ack_without_tag,
                empty_refer_to,
                short_dtmf,
                foreign_contact,
                answer_without_tag,
                tuple_without_id,
                tuple_without_status,
                sound_tuple,
                invite_flood,
                connection_flood,
            )
        }
    )
