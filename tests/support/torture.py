# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP messages as templates: `$me` is the sender's host and port, `$us` the phone's, `$call` a
Call-ID of its own.
"""

from dataclasses import dataclass
from string import Template

RINGS, IGNORED = "rings", "ignored"

SDP = """v=0
o=caller 29739 7272939 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""


@dataclass(frozen=True, slots=True)
class Torture:
    """`outcome`: RINGS, IGNORED, or the status of the answer.  `why`: what the RFC says, or what
    this phone does instead."""

    name: str
    outcome: str | int
    why: str
    text: str

    def message(self, me: str, us: str, call: str) -> bytes:
        filled = Template(self.text).substitute(me=me, us=us, call=call, sdp=SDP)
        return filled.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def invite(
    uri: str = "sip:bob@$us",
    *,
    start: str = "INVITE $uri SIP/2.0",
    to: str = "To: <sip:bob@$us>",
    sender: str = "From: <sip:caller@example.net>;tag=323",
    via: str = "Via: SIP/2.0/UDP $me;branch=z9hG4bKkdjuw$call",
    cseq: str = "CSeq: 8 INVITE",
    contact: str = "Contact: <sip:caller@$me>",
    more: str = "",
    length: str = "l: $length",
) -> str:
    lines = (
        start.replace("$uri", uri),
        to,
        sender,
        "Max-Forwards: 70",
        "Call-ID: $call",
        cseq,
        via,
    )
    head = "\n".join((*lines, contact, *([more] if more else []), "Content-Type: application/sdp"))
    length = length.replace("$length", str(len(SDP) + SDP.count("\n")))
    return f"{head}\n{length}\n\n$sdp"


def options(
    start: str = "OPTIONS sip:bob@$us SIP/2.0",
    *,
    to: str = "To: <sip:bob@$us>",
    sender: str = "From: <sip:caller@example.net>;tag=323",
    via: str = "Via: SIP/2.0/UDP $me;branch=z9hG4bKkdjuw$call",
    cseq: str = "CSeq: 8 OPTIONS",
    hops: str = "Max-Forwards: 70",
    more: str = "",
    length: str = "l: 0",
) -> str:
    lines = (start, to, sender, hops, "Call-ID: $call", cseq, via, "Accept: application/sdp")
    return "\n".join((*lines, *([more] if more else []), length)) + "\n\n"


def register(contact: str) -> str:
    return options("REGISTER sip:$us SIP/2.0", cseq="CSeq: 8 REGISTER", more=contact)


def answer(status: str, cseq: str = "CSeq: 35 INVITE") -> str:
    return (
        f"SIP/2.0 {status}\nVia: SIP/2.0/UDP $us;branch=z9hG4bK1324923\nCall-ID: $call\n{cseq}\n"
        "From: <sip:user@example.com>;tag=11141343\nTo: <sip:user@example.edu>;tag=2229\n"
        "Content-Length: 0\nContact: <sip:user@$me>\n\n"
    )
