# SPDX-License-Identifier: GPL-2.0-or-later
"""What hostile and broken peers send: real messages, mutated."""

import random
import re
from collections import deque

from tests.support.raw_sip import SDP, Dialog, RawPeer

REMEMBERED = 40

MUTATED = 0.6
"""The rest is sent as it is, so that calls get far enough for the next message to matter."""

HEADERS = (
    "Record-Route: <sip:127.0.0.1;lr>", "Route: <sip:127.0.0.1;lr>", "Require: 100rel",
    "Supported: timer, 100rel, replaces, path, outbound", "Session-Expires: 90;refresher=uas",
    "Min-SE: 90", "RSeq: 1", "RAck: 1 1 INVITE", "Replaces: x;to-tag=a;from-tag=b",
    "Refer-To: <sip:a@127.0.0.1:9>", "Referred-By: <sip:b@127.0.0.1>", "Event: presence",
    "Event: message-summary", "Event: refer", "Expires: 60", "Min-Expires: 3600", "Allow: INVITE",
    "Subscription-State: active;expires=60", "Subscription-State: terminated;reason=timeout",
    "Service-Route: <sip:127.0.0.1;lr>", 'WWW-Authenticate: Digest realm="a",nonce="b",qop="auth"',
    'Proxy-Authenticate: Digest realm="a",nonce="b",algorithm=SHA-256', "Retry-After: 1",
    "Contact: <sip:peer@127.0.0.1:9;transport=tcp>", "Contact: *", "Contact: <tel:1>",
    "Content-Type: multipart/mixed;boundary=x", "Content-Type: application/dtmf-relay",
    "Content-Type: application/pidf+xml", "Content-Type: application/simple-message-summary",
    "Content-Type: message/sipfrag", "Content-Type: application/media_control+xml",
    "Content-Type: application/trickle-ice-sdpfrag", "Content-Disposition: session",
    "Authorization: Digest username=a", "P-Asserted-Identity: <sip:a@b>", "Accept: text/plain",
    "History-Info: <sip:a@b?Reason=SIP%3Bcause%3D302>;index=1, <sip:c@d>;index=1.1;mp=1",
    "Diversion: <sip:a@b>;reason=unconditional;counter=99", "Privacy: id;header;session",
    "Alert-Info: <http://127.0.0.1/x>;info=external;delay=0", "Answer-Mode: Auto;require",
    "Call-Info: <sip:127.0.0.1>;answer-after=0", "Call-Info: <http://[::1>;purpose=icon",
    "Event: talk", "Event: hold", "Event: dialog;call-id=x", "Event: conference",
    "Content-Type: application/dialog-info+xml", "Content-Type: application/hook-flash",
    "Content-Type: text/plain;charset=nonsense", "Content-Type: text/html",
    "Content-Encoding: gzip", 'Reason: Q.850;cause=26;text="a"', "Reason: SIP;cause=200",
    "Max-Forwards: 0", "Max-Forwards: 4294967295", "Remote-Party-ID: <sip:a@b>;party=called",
    "Target-Dialog: a;local-tag=b;remote-tag=c", "Refer-Sub: false", "SIP-ETag: x",
    "Join: a;from-tag=b;to-tag=c", 'Warning: 399 a "b"', "Require: " + "teleport," * 200,
    "P-Called-Party-ID: <tel:+1>", "Identity: a;info=<x>", "Timestamp: 1e999", "Date: never",
)  # fmt: skip

PIDF = (
    '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:a">'
    '<tuple id="1"><status><basic>open</basic></status></tuple></presence>'
)

DIALOG_INFO = (
    '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" '
    'state="full" entity="sip:a@127.0.0.1"><dialog id="1" call-id="x" local-tag="a" '
    'remote-tag="b" direction="recipient"><state>early</state></dialog></dialog-info>'
)

CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"

ICE_SDP = (
    SDP + "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\n"
    "a=candidate:1 1 UDP 2130706431 127.0.0.1 40000 typ host\r\n"
    "a=candidate:1 2 UDP 2130706430 127.0.0.1 40001 typ host\r\n"
    "a=candidate:2 1 UDP 1694498815 127.0.0.1 40004 typ srflx raddr 127.0.0.1 rport 9\r\n"
)

BODIES = (
    SDP,
    SDP + "a=sendonly\r\n",
    SDP + "a=inactive\r\na=rtcp-mux\r\na=rtcp:40001\r\n",
    SDP.replace("40000 RTP/AVP 8", "0 RTP/AVP 8"),
    SDP.replace("RTP/AVP 8", "RTP/AVP 0 8 101") + "a=rtpmap:101 telephone-event/8000\r\n",
    SDP.replace("RTP/AVP", "RTP/SAVP") + CRYPTO,
    SDP + "m=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    SDP + "m=audio 40004 RTP/AVP 0\r\nm=image 40006 udptl t38\r\n",
    SDP.replace("40000", "70000"),
    "",
    "Signal=5\r\nDuration=160\r\n",
    "Messages-Waiting: yes\r\nVoice-Message: 1/2\r\n",
    PIDF,
    "SIP/2.0 180 Ringing\r\n",
    "--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + "\r\n--x--\r\n",
    ICE_SDP,
    ICE_SDP + "a=ice-lite\r\na=remote-candidates:1 127.0.0.1 40000\r\na=end-of-candidates\r\n",
    SDP.replace("127.0.0.1", "0.0.0.0"),  # noqa: S104 - a hold of old, nothing is bound
    SDP.replace("IP4 127.0.0.1", "IP6 ::1"),
    SDP.replace("t=0 0\r\n", "t=0 0\r\na=group:BUNDLE 0 1\r\n") + "a=mid:0\r\na=rtcp-mux\r\n",
    SDP.replace("RTP/AVP 8", "UDP/TLS/RTP/SAVPF 8") + "a=setup:actpass\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AA"] * 32) + "\r\n",
    SDP + CRYPTO + CRYPTO.replace(":1 ", ":2 ").replace("_80", "_32"),
    SDP.replace("RTP/AVP 8", "RTP/AVP " + " ".join(map(str, range(128)))),
    SDP + "a=rtpmap:8 opus/48000/2\r\na=fmtp:8 maxplaybackrate=0;stereo=9\r\na=maxptime:1\r\n",
    DIALOG_INFO,
    "--x\r\n\r\n--x\r\nContent-Type: multipart/mixed;boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--",
)

COMPACT = {
    b"Via": b"v", b"From": b"f", b"To": b"t", b"Call-ID": b"i", b"Contact": b"m",
    b"Content-Type": b"c", b"Content-Length": b"l", b"Event": b"o", b"Refer-To": b"r",
    b"Supported": b"k", b"Referred-By": b"b", b"Session-Expires": b"x",
}  # fmt: skip

IN_DIALOG = ("INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "PRACK", "OPTIONS", "BYE",
             "SUBSCRIBE", "ACK", "CANCEL")  # fmt: skip
OUT_OF_DIALOG = ("OPTIONS", "MESSAGE", "NOTIFY", "SUBSCRIBE", "REFER", "REGISTER", "PUBLISH",
                 "INFO", "BYE", "CANCEL", "ACK", "PRACK", "UPDATE")  # fmt: skip
ANSWERS = ("100 Trying", "180 Ringing", "183 Session Progress", "200 OK", "200 OK", "200 OK",
           "202 Accepted", "300 Multiple", "302 Moved", "401 Unauthorized", "407 Proxy",
           "408 Timeout", "422 Too Small", "423 Brief", "481 Gone", "486 Busy", "489 Bad Event",
           "491 Pending", "500 Error", "503 Unavailable", "603 Decline")  # fmt: skip
WORDS = (b"", b" ", b"0", b"-1", b"4294967296", b"99999999999999999999", b"%00", b"%s%n", b"<",
         b">", b'"', b";", b",", b"@", b":", b"\0", b"sip:",
         b"tel:1", b"<sip:>", b"[::1]", b"\r\n ",
         b"a" * 300, b"\xff\xfe", b";tag=", b";lr", b";hide", b";transport=tcp",
         b";branch=z9hG4bK")  # fmt: skip


class Mutator:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ways = (
            self._replace_word, self._drop_line, self._double_line, self._swap_lines, self._flip,
            self._cut, self._insert, self._add_header, self._change_number, self._splice,
            self._fold, self._compact, self._change_length,
        )  # fmt: skip

    def mutate(self, message: bytes) -> bytes:
        if self._rng.random() > MUTATED:
            return message
        for _ in range(self._rng.choice((1, 1, 1, 2))):
            message = self._rng.choice(self._ways)(message) or message
        return message[:3900]

    def _spot(self, message: bytes) -> int:
        return self._rng.randrange(len(message) + 1)

    def _line(self, lines: list[bytes]) -> int:
        return self._rng.randrange(1, max(2, len(lines)))

    def _replace_word(self, message: bytes) -> bytes:
        words = [match.span() for match in re.finditer(rb"[^\s;,<>=]+", message)]
        start, end = self._rng.choice(words) if words else (0, 0)
        return message[:start] + self._rng.choice(WORDS) + message[end:]

    def _drop_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        del lines[self._line(lines) : self._line(lines) + 1]
        return b"\r\n".join(lines)

    def _double_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        at = self._line(lines) % len(lines)
        lines[at:at] = [lines[at]] * self._rng.choice((1, 2, 20, 80))
        return b"\r\n".join(lines)

    def _swap_lines(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        one, two = self._line(lines) % len(lines), self._line(lines) % len(lines)
        lines[one], lines[two] = lines[two], lines[one]
        return b"\r\n".join(lines)

    def _flip(self, message: bytes) -> bytes:
        changed = bytearray(message)
        for _ in range(self._rng.choice((1, 2, 8))):
            changed[self._spot(message) % len(changed)] = self._rng.randrange(256)
        return bytes(changed)

    def _cut(self, message: bytes) -> bytes:
        return message[: self._spot(message)]

    def _insert(self, message: bytes) -> bytes:
        at = self._spot(message)
        return message[:at] + self._rng.choice(WORDS) + message[at:]

    def _add_header(self, message: bytes) -> bytes:
        start, line_end, rest = message.partition(b"\r\n")
        return start + line_end + self._rng.choice(HEADERS).encode() + b"\r\n" + rest

    def _change_number(self, message: bytes) -> bytes:
        numbers = [match.span() for match in re.finditer(rb"[0-9]+", message)]
        start, end = self._rng.choice(numbers) if numbers else (0, 0)
        number = self._rng.choice(
            (b"0", b"1", b"65536", b"-1", b"2147483648", b"255", b"00", b"4294967295", b"9" * 40)
        )
        return message[:start] + number + message[end:]

    def _splice(self, message: bytes) -> bytes:
        head, blank, _body = message.partition(b"\r\n\r\n")
        return head + blank + self._rng.choice(BODIES).encode()

    def _fold(self, message: bytes) -> bytes:
        """A header over several lines, which RFC 3261 still allows."""
        lines = message.split(b"\r\n")
        at = self._line(lines) % len(lines)
        lines[at] = lines[at].replace(b" ", b"\r\n\t", self._rng.choice((1, 3, 50)))
        return b"\r\n".join(lines)

    def _compact(self, message: bytes) -> bytes:
        for name, short in COMPACT.items():
            if self._rng.random() < 0.5:
                message = message.replace(b"\r\n" + name + b":", b"\r\n" + short + b" :")
        return message

    def _change_length(self, message: bytes) -> bytes:
        length = self._rng.choice((b"0", b"1", b"-1", b"65535", b"4294967295", b"9" * 30, b""))
        return re.sub(rb"Content-Length: \d+", b"Content-Length: " + length, message)


class Author:
    """Writes what a hostile far end says; each message may come out broken.

    It remembers the dialogs that it has seen, to name them where they do not belong.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._mutator = Mutator(rng)
        self._dialogs: deque[Dialog] = deque(maxlen=REMEMBERED)

    def remember(self, dialog: Dialog) -> None:
        self._dialogs.append(dialog)

    def new_dialog(self) -> Dialog:
        return Dialog(call_id=f"{self._rng.random()}", from_tag=f"{self._rng.random()}")

    def of_request(self, request: bytes) -> Dialog | None:
        """The dialog that a request of the phone's began, as the far end sees it."""
        text = request.decode("latin-1")
        call_id = re.search(r"\r\nCall-ID: ([^\r]+)", text)
        tag = re.search(r"\r\nFrom:[^\r]*;tag=([^;\r]+)", text)
        if not (call_id and tag):
            return None
        return Dialog(call_id[1], "peer", tag[1], self._rng.randrange(1, 9))

    def invite(self, peer: RawPeer, dialog: Dialog, to: str = "me") -> bytes:
        body = self._rng.choice([*BODIES[:9], ICE_SDP, "", *BODIES])
        return self._mutator.mutate(peer.request("INVITE", dialog, self._headers(), body, to))

    def request(self, peer: RawPeer, method: str, dialog: Dialog, to: str = "me") -> bytes:
        return self._mutator.mutate(peer.request(method, dialog, to=to))

    def in_dialog(self, peer: RawPeer, dialog: Dialog) -> bytes:
        dialog.cseq += 1
        method, body = self._rng.choice(IN_DIALOG), self._rng.choice(BODIES)
        return self._mutator.mutate(peer.request(method, dialog, self._headers(), body))

    def strange(self, peer: RawPeer, to: str = "me") -> bytes:
        """A request that has no place outside of a dialog, or a place of its own."""
        dialog = self.new_dialog()
        dialog.to_tag = self._rng.choice(("", "", "x"))
        method, body = self._rng.choice(OUT_OF_DIALOG), self._rng.choice(BODIES)
        return self._mutator.mutate(peer.request(method, dialog, self._headers(), body, to))

    def answers(self, peer: RawPeer, request: bytes, contact: str) -> list[bytes]:
        """None, one or several; `contact` is an address."""
        return [self._answer(peer, request, contact) for _ in range(self._some((0, 1, 1, 2, 3)))]

    def _answer(self, peer: RawPeer, request: bytes, contact: str) -> bytes:
        headers = f"Contact: <{contact}>\r\nExpires: 60\r\n"
        if self._rng.random() < 0.3:
            headers += self._headers()
        body = self._rng.choice(BODIES) if request.startswith(b"INVITE") else ""
        tag = self._rng.choice(("peer", "peer", "peer", "fork", ""))
        answer = peer.answer(request, self._rng.choice(ANSWERS), headers, body, tag)
        return self._mutator.mutate(answer)

    def _headers(self) -> str:
        lines = [self._rng.choice(HEADERS) for _ in range(self._some((0, 1, 2, 3)))]
        if self._dialogs and self._rng.random() < 0.2:
            lines.append(self._naming(self._rng.choice(self._dialogs)))
        return "".join(f"{line}\r\n" for line in lines)

    def _naming(self, other: Dialog) -> str:
        tags = f"to-tag={other.to_tag};from-tag={other.from_tag}"
        escaped = f"{other.call_id};{tags}".replace(";", "%3B").replace("=", "%3D")
        return self._rng.choice((
            f"Replaces: {other.call_id};{tags}", f"Replaces: {other.call_id};{tags};early-only",
            f"Refer-To: <sip:peer@127.0.0.1:9?Replaces={escaped}>", f"Join: {other.call_id};{tags}",
            f"Target-Dialog: {other.call_id};{tags}",
        ))  # fmt: skip

    def _some(self, counts: tuple[int, ...]) -> int:
        return self._rng.choice(counts)
