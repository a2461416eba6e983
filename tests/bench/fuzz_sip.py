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

from tests.bench._hostile import REMEMBERED, Author
from tests.support.bare_engine import ROOT
from tests.support.raw_sip import RawPeer, to_tag_of

PACE_S = 0.001
REPLY_WAIT_S = 0.05
CALL_EVERY_S = 0.12
"""As often as the gate lets calls in."""


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
        self._author = Author(self._rng)
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
        self._send(peer, self._author.strange(peer))
        for _ in range(self._rng.choice((0, 2, 5)) if self._heard else 0):
            self._answer(peer, self._rng.choice(self._heard))  # late, again, or as a fork
        for _ in range(5):
            self._answer_all(peer)
            time.sleep(PACE_S)

    def _put(self, peer: RawPeer, message: bytes) -> None:
        self._last.append(message)
        peer.send(message)
        self.score.sent += 1

    def _send(self, peer: RawPeer, message: bytes) -> None:
        self._put(peer, message)
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
        for answer in self._author.answers(peer, request, f"sip:peer@127.0.0.1:{peer.port}"):
            self._put(peer, answer)
        dialog = self._author.of_request(request)
        if dialog and self._rng.random() < 0.5:
            self._put(peer, self._author.in_dialog(peer, dialog))

    def _call(self, peer: RawPeer) -> None:
        dialog = self._author.new_dialog()
        self._send(peer, self._author.invite(peer, dialog))
        until = time.monotonic() + REPLY_WAIT_S
        while not dialog.to_tag and time.monotonic() < until:
            for message in self._answer_all(peer):
                if message.startswith(b"SIP/2.0 ") and dialog.call_id.encode() in message:
                    dialog.to_tag = to_tag_of(message) or dialog.to_tag
            time.sleep(PACE_S)
        self._author.remember(dialog)
        self._send(peer, self._author.request(peer, "ACK", dialog))
        for _ in range(self._rng.randrange(40)):
            self._put(peer, self._author.in_dialog(peer, dialog))
            self._answer_all(peer)
            time.sleep(PACE_S)
        self._send(peer, self._author.request(peer, "BYE", dialog))


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
