# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's subscriptions and publications on the wire, against a peer that may say anything."""

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from offhookd.engine.protocol import (
    DialogsTold,
    Notified,
    Ping,
    PresenceTold,
    PublicationAnswer,
    RemoveAccount,
    ServePresence,
    SetPublication,
    Subscribe,
    SubscriptionAnswer,
    Unsubscribe,
)
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S
from tests.support.raw_sip import Dialog, RawPeer, status_of

PIDF = "application/pidf+xml"
DIALOG_INFO = "application/dialog-info+xml"
OPEN = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="x"><tuple id="a"><status><basic>open'
    "</basic></status></tuple><note>hi</note></presence>"
)
KILLERS = [
    '<presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple/></presence>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple id="a"/></presence>',
    "<presence>" + "<a>" * 5000,
    '<!DOCTYPE x [<!ENTITY a "&#65;"><!ENTITY b "&a;&a;&a;">]><presence>&b;</presence>',
    "<",
    "\x00\x01",
    "<dialog-info version='99999999999999999999'/>",
    "x" * 30_000,
]


@dataclass
class Server:
    """A presence server of which a test writes every word."""

    engine: EngineProcess
    peer: RawPeer
    request: bytes = b""
    number: int = 0
    seen: list[bytes] = field(default_factory=list)

    def hears(self, method: str, known: int = 0) -> bytes:
        """The request of this method after the first `known`."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            self.seen += self.peer.receive()
            found = [one for one in self.seen if one.startswith(f"{method} ".encode())]
            if len(found) > known:
                return found[known]
            self.engine.read(0.02)
        raise AssertionError(f"no {method}")

    def accept(self, request: bytes, headers: str = "Expires: 600\r\n") -> None:
        contact = f"Contact: <sip:server@127.0.0.1:{self.peer.port}>\r\n"
        self.peer.send(self.peer.answer(request, "200 OK", contact + headers))

    def notify(self, body: str = "", state: str = "active", **changes: str) -> int:
        """Send a NOTIFY in the dialog of the last SUBSCRIBE; the code it is answered with."""
        self.number += 1
        values = {"number": str(self.number), "event": "presence", "kind": PIDF, "from_tag": "peer"}
        values |= changes
        kind = f"Content-Type: {values['kind']}\r\n" if body else ""
        raw = body.encode()
        head = (
            f"NOTIFY {header(self.request, 'Contact')[1:-1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.peer.port};branch=z9hG4bKn{random.random()}\r\n"  # noqa: S311 - a branch
            f"From: {header(self.request, 'To')};tag={values['from_tag']}\r\n"
            f"To: {header(self.request, 'From')}\r\nCall-ID: {header(self.request, 'Call-ID')}\r\n"
            f"CSeq: {values['number']} NOTIFY\r\nEvent: {values['event']}\r\n"
            f"Contact: <sip:server@127.0.0.1:{self.peer.port}>\r\n"
            f"Subscription-State: {state}\r\n{kind}Content-Length: {len(raw)}\r\n\r\n"
        )
        self.peer.send(head.encode() + raw)
        return self.answered()

    def answered(self) -> int:
        """The status of the next response."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            for message in self.peer.receive():
                if status_of(message):
                    return status_of(message)
                self.seen.append(message)
            self.engine.read(0.02)
        raise AssertionError("no answer")


def header(message: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), message)
    assert found, name
    return found[1].decode()


@pytest.fixture
def server() -> Iterator[Server]:
    with EngineProcess() as engine:
        engine.add_account("bob")
        peer = RawPeer(engine.port)
        yield Server(engine, peer)
        peer.close()
        engine.ask(Ping())


def subscribe(server: Server, number: int = 1, event: str = "presence") -> bytes:
    """A subscription that was asked for; the SUBSCRIBE."""
    known = len([one for one in server.seen if one.startswith(b"SUBSCRIBE ")])
    server.engine.ask(
        Subscribe(
            subscription=number,
            account="bob",
            target=f"sip:al@127.0.0.1:{server.peer.port}",
            event=event,
            expires=3600,
        )
    )
    server.request = server.hears("SUBSCRIBE", known)
    server.number = 0
    return server.request


def test_a_subscription_is_accepted_notified_and_renewed_in_its_dialog(server: Server) -> None:
    first = subscribe(server)
    assert (header(first, "Event"), header(first, "Expires")) == ("presence", "3600")
    server.accept(first)
    answer = server.engine.wait_for(SubscriptionAnswer)
    assert (answer.code, answer.expires) == (200, 600)
    assert server.notify(OPEN, "active;expires=500") == 200
    told = server.engine.wait_for(PresenceTold)
    assert (told.basic, told.note) == ("open", "hi")
    notified = server.engine.wait_for(Notified)
    assert (notified.state, notified.expires, notified.empty) == ("active", 500, False)
    second = subscribe(server)
    assert second.startswith(b"SUBSCRIBE sip:server@127.0.0.1:")
    for name in ("Call-ID", "From"):
        assert header(second, name) == header(first, name)
    assert header(second, "To").endswith(";tag=peer")
    assert header(second, "CSeq") == "2 SUBSCRIBE"


def test_unsubscribing_asks_for_no_time_and_takes_the_last_word(server: Server) -> None:
    server.accept(subscribe(server))
    server.engine.wait_for(SubscriptionAnswer)
    server.engine.ask(Unsubscribe(subscription=1))
    last = server.hears("SUBSCRIBE", 1)
    assert header(last, "Expires") == "0"
    server.accept(last, "Expires: 0\r\n")
    assert server.notify("", "terminated;reason=timeout") == 200
    assert server.notify("", "terminated;reason=timeout") == 481
    assert not server.engine.of(Notified)


def test_one_that_is_called_off_before_it_is_there_is_ended(server: Server) -> None:
    first = subscribe(server)
    server.engine.ask(Unsubscribe(subscription=1))
    server.accept(first)
    assert header(server.hears("SUBSCRIBE", 1), "Expires") == "0"
    assert not server.engine.of(SubscriptionAnswer)


@pytest.mark.parametrize(
    ("state", "reason", "retry_after"),
    [
        ("terminated;reason=probation;retry-after=30", "probation", 30),
        ("Terminated ; Reason=Rejected", "rejected", 0),
        ("terminated", "", 0),
    ],
)
def test_the_reason_of_the_end_is_told(
    server: Server, state: str, reason: str, retry_after: int
) -> None:
    server.accept(subscribe(server))
    assert server.notify("", state) == 200
    told = server.engine.wait_for(Notified)
    assert (told.state, told.reason, told.retry_after) == ("terminated", reason, retry_after)
    assert server.notify("", "active") == 481


def test_dialogs_are_told(server: Server) -> None:
    server.accept(subscribe(server, event="dialog"))
    body = (
        '<dialog-info version="3" state="partial"><dialog id="d" call-id="c" local-tag="l"'
        ' direction="recipient"><state>early</state></dialog></dialog-info>'
    )
    assert server.notify(body, event="dialog", kind=DIALOG_INFO) == 200
    told = server.engine.wait_for(DialogsTold)
    assert (told.version, told.full) == (3, False)
    assert told.dialogs["d"][:5] == ("early", "recipient", "c", "l", "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event": "dialog"}, 489),
        ({"kind": "text/plain"}, 415),
        ({"from_tag": "other"}, 481),
    ],
)
def test_what_does_not_belong_to_it_is_refused(
    server: Server, changes: dict[str, str], code: int
) -> None:
    server.accept(subscribe(server))
    server.engine.wait_for(SubscriptionAnswer)
    assert server.notify(OPEN, **changes) == code
    assert not server.engine.of(Notified)


def test_repeated_and_late_notifications_are_told_once(server: Server) -> None:
    server.accept(subscribe(server))
    assert server.notify(OPEN, number="5") == 200
    assert server.notify(OPEN, number="5") == 200
    assert server.notify(OPEN, number="4") == 500
    server.engine.ask(Ping())
    assert len(server.engine.of(Notified)) == 1


def test_a_notify_of_nobodys_subscription_is_refused(server: Server) -> None:
    request = server.peer.request(
        "NOTIFY", Dialog(), f"Event: presence\r\nContent-Type: {PIDF}\r\n", OPEN
    )
    server.peer.send(request)
    assert server.answered() == 481


@pytest.mark.parametrize("event", ["presence", "dialog", "message-summary", "reg", ""])
@pytest.mark.parametrize("expires", ["3600", "0"])
def test_nobody_may_subscribe_to_us(server: Server, event: str, expires: str) -> None:
    lines = f"Expires: {expires}\r\n" + (f"Event: {event}\r\n" if event else "")
    server.peer.send(server.peer.request("SUBSCRIBE", Dialog(), lines))
    assert server.answered() == 489


def test_documents_that_kill_the_stack_do_no_harm(server: Server) -> None:
    server.accept(subscribe(server))
    for body in KILLERS:
        assert server.notify(body) == 200
    assert server.notify(OPEN) == 200
    server.engine.wait_for(PresenceTold, lambda told: told.note == "hi")


def test_mutated_notifications_neither_kill_nor_hang_it(server: Server) -> None:
    server.accept(subscribe(server))
    assert server.notify(OPEN) == 200
    chance = random.Random(6665)  # noqa: S311 - the same every time
    head = server.peer.request("NOTIFY", Dialog(), f"Event: presence\r\nContent-Type: {PIDF}\r\n")
    for _ in range(400):
        body = bytearray(OPEN.encode())
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 4))
        lines = bytearray(head.replace(b"Content-Length: 0", b"Content-Length: %d" % len(body)))
        if chance.random() < 0.5:
            lines[chance.randrange(len(lines))] = chance.randrange(256)
        server.peer.send(bytes(lines + body))
    server.engine.ask(Ping(), PATIENCE_S)


def test_a_server_that_says_nothing_is_asked_again_and_again(server: Server) -> None:
    first = subscribe(server)
    assert server.hears("SUBSCRIBE", 1) == first
    assert server.hears("SUBSCRIBE", 2) == first


@pytest.mark.parametrize("code", ["403 Forbidden", "489 Bad Event", "503 Busy"])
def test_a_refusal_is_told_with_its_code(server: Server, code: str) -> None:
    request = subscribe(server)
    server.peer.send(server.peer.answer(request, code, "Retry-After: 7 (soon)\r\n"))
    answer = server.engine.wait_for(SubscriptionAnswer)
    assert (f"{answer.code} {answer.text}", answer.retry_after) == (code, 7)


def test_a_stranger_is_not_given_the_password(server: Server) -> None:
    request = subscribe(server)
    challenge = 'WWW-Authenticate: Digest realm="x", nonce="y"\r\n'
    server.peer.send(server.peer.answer(request, "401 Unauthorized", challenge))
    assert server.engine.wait_for(SubscriptionAnswer).code == 401


def test_a_publication_carries_the_document_and_its_tag_comes_back(server: Server) -> None:
    uri = f"sip:cleo@127.0.0.1:{server.peer.port}"
    server.engine.add_account("cleo", uri=uri)
    server.engine.ask(publish("cleo", ""))
    request = server.hears("PUBLISH")
    assert header(request, "Event") == "presence"
    assert b"<rpid:busy/>" in request
    assert b"a &lt; b" in request
    server.peer.send(server.peer.answer(request, "200 OK", "SIP-ETag: e1\r\nExpires: 60\r\n"))
    answer = server.engine.wait_for(PublicationAnswer)
    assert (answer.account, answer.code, answer.etag, answer.expires) == ("cleo", 200, "e1", 60)
    server.engine.ask(publish("cleo", "e1", basic=""))
    refresh = server.hears("PUBLISH", 1)
    assert header(refresh, "SIP-If-Match") == "e1"
    assert header(refresh, "Content-Length") == "0"


def publish(account: str, etag: str, basic: str = "open") -> SetPublication:
    return SetPublication(
        account=account, basic=basic, activities=("busy",), note="a < b", expires=3600, etag=etag
    )


def test_an_account_that_is_removed_takes_its_requests_with_it(server: Server) -> None:
    subscribe(server)
    server.engine.ask(RemoveAccount(account="bob"))
    time.sleep(0.6)  # a repetition would be due
    server.engine.ask(Ping())


# ---------------------------------------------------------------- those who watch us


def serve(server: Server, basic: str = "open") -> None:
    server.engine.ask(ServePresence(account="bob", basic=basic, activities=("away",), note="x"))


def ask_for_us(
    server: Server, dialog: Dialog, expires: int = 600, event: str = "presence"
) -> bytes:
    """SUBSCRIBE to bob; the answer."""
    lines = f"Event: {event}\r\nExpires: {expires}\r\n"
    request = server.peer.request("SUBSCRIBE", dialog, lines, to="bob")
    server.peer.send(request)
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        for message in server.peer.receive():
            if status_of(message):
                return message
            server.seen.append(message)
        server.engine.read(0.02)
    raise AssertionError("no answer")


def test_who_may_watch_us_is_told_at_once_and_of_every_change(server: Server) -> None:
    serve(server)
    dialog = Dialog()
    answer = ask_for_us(server, dialog)
    assert status_of(answer) == 200
    assert header(answer, "Expires") == "600"
    first = server.hears("NOTIFY")
    assert header(first, "Subscription-State").startswith("active;expires=")
    assert b"<rpid:away/>" in first
    assert header(first, "From").endswith(header(answer, "To").rpartition(";tag=")[2])
    assert header(first, "To").endswith(f";tag={dialog.from_tag}")
    server.peer.send(server.peer.answer(first, "200 OK"))
    serve(server, "closed")
    assert b"closed" in server.hears("NOTIFY", 1)


def test_a_watcher_who_has_enough_is_told_for_the_last_time(server: Server) -> None:
    serve(server)
    dialog = Dialog()
    answer = ask_for_us(server, dialog)
    server.peer.send(server.peer.answer(server.hears("NOTIFY"), "200 OK"))
    dialog.to_tag, dialog.cseq = header(answer, "To").rpartition(";tag=")[2], 2
    assert status_of(ask_for_us(server, dialog, expires=0)) == 200
    last = server.hears("NOTIFY", 1)
    assert header(last, "Subscription-State") == "terminated;reason=timeout"
    server.peer.send(server.peer.answer(last, "200 OK"))
    dialog.cseq = 3
    assert status_of(ask_for_us(server, dialog)) == 481


def test_a_phone_that_no_longer_serves_ends_every_watch(server: Server) -> None:
    serve(server)
    ask_for_us(server, Dialog())
    server.peer.send(server.peer.answer(server.hears("NOTIFY"), "200 OK"))
    serve(server, "")
    assert header(server.hears("NOTIFY", 1), "Subscription-State") == "terminated;reason=noresource"
    assert status_of(ask_for_us(server, Dialog())) == 489


@pytest.mark.parametrize(
    ("expires", "event", "code"), [(5, "presence", 423), (600, "dialog", 489), (0, "presence", 200)]
)
def test_what_cannot_be_served_is_refused(
    server: Server, expires: int, event: str, code: int
) -> None:
    serve(server)
    assert status_of(ask_for_us(server, Dialog(), expires, event)) == code


def test_there_is_an_end_to_how_many_watch(server: Server) -> None:
    serve(server)
    codes = [status_of(ask_for_us(server, Dialog())) for _ in range(70)]
    assert codes[:64] == [200] * 64
    assert codes[64:] == [503] * 6
