# SPDX-License-Identifier: GPL-2.0-or-later
"""How long sound takes from one party's mouth to the other's ear, and how often it stumbles.

    python -m tests.bench.mouth_to_ear [--server pulseaudio|pipewire] [--codec PCMU|G722]
                                       [--seconds 300] [--busy] [--party engine|bare]

Two parties talk over loopback; the meter feeds a signal to the microphone of one and records it
there and at the loudspeaker of the other, from before the call is dialled.  "machine %" is how busy
all processors were; much more than 10 means that the machine was not quiet.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from offhookd.engine.audio.priority import Priority
from offhookd.engine.protocol import Answer, Dial, GetStatistics, Incoming, Ring, SetAudio
from tests.support.audio_peer import Peer
from tests.support.engine import EngineProcess
from tests.support.meter import Meter, Verdict
from tests.support.sound import NATURES, SoundServer, sound_server

RING_S = 3.0
SETTLE_S = 1.0
TICKS = os.sysconf("SC_CLK_TCK")
HEADINGS = (
    *("server", "codec", "seconds", "median ms", "p95 ms", "glitches", "in 1st second"),
    *("CPU %", "wake-ups/s", "machine %"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process: seconds of CPU, and how often its audio thread woke up."""

    at: float
    cpu_s: float
    wakeups: int

    @classmethod
    def of(cls, pid: int) -> "Usage":
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / TICKS
        tasks = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
        audio = [tid for tid in tasks if os.sched_getparam(tid).sched_priority == Priority.AUDIO]
        return cls(time.monotonic(), cpu_s, sum(_switches(pid, tid) for tid in audio))


def _switches(pid: int, tid: int) -> int:
    for line in Path(f"/proc/{pid}/task/{tid}/status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    return 0


@dataclass(frozen=True, slots=True)
class Result:
    verdict: Verdict
    cpu_percent: float
    wakeups_per_s: float
    machine_percent: float
    statistics: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """Two parties that are about to talk; `connect` returns once they do."""

    callee_pid: int
    connect: Callable[[], None]
    statistics: Callable[[], Mapping[str, object]]


@contextmanager
def bare_parties(sound: SoundServer, codec: str, media: dict[str, int]) -> Iterator[Call]:
    """Two SIP stacks with the audio thread and nothing else of ours."""
    with ExitStack() as stack:
        caller, callee = (
            stack.enter_context(
                Peer(
                    env=sound.env,
                    codec=codec,
                    answer_after_s=RING_S,
                    media=media,
                    settings={"capture": f"{name}_mic.monitor", "playback": f"{name}_spk"},
                )
            )
            for name in "ab"
        )

        def connect() -> None:
            caller.ask("dial", port=callee.port)
            caller.wait("call", state="CONFIRMED")

        yield Call(callee.pid, connect, lambda: callee.ask("statistics"))


@contextmanager
def engine_parties(sound: SoundServer, codec: str, _media: dict[str, int]) -> Iterator[Call]:
    """Two engines, as the daemon starts them."""
    with ExitStack() as stack:
        caller, callee = (stack.enter_context(EngineProcess(environment=sound.env)) for _ in "ab")
        for name, engine in (("a", caller), ("b", callee)):
            engine.add_account(name, codecs=(codec,))
            engine.ask(
                SetAudio(
                    backend="auto",
                    capture=f"{name}_mic.monitor",
                    playback=f"{name}_spk",
                    on_unplug="hold",
                )
            )

        def connect() -> None:
            target = f"sip:b@127.0.0.1:{callee.port}"
            caller.ask(
                Dial(leg=1, account="a", target=target, headers={}, anonymous=False, muted=False)
            )
            caller.focus(1)
            leg = callee.wait_for(Incoming).leg
            callee.ask(Ring(leg=leg))
            callee.focus(leg)
            time.sleep(RING_S)
            callee.ask(Answer(leg=leg))
            caller.wait_state(1, "active")

        yield Call(
            callee.pid,
            connect,
            lambda: callee.ask(GetStatistics(leg=callee.wait_for(Incoming).leg)).data,
        )
        for engine in (caller, callee):
            engine.stop()


PARTIES = {"bare": bare_parties, "engine": engine_parties}


def measure(
    party: str, server: str, codec: str, seconds: float, media: dict[str, int], shielded: bool
) -> Result:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sound = stack.enter_context(sound_server(server, directory))
        os.environ.update(sound.environment)
        if shielded:
            sound.shield()
        call = stack.enter_context(PARTIES[party](sound, codec, media))
        meter = Meter("a_mic", "a_mic.monitor", "b_spk.monitor")
        with meter.measuring():
            time.sleep(SETTLE_S)
            call.connect()
            busy, before = machine_busy(), Usage.of(call.callee_pid)
            time.sleep(seconds)
            after, spent_busy = Usage.of(call.callee_pid), machine_busy()
            statistics = call.statistics()
        spent = after.at - before.at
        return Result(
            meter.verdict(),
            100 * (after.cpu_s - before.cpu_s) / spent,
            (after.wakeups - before.wakeups) / spent,
            100 * (spent_busy[0] - busy[0]) / (spent_busy[1] - busy[1]),
            statistics,
        )


def machine_busy() -> tuple[int, int]:
    """Ticks the processors have been busy, and all ticks."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


@contextmanager
def busy_core() -> Iterator[None]:
    """One core has something else to do."""
    program = "import os\nos.sched_setaffinity(0, {0})\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            yield
        finally:
            process.kill()


def row(server: str, codec: str, result: Result) -> tuple[str, ...]:
    verdict = result.verdict
    early = sum(at < verdict.onset + 1.0 for at in verdict.glitches)
    return (
        server,
        codec,
        f"{verdict.seconds:.0f}",
        f"{verdict.latency_ms(0.5):.0f}",
        f"{verdict.latency_ms(0.95):.0f}",
        str(len(verdict.glitches)),
        str(early),
        f"{result.cpu_percent:.1f}",
        f"{result.wakeups_per_s:.0f}",
        f"{result.machine_percent:.0f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=NATURES, action="append")
    parser.add_argument("--codec", action="append")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--party", choices=PARTIES, default="engine")
    parser.add_argument("--busy", action="store_true", help="keep one core busy meanwhile")
    parser.add_argument(
        "--shielded", action="store_true", help="the sound server in real time altogether"
    )
    parser.add_argument("--media", type=json.loads, default={}, help="of pjsua2's MediaConfig")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    print("  ".join(f"{heading:>13}" for heading in HEADINGS))
    with ExitStack() as stack:
        if options.busy:
            stack.enter_context(busy_core())
        for server in options.server or NATURES:
            for codec in options.codec or ["PCMU"]:
                result = measure(
                    options.party, server, codec, options.seconds, options.media, options.shielded
                )
                print("  ".join(f"{cell:>13}" for cell in row(server, codec, result)), flush=True)
                if options.verbose:
                    verdict = result.verdict
                    print("glitches at", [f"{at - verdict.onset:.2f}" for at in verdict.glitches])
                    print("latencies", [round(ms) for ms in verdict.latencies_ms])
                    print(result.statistics)


if __name__ == "__main__":
    main()
