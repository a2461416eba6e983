# SPDX-License-Identifier: GPL-2.0-or-later
"""Send mutated SIP to an engine behind the gate and count how often it dies.

    python -m tests.bench.fuzz_sip [--messages 20000] [--seconds 300] [--seed 1] [--bare]

Everything stays on 127.0.0.1; count and time are bounded.  What was sent before each death is
written to a file, and printed with the engine's last words.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.bare_engine import ROOT
from tests.support.raw_sip import SDP, Dialog, RawPeer, to_tag_of

MUTATED = 0.6
"""The rest is sent as it is, so that calls get far enough for the next message to matter."""

REMEMBERED = 40
PACE_S = 0.001
REPLY_WAIT_S = 0.05
CALL_EVERY_S = 0.12
"""As often as the gate lets calls in."""

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
)  # fmt: skip

PIDF = (
    '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:a">'
    '<tuple id="1"><status><basic>open</basic></status></tuple></presence>'
)

BODIES = (
    SDP,
    SDP + "a=sendonly\r\n",
    SDP + "a=inactive\r\na=rtcp-mux\r\na=rtcp:40001\r\n",
    SDP.replace("40000 RTP/AVP 8", "0 RTP/AVP 8"),
    SDP.replace("RTP/AVP 8", "RTP/AVP 0 8 101") + "a=rtpmap:101 telephone-event/8000\r\n",
    SDP.replace("RTP/AVP", "RTP/SAVP") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"
    "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n",
    SDP + "m=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    SDP + "m=audio 40004 RTP/AVP 0\r\nm=image 40006 udptl t38\r\n",
    SDP.replace("40000", "70000"),
    "",
    "Signal=5\r\nDuration=160\r\n",
    "Messages-Waiting: yes\r\nVoice-Message: 1/2\r\n",
    PIDF,
    "SIP/2.0 180 Ringing\r\n",
    "--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + "\r\n--x--\r\n",
)

IN_DIALOG = ("INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "PRACK", "OPTIONS", "BYE",
             "SUBSCRIBE", "ACK", "CANCEL")  # fmt: skip
OUT_OF_DIALOG = ("OPTIONS", "MESSAGE", "NOTIFY", "SUBSCRIBE", "REFER", "REGISTER", "PUBLISH",
                 "INFO", "BYE", "CANCEL", "ACK", "PRACK", "UPDATE")  # fmt: skip
ANSWERS = ("100 Trying", "180 Ringing", "183 Session Progress", "200 OK", "200 OK", "200 OK",
           "202 Accepted", "300 Multiple", "302 Moved", "401 Unauthorized", "407 Proxy",
           "408 Timeout", "422 Too Small", "423 Brief", "481 Gone", "486 Busy", "489 Bad Event",
           "491 Pending", "500 Error", "503 Unavailable", "603 Decline")  # fmt: skip
WORDS = (b"", b" ", b"0", b"-1", b"4294967296", b"99999999999999999999", b"%00", b"%s%n", b"<",
         b">", b'"', b";", b",", b"@", b":", b"sip:", b"tel:1", b"<sip:>", b"[::1]", b"\r\n ",
         b"a" * 300, b"\xff\xfe", b";tag=", b";lr", b";hide", b";transport=tcp",
         b";branch=z9hG4bK")  # fmt: skip


class Mutator:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ways = (
            self._replace_word, self._drop_line, self._double_line, self._swap_lines, self._flip,
            self._cut, self._insert, self._add_header, self._change_number, self._splice,
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
        number = self._rng.choice((b"0", b"1", b"65536", b"-1", b"2147483648", b"255", b"00"))
        return message[:start] + number + message[end:]

    def _splice(self, message: bytes) -> bytes:
        head, blank, _body = message.partition(b"\r\n\r\n")
        return head + blank + self._rng.choice(BODIES).encode()


@dataclass(slots=True)
class Score:
    sent: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class Fuzzer:
    """Plays the far end of everything the engine does, one engine after another."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._rng = random.Random(options.seed)  # noqa: S311 - to be repeatable, not secret
        self._mutator = Mutator(self._rng)
        self._last: deque[bytes] = deque(maxlen=REMEMBERED)
        self._heard: deque[bytes] = deque(maxlen=REMEMBERED)
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-sip-"))
        self._call_at = 0.0
        self._end = time.monotonic() + options.seconds
        self.score = Score()

    def run(self) -> None:
        while not self._is_over():
            self._one_engine()

    def _is_over(self) -> bool:
        return bool(self.score.sent >= self._options.messages or time.monotonic() > self._end)

    def _one_engine(self) -> None:
        peer = RawPeer(0)
        way = "bare" if self._options.bare else "gated"
        with (self._folder / "stderr").open("w+") as errors:
            engine = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.fuzz_engine", str(peer.port), way],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
            assert engine.stdin
            assert engine.stdout
            port = next((line for line in engine.stdout if line.startswith("port ")), "port 0")
            peer.talk_to(int(port.split()[1]))
            callers = [RawPeer(int(port.split()[1]), f"127.0.0.{n}") for n in range(2, 10)]
            while engine.poll() is None and not self._is_over():
                self._session(peer, callers)
            for caller in callers:
                caller.close()
            if engine.poll() is None:
                engine.stdin.close()
                self._count_dropped(engine.stdout.read())
            engine.wait(10)
            engine.stdout.close()
            if engine.returncode:
                errors.seek(0)
                self._note_death(engine.returncode, errors.read())
        peer.close()

    def _count_dropped(self, words: str) -> None:
        for rule, count in re.findall(r"'([a-z-]+)': (\d+)", words):
            self.score.dropped[rule] += int(count)

    def _note_death(self, status: int, errors: str) -> None:
        lines = [line for line in errors.splitlines() if line.strip()]
        cause = lines[-1] if lines and "ssertion" in lines[-1] else f"signal {-status}"
        self.score.deaths[cause] += 1
        log = self._folder / f"death-{sum(self.score.deaths.values())}"
        log.write_bytes(b"\n=====\n".join(self._last))
        print(f"death after {self.score.sent} messages: {cause}\n  {log}", flush=True)

    # ------------------------------------------------------------ what the peer does

    def _session(self, peer: RawPeer, callers: Sequence[RawPeer]) -> None:
        """`peer` is whom the engine calls; each of `callers` may call it twice a second."""
        if time.monotonic() >= self._call_at:
            self._call_at = time.monotonic() + CALL_EVERY_S
            self._call(self._rng.choice(callers))
        self._strange_request(peer)
        for _ in range(self._rng.choice((0, 2, 5)) if self._heard else 0):
            self._answer(peer, self._rng.choice(self._heard))  # late, again, or as a fork
        for _ in range(5):
            self._answer_all(peer)
            time.sleep(PACE_S)

    def _send(self, peer: RawPeer, message: bytes) -> None:
        message = self._mutator.mutate(message)
        self._last.append(message)
        peer.send(message)
        self.score.sent += 1
        time.sleep(PACE_S)
        self._answer_all(peer)

    def _answer_all(self, peer: RawPeer) -> list[bytes]:
        arrived = peer.receive()
        for message in arrived:
            if not message.startswith((b"SIP/2.0", b"ACK", b"\r\n")):
                self._heard.append(message)
                self._answer(peer, message)
        return arrived

    def _answer(self, peer: RawPeer, request: bytes) -> None:
        for _ in range(self._rng.choice((0, 1, 1, 2, 3))):
            contact = f"Contact: <sip:peer@127.0.0.1:{peer.port}>\r\nExpires: 60\r\n"
            body = self._rng.choice(BODIES) if request.startswith(b"INVITE") else ""
            tag = self._rng.choice(("peer", "peer", "peer", "fork", ""))
            answer = peer.answer(request, self._rng.choice(ANSWERS), contact, body, tag)
            answer = self._mutator.mutate(answer)
            self._last.append(answer)
            peer.send(answer)
            self.score.sent += 1
        if self._rng.random() < 0.5:
            self._intrude(peer, request)

    def _intrude(self, peer: RawPeer, request: bytes) -> None:
        """A request from the far end within a dialog that the engine began."""
        text = request.decode("latin-1")
        call_id = re.search(r"\r\nCall-ID: ([^\r]+)", text)
        tag = re.search(r"\r\nFrom:[^\r]*;tag=([^;\r]+)", text)
        if call_id and tag:
            dialog = Dialog(call_id[1], "peer", tag[1], self._rng.randrange(1, 9))
            self._in_dialog(peer, dialog)

    def _in_dialog(self, peer: RawPeer, dialog: Dialog) -> None:
        headers = "".join(
            f"{self._rng.choice(HEADERS)}\r\n" for _ in range(self._rng.choice((0, 1, 2, 3)))
        )
        dialog.cseq += 1
        method = self._rng.choice(IN_DIALOG)
        message = peer.request(method, dialog, headers, self._rng.choice(BODIES))
        message = self._mutator.mutate(message)
        self._last.append(message)
        peer.send(message)
        self.score.sent += 1

    def _call(self, peer: RawPeer) -> None:
        dialog = Dialog(call_id=f"{self._rng.random()}", from_tag=f"{self._rng.random()}")
        self._send(peer, peer.request("INVITE", dialog, body=self._rng.choice(BODIES[:9])))
        until = time.monotonic() + REPLY_WAIT_S
        while not dialog.to_tag and time.monotonic() < until:
            for message in self._answer_all(peer):
                if message.startswith(b"SIP/2.0 ") and dialog.call_id.encode() in message:
                    dialog.to_tag = to_tag_of(message) or dialog.to_tag
            time.sleep(PACE_S)
        self._send(peer, peer.request("ACK", dialog))
        for _ in range(self._rng.randrange(40)):
            self._in_dialog(peer, dialog)
            self._answer_all(peer)
            time.sleep(PACE_S)
        self._send(peer, peer.request("BYE", dialog))

    def _strange_request(self, peer: RawPeer) -> None:
        dialog = Dialog(call_id=f"{self._rng.random()}", from_tag=f"{self._rng.random()}")
        dialog.to_tag = self._rng.choice(("", "", "x"))
        method = self._rng.choice(OUT_OF_DIALOG)
        headers = f"{self._rng.choice(HEADERS)}\r\n{self._rng.choice(HEADERS)}\r\n"
        self._send(peer, peer.request(method, dialog, headers, self._rng.choice(BODIES)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz the engine's SIP behind the gate.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bare", action="store_true", help="without the gate")
    fuzzer = Fuzzer(parser.parse_args())
    fuzzer.run()
    score = fuzzer.score
    print(f"{score.sent} messages, {sum(score.deaths.values())} deaths")
    for cause, count in score.deaths.most_common():
        print(f"  {count:4d}  {cause}")
    print("dropped by the last engine:", dict(score.dropped.most_common()))


if __name__ == "__main__":
    main()
