# SPDX-License-Identifier: GPL-2.0-or-later
import itertools
from dataclasses import dataclass

import pytest

from offhookd.engine.gate import (
    INVITE_BURST,
    SOURCE_INVITE_BURST,
    SOURCE_INVITES_PER_S,
    Gate,
    Verdict,
)
from offhookd.engine.gate_message import (
    MAX_HEADER_LINES,
    MAX_LINE_BYTES,
    MalformedError,
    SipMessage,
)
from offhookd.engine.gate_rules import MAX_CRYPTO_LINES, MAX_MEDIA_LINES, RULES

HERE = ("192.0.2.1", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = b"m=audio 4000 RTP/AVP 8\r\n"

_calls = itertools.count()


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def new_gate(clock: Clock | None = None) -> Gate:
    return Gate(lambda _source: True, clock or Clock())


def request(
    method: bytes = b"INVITE", *headers: bytes, body: bytes = b"", to: bytes = b"<sip:me@x>"
) -> bytes:
    number = b"%d" % next(_calls)
    return b"\r\n".join(
        [
            method + b" sip:me@192.0.2.9 SIP/2.0",
            b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK" + number,
            b"From: <sip:you@x>;tag=1",
            b"To: " + to,
            b"Call-ID: " + number,
            b"CSeq: 1 " + method,
            *headers,
            b"",
            body,
        ]
    )


def response(status: bytes, method: bytes, *headers: bytes, to: bytes = b"<sip:a>;tag=2") -> bytes:
    return b"SIP/2.0 " + status + b"\r\n" + request(method, *headers, to=to).split(b"\r\n", 1)[1]


def offer(*lines: bytes) -> bytes:
    return request(
        b"INVITE", b"Content-Type: application/sdp", body=SDP + AUDIO + b"\r\n".join(lines)
    )


def pidf(content: bytes) -> bytes:
    document = b'<?xml version="1.0"?><presence entity="sip:a">' + content + b"</presence>"
    return request(b"NOTIFY", b"c: application/pidf+xml", body=document)


def parts(body: bytes, boundary: bytes = b"boundary=b1") -> bytes:
    return request(b"MESSAGE", b"Content-Type: multipart/mixed;" + boundary, body=body)


TAGGED = b"<sip:me@x>;tag=7"
PIDF_STATUS = b"<status><basic>open</basic></status>"

STOPPED = [
    ("hidden-route", request(b"INVITE", b"Record-Route: <sip:x;hide>")),
    ("hidden-route", request(b"INVITE", b"RECORD-ROUTE : <sip:x;lr>,\r\n <sip:y ; HIDE=1>")),
    ("hidden-route", request(b"INVITE", b"Record-Route: <sip:x;%68ide>")),
    ("hidden-route", response(b"200 OK", b"REGISTER", b"Service-Route: <sip:x;hide>")),
    ("foreign-route", response(b"200 OK", b"INVITE", b"Record-Route: <sip:a;lr>, <tel:1>")),
    ("long-route", response(b"200 OK", b"REGISTER", *[b"Service-Route: <sip:x;lr>"] * 9)),
    ("long-route", request(b"INVITE", b"Record-Route: " + b",".join([b"<sip:x;lr>"] * 20))),
    ("ack-without-tag", request(b"ACK")),
    ("ack-without-tag", request(b"ACK", to=b"<sip:me@x;tag=7>")),
    ("ack-without-tag", request(b"ACK", to=b'"a;tag=1" <sip:me@x>;tag=')),
    ("ack-without-tag", request(b"ACK", to=b'<sip:me@x>;p="a;tag=1"')),
    ("answer-without-tag", response(b"200 OK", b"INVITE", to=b"<sip:me@x>")),
    ("foreign-contact", response(b"200 OK", b"INVITE", b"Contact: <tel:1>")),
    ("foreign-contact", response(b"183 Progress", b"INVITE", b"m: tel:1")),
    ("foreign-contact", request(b"INVITE", b"Contact: <mailto:a@b>")),
    ("empty-route", response(b"200 OK", b"REGISTER", b"Service-Route: ")),
    ("empty-route", response(b"200 OK", b"REGISTER", b"Path: <sip:x;lr>, ")),
    ("endless-registration", response(b"200 OK", b"REGISTER", b"Expires: 04294967295")),
    ("star-contact", response(b"200 OK", b"REGISTER", b"Contact: *")),
    ("star-contact", response(b"200 OK", b"REGISTER", b'm: "a" <sip:a@b>;q=1, *')),
    ("star-contact", response(b"183 Coming", b"INVITE", b"Contact: <sip:a@b>,*;expires=0")),
    ("empty-refer-to", request(b"REFER", b"Refer-To: ", to=TAGGED)),
    ("empty-refer-to", request(b"REFER", b"r: <>", to=TAGGED)),
    ("presence-poll", request(b"SUBSCRIBE", b"Event: presence", b"Expires: 0")),
    ("broken-presence", pidf(b"<tuple>" + PIDF_STATUS + b"</tuple>")),
    ("broken-presence", pidf(b"<tuple id='1'><contact>sip:a</contact></tuple>")),
    ("broken-presence", pidf(b"<tuple id='1'/>")),
    ("broken-presence", pidf(b"<tuple id='1'><note><status/></note></tuple>")),
    ("broken-presence", pidf(b"<!-- <tuple id='1'> -->")),
    ("broken-presence", pidf(b"<tuple id='1'>")),
    ("broken-parts", parts(b"--b1\r\n\r\nx\r\n--b1")),
    ("broken-parts", parts(b"--b1--")),
    ("broken-parts", parts(b"--b1\r\n\r\nx\r\n--b1x\r\n\r\n--b1--")),
    ("broken-parts", parts(b"--b1\r\n\r\nx\r\n--b1--", b"x=1")),
    ("huge-offer", offer(*[b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"] * 40)),
    ("huge-offer", offer(*[b"m=audio 4000 RTP/AVP 0"] * 20)),
    ("absurd-ptime", offer(b"a=ptime:0")),
    ("absurd-ptime", offer(b"a=ptime:65535")),
    ("absurd-ptime", offer(b"a=ptime:99999999999999999999")),
    ("absurd-ptime", offer(b"A=PTIME:-1")),
    ("media-host-name", offer(b"c=IN IP4 media.example.com")),
    ("media-host-name", offer(b"c=")),
    ("truncated", request()[:-2]),
    ("start-line", b"\x80garbage\r\n\r\n"),
    ("start-line", request().replace(b" SIP/2.0", b" SIP/3.0", 1)),
    ("start-line", response(b"99 Low", b"INVITE")),
    ("start-line", response(b"700 High", b"INVITE")),
    ("control-character", request(b"INVITE", b"Subject: a\0b")),
    ("line-end", request(b"INVITE", b"Subject: a\nRecord-Route: <sip:x;hide>")),
    ("line-end", request(b"INVITE", b"Subject: a\rb")),
    ("header-line", request(b"INVITE", b"garbage")),
    ("missing-header", request().replace(b"Call-ID", b"Call-X")),
    ("repeated-header", request(b"INVITE", b"t: <sip:other@x>;tag=1")),
    ("too-many-headers", request(b"INVITE", *[b"X: y"] * MAX_HEADER_LINES)),
    ("long-line", request(b"INVITE", b"X: " + b"y" * MAX_LINE_BYTES)),
    ("cseq", request().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")),
    ("cseq", request().replace(b"CSeq: 1", b"CSeq: 4294967296")),
    ("cseq", request().replace(b"CSeq: 1", b"CSeq: x")),
]  # fmt: skip

PASSED = [
    request(b"INVITE", b"Record-Route: <sip:192.0.2.1;lr;ftag=1;did=2>"),
    request(b"INVITE", b'Record-Route: "a, b" <sips:x:5061;lr>'),
    request(b"INVITE", b"Subject: ;hide"),
    response(b"302 Moved", b"INVITE", b"Contact: *"),
    response(b"200 OK", b"REGISTER", b"Service-Route: <sip:x;lr>", b"m: <sip:*@x>"),
    request(b"ACK", to=TAGGED),
    request(b"ACK", to=b'"tagless" <sip:me@x> ; x=y ; TAG = 7'),
    response(b"100 Trying", b"INVITE", to=b"<sip:me@x>"),
    response(b"180 Ringing", b"INVITE", b"Contact: <sip:a@192.0.2.1;transport=tcp>"),
    response(b"302 Moved", b"INVITE", b"Contact: <tel:+15551234>"),
    response(b"200 OK", b"INVITE", b'Contact: "Bell" <sips:bell@192.0.2.1>;q=0.5'),
    request(b"REGISTER", b"Contact: <mailto:a@b>"),
    request(b"REGISTER", b"Contact: *"),
    response(b"200 OK", b"REGISTER", b'Contact: "a, * b" <sip:*8@b>;q=1, <sip:a@b?x=*>'),
    request(b"REFER", b'Refer-To: "Bob" <sip:bob@x?Replaces=1>', to=TAGGED),
    request(b"REFER", b"Refer-To: tel:+1555", to=TAGGED),
    request(b"SUBSCRIBE", b"Event: presence", b"Expires: 600"),
    request(b"SUBSCRIBE", b"Event: presence"),
    request(b"NOTIFY", b"Event: message-summary", body=b"Messages-Waiting: yes\r\n"),
    pidf(b"<tuple id='1'>" + PIDF_STATUS + b"</tuple>"),
    pidf(b"<TUPLE ID='1'>" + PIDF_STATUS + b"</TUPLE><note>away</note>"),
    pidf(b""),
    parts(b"--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1--\r\n"),
    parts(b"--b 2\r\n\r\nx\r\n--b 2\r\n\r\n\0y\r\n--b 2--", b'boundary="b 2"'),
    offer(*[b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"] * MAX_CRYPTO_LINES),
    offer(*[b"m=audio 4000 RTP/AVP 0"] * (MAX_MEDIA_LINES - 1)),
    offer(b"a=ptime:20", b"a=maxptime:150", b"a=ptime: 30", b"a=ptime:20.0"),
    offer(b"c=IN IP4 224.2.1.1/127/3", b"c=IN IP6 2001:db8::1"),
    request(b"INVITE", b"Subject: folded\r\n\tline", b"s:"),
    request(b"INVITE", 'Subject: "Grüße"'.encode("latin-1")),
    b"\r\n\r\n" + request(),
    request(b"NEWMETHOD"),
    request(b"INFO", b"c: application/dtmf-relay", body=b"Signal=5\r\nDuration=160\r\n", to=TAGGED),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "message"), STOPPED)
def test_gate_stops(rule: str, message: bytes) -> None:
    gate = new_gate()
    verdict = gate.judge(message, HERE)
    assert (verdict.rule, verdict.dropped) == (rule, True)
    assert gate.counts == {rule: 1}


def test_offer_that_may_not_come_in_is_refused_and_an_answer_is_not() -> None:
    gate = new_gate()
    line = b"c=IN IP4 media.example.com"
    assert gate.judge(offer(line), HERE) == Verdict("media-host-name", refusal=488)
    answer = b"SIP/2.0 200 OK\r\n" + offer(line).partition(b"\r\n")[2]
    answer = answer.replace(b"To: <sip:me@x>", b"To: <sip:me@x>;tag=2")
    assert gate.judge(answer, HERE) == Verdict("media-host-name")
    assert gate.judge(request(b"INVITE", b"Contact: <tel:1>"), HERE) == Verdict("foreign-contact")


@pytest.mark.parametrize("message", PASSED)
def test_gate_lets_in(message: bytes) -> None:
    gate = new_gate()
    assert gate.judge(message, HERE) == Verdict()
    assert not gate.counts


@pytest.mark.parametrize("body", [b"Signal=5", b"Signal=5\r", b"Signal=5\n", b"\nSignal=5\0\r\n"])
def test_dtmf_without_line_end_is_mended(body: bytes) -> None:
    gate = new_gate()
    message = request(b"INFO", b"Content-Type: application/DTMF-relay", body=body, to=TAGGED)
    verdict = gate.judge(message, HERE)
    assert verdict == Verdict("short-dtmf", b"\r\n")
    assert not verdict.dropped


def test_every_rule_is_tried_here_and_says_why() -> None:
    tried = {rule for rule, _ in STOPPED} | {"short-dtmf"}
    assert {rule.name for rule in RULES} <= tried
    assert all(rule.reason for rule in RULES)


def test_stranger_is_not_read() -> None:
    gate = Gate(lambda source: source[0] == "192.0.2.1", Clock())
    assert gate.judge(b"anything", ("192.0.2.2", 5060)).rule == "stranger"
    assert gate.judge(request(), HERE) == Verdict()


def verdicts(gate: Gate, count: int, source: tuple[str, int] = HERE) -> list[str]:
    return [gate.judge(request(), source).rule for _ in range(count)]


def test_one_source_may_send_a_burst_of_invites_and_then_waits() -> None:
    clock = Clock()
    gate = new_gate(clock)
    assert verdicts(gate, SOURCE_INVITE_BURST + 1) == [""] * SOURCE_INVITE_BURST + ["flood"]
    clock.now += 1 / SOURCE_INVITES_PER_S
    assert verdicts(gate, 2) == ["", "flood"]


def test_many_sources_share_a_limit() -> None:
    gate = new_gate()
    passed = [gate.judge(request(), (f"192.0.2.{i}", 5060)).rule for i in range(INVITE_BURST + 1)]
    assert passed == [""] * INVITE_BURST + ["flood"]


def test_half_a_second_never_lets_in_what_the_stack_cannot_bear() -> None:
    clock = Clock()
    gate = new_gate(clock)
    let_in = 0
    for i in range(500):
        clock.now += 0.001
        let_in += gate.judge(request(), (f"192.0.2.{i % 250}", 5060)).rule == ""
    assert let_in <= 25


def test_retransmission_is_no_new_call() -> None:
    gate = new_gate()
    message = request()
    assert {gate.judge(message, HERE).rule for _ in range(50)} == {""}
    assert verdicts(gate, SOURCE_INVITE_BURST - 1) == [""] * (SOURCE_INVITE_BURST - 1)


def test_invites_within_a_call_are_not_limited() -> None:
    gate = new_gate()
    assert {gate.judge(request(to=TAGGED), HERE).rule for _ in range(50)} == {""}


def test_message_view_reads_compact_and_folded_headers() -> None:
    message = SipMessage(
        b"OPTIONS sip:a SIP/2.0\r\nv: 1\r\nV : 2\r\nf: x\r\nt: y;tag=1\r\ni: z\r\ncseq: 1\r\n"
        b" OPTIONS\r\nc: application / SDP ; x=y\r\n\r\nbody"
    )
    assert message.all(b"via") == [b"1", b"2"]
    assert message.first(b"contact") == b""
    assert message.cseq_method == b"OPTIONS"
    assert message.has_to_tag
    assert message.content_type == b"application/sdp"
    assert message.sdp_lines == [b"body"]


def test_empty_input_is_malformed() -> None:
    with pytest.raises(MalformedError):
        SipMessage(b"")
