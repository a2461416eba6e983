# SPDX-License-Identifier: GPL-2.0-or-later
"""A meter from mouth to ear: plays a signal on one sink, records two sources, compares them.

The signal is two steady tones, whose phase shows every gap and splice, and a marker every half
second, whose delay is the latency.  Needs `PULSE_SERVER` in the environment of this process.
"""

import math
import os
import random
import statistics
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import mul
from typing import TypeAlias

from offhookd.engine.audio.pulse import (
    CaptureStream,
    Connection,
    MainLoop,
    PlaybackStream,
    Stream,
)
from tests.support.processes import PATIENCE_S

Samples: TypeAlias = "array[int]"

RATE = 16_000
CYCLE_S = 10
TONES_HZ = (620, 1010)
TONE_PEAK = 4000
MARKER_HZ = 2500
MARKER_S = 0.04
MARKER_PEAK = 14_000
MARKER_GAP_S = (0.45, 0.55)

FRAGMENT_BYTES = RATE // 100 * 2
INJECT_BYTES = RATE * 2 // 5
REAL_TIME_PRIORITY = 7
PROPERTIES = {"media.name": "meter"}

ANALYSIS_RATE = 8000
WINDOW = 160
HOP = 80
HOP_S = HOP / ANALYSIS_RATE
MARKER_WINDOW = 80
MARKER_HOP = 20
PHASE_JUMP_RAD = 0.35
"""At 1010 Hz a slip of 55 us; G.711's own noise stays under 0.05."""
DROPOUT = 0.4
SAME_EVENT_S = 0.1
MOST_LATENCY_S = 0.4
LEAST_MARKER = 0.3


@dataclass(slots=True)
class Track:
    """What one source heard: sound, and when each piece arrived."""

    sound: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def add(self, piece: bytes, now: float) -> None:
        self.sound += piece
        self.arrivals.append((len(self.sound) // 2, now))

    def start_time(self) -> float:
        """When sample 0 was heard.  A piece may come late but never early, so the earliest of all
        tells; null sinks run on the monotonic clock, so one number serves the whole track."""
        return min(at - count / RATE for count, at in self.arrivals)

    def samples(self) -> Samples:
        return array("h", bytes(self.sound))[:: RATE // ANALYSIS_RATE]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`glitches`: moments (monotonic) at which the sound slipped or dropped out, from its
    beginning at `onset` on."""

    onset: float
    seconds: float
    latencies_ms: tuple[float, ...]
    glitches: tuple[float, ...]

    def latency_ms(self, part: float) -> float:
        """The latency that `part` (0.0-1.0) of the markers did not exceed."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else math.nan


class Meter:
    """Runs in `measuring`; then `verdict` compares what the two sources heard."""

    def __init__(self, sink: str, near: str, far: str) -> None:
        self._sink, self._sources = sink, (near, far)
        self.near, self.far = Track(), Track()
        self._signal = signal().tobytes()
        self._at = 0
        self._stop = threading.Event()
        self._running = threading.Event()

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Returns into the block when the signal flows."""
        thread = threading.Thread(target=self._run, name="meter")
        thread.start()
        try:
            assert self._running.wait(PATIENCE_S), "the meter hears nothing of its own signal"
            yield
        finally:
            self._stop.set()
            thread.join()

    def verdict(self) -> Verdict:
        return compare(self.near, self.far)

    def _run(self) -> None:
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
        loop = MainLoop()
        connection = Connection(loop, {"application.name": "meter"})
        while not connection.ready:
            connection.raise_if_lost()
            loop.wait(1.0)
        player = PlaybackStream(
            connection,
            RATE,
            PROPERTIES,
            self._sink,
            INJECT_BYTES,
            INJECT_BYTES // 4,
            may_move=False,
        )
        ears = [
            CaptureStream(connection, RATE, PROPERTIES, source, FRAGMENT_BYTES, may_move=False)
            for source in self._sources
        ]
        streams: list[Stream] = [player, *ears]
        while not all(stream.ready for stream in streams):
            assert not any(stream.failed for stream in streams), connection.error()
            loop.wait(1.0)
        self._turn(loop, player, ears)
        for stream in streams:
            stream.close()
        connection.close()
        loop.close()

    def _turn(self, loop: MainLoop, player: PlaybackStream, ears: Sequence[CaptureStream]) -> None:
        self._inject(player)
        player.uncork()
        while not self._stop.is_set():
            self._inject(player)
            loop.flush()
            loop.wait(0.1)
            now = time.monotonic()
            for ear, track in zip(ears, (self.near, self.far), strict=True):
                piece = ear.read()
                if piece:
                    track.add(piece, now)
            if any(self.near.sound[-FRAGMENT_BYTES:]):
                self._running.set()

    def _inject(self, player: PlaybackStream) -> None:
        wanted = player.writable_bytes
        while wanted > 0:
            piece = self._signal[self._at : self._at + wanted]
            player.write(piece)
            wanted -= len(piece)
            self._at = (self._at + len(piece)) % len(self._signal)


def signal() -> Samples:
    """One cycle; both tones fit into it without a seam."""
    sound = [
        sum(TONE_PEAK * math.sin(math.tau * hz * i / RATE) for hz in TONES_HZ)
        for i in range(CYCLE_S * RATE)
    ]
    chance = random.Random(1)  # noqa: S311 - uneven gaps, no secrets
    length, at = int(MARKER_S * RATE), int(0.2 * RATE)
    while at + length < len(sound):
        for i in range(length):
            envelope = MARKER_PEAK * math.sin(math.pi * i / length) ** 2
            sound[at + i] += envelope * math.sin(math.tau * MARKER_HZ * i / RATE)
        at += int(chance.uniform(*MARKER_GAP_S) * RATE)
    return array("h", (int(value) for value in sound))


def compare(near: Track, far: Track) -> Verdict:
    far_samples, far_start = far.samples(), far.start_time()
    steps = [(hz, phasors(far_samples, hz, WINDOW, HOP)) for hz in TONES_HZ]
    first, glitches = _glitches(steps)
    near_markers = _markers(near.samples(), near.start_time())
    far_markers = _markers(far_samples, far_start)
    return Verdict(
        onset=far_start + first * HOP_S,
        seconds=(len(steps[0][1]) - first) * HOP_S,
        latencies_ms=tuple(_latencies_ms(near_markers, far_markers)),
        glitches=tuple(far_start + index * HOP_S for index in glitches),
    )


def phasors(samples: Samples, hz: float, window: int, hop: int) -> list[complex]:
    """Amplitude and phase of `hz` in successive windows."""
    step = math.tau * hz / ANALYSIS_RATE
    shape = [math.sin(math.pi * i / window) ** 2 * 4 / window for i in range(window)]
    real = [w * math.cos(step * i) for i, w in enumerate(shape)]
    imaginary = [-w * math.sin(step * i) for i, w in enumerate(shape)]
    found = []
    for at in range(0, len(samples) - window + 1, hop):
        piece = samples[at : at + window]
        found.append(complex(sum(map(mul, piece, real)), sum(map(mul, piece, imaginary))))
    return found


def _glitches(steps: list[tuple[int, list[complex]]]) -> tuple[int, list[int]]:
    """Index of the first whole window of sound, and of every event after it."""
    usual = {hz: statistics.median(map(abs, zs)) for hz, zs in steps}
    loud = [all(abs(zs[i]) > 0.8 * usual[hz] for hz, zs in steps) for i in range(len(steps[0][1]))]
    first = loud.index(True) + 2
    bad: set[int] = set()
    for hz, zs in steps:
        turn = math.tau * hz * HOP_S
        for i in range(first, len(zs)):
            slip = math.remainder(_angle(zs[i]) - _angle(zs[i - 1]) - turn, math.tau)
            if abs(slip) > PHASE_JUMP_RAD or abs(zs[i]) < DROPOUT * usual[hz]:
                bad.add(i)
    events: list[int] = []
    last = -math.inf
    for i in sorted(bad):
        if (i - last) * HOP_S > SAME_EVENT_S:
            events.append(i)
        last = i
    return first, events


def _angle(z: complex) -> float:
    return math.atan2(z.imag, z.real)


def _markers(samples: Samples, start: float) -> list[float]:
    """When the middle of each marker was heard."""
    levels = [abs(z) ** 2 for z in phasors(samples, MARKER_HZ, MARKER_WINDOW, MARKER_HOP)]
    least = LEAST_MARKER * max(levels, default=0.0)
    reach = int(MARKER_S * ANALYSIS_RATE / MARKER_HOP)
    found = []
    i = reach
    while i < len(levels) - reach:
        if levels[i] > least:
            peak = max(range(i, min(i + reach, len(levels))), key=levels.__getitem__)
            around = range(max(0, peak - reach), min(peak + reach, len(levels)))
            weight = sum(levels[j] for j in around)
            middle = sum(j * levels[j] for j in around) / weight
            found.append(start + (middle * MARKER_HOP + MARKER_WINDOW / 2) / ANALYSIS_RATE)
            i = peak + 2 * reach
        i += 1
    return found


def _latencies_ms(near: list[float], far: list[float]) -> Iterator[float]:
    for at in near:
        later = [heard for heard in far if at < heard < at + MOST_LATENCY_S]
        if later:
            yield (later[0] - at) * 1000
