# SPDX-License-Identifier: GPL-2.0-or-later
"""What the loudspeaker gets before and after a gap."""

from array import array
from itertools import pairwise
from typing import cast

from offhookd.engine.audio.playback import Playback
from offhookd.engine.audio.pulse import Connection, PlaybackStream
from tests.support.tones import sine

RATE, FRAME_SAMPLES = 16_000, 320
FRAME_BYTES = 2 * FRAME_SAMPLES
SOUND = sine(100, 0.2, RATE).tobytes()
"""So low that a jump in it cannot be taken for sound, and a frame begins at its peak."""
FRAMES = [SOUND[at : at + FRAME_BYTES] for at in range(80, len(SOUND) - FRAME_BYTES, FRAME_BYTES)]


class Server(PlaybackStream):
    """Keeps what it is to play; `run_dry` plays silence as a server does."""

    ready, failed, underflow, device = True, False, 0, "speakers"

    def __init__(self) -> None:
        self.played = array("h")
        self.underflow = 0

    def write(self, sound: bytes) -> None:
        self.played.frombytes(sound)

    def play_now(self, sound: bytes) -> None:
        self.played.frombytes(sound)

    def uncork(self) -> None: ...

    def ask_queued(self) -> None: ...

    def queued_bytes(self) -> int | None:
        return None

    def run_dry(self) -> None:
        self.underflow += 1


class Loudspeaker(Playback):
    def __init__(self, server: Server) -> None:
        super().__init__(RATE, FRAME_BYTES)
        self._server = server

    def _connect(self, connection: Connection, device: str) -> PlaybackStream:
        return self._server


def begun() -> tuple[Loudspeaker, Server]:
    server = Server()
    loudspeaker = Loudspeaker(server)
    for now in (0.0, 0.02):
        loudspeaker.step(cast("Connection", None), now)
    loudspeaker.go_live()
    return loudspeaker, server


def steepest(samples: "array[int]") -> int:
    return max(abs(a - b) for a, b in pairwise(samples))


def test_sound_rises_out_of_a_gap_without_a_click() -> None:
    loudspeaker, server = begun()
    loudspeaker.write(FRAMES[0], 0.04)
    server.run_dry()
    del server.played[:]
    loudspeaker.write(FRAMES[1], 0.06)
    loudspeaker.write(FRAMES[2], 0.08)
    assert loudspeaker.underruns == 1
    smooth = steepest(array("h", SOUND))
    assert steepest(server.played) < 2 * smooth
    assert abs(array("h", FRAMES[1])[0]) > 20 * smooth  # what the click would have been


def test_sound_without_a_gap_is_left_alone() -> None:
    loudspeaker, server = begun()
    loudspeaker.write(FRAMES[0], 0.04)
    del server.played[:]
    for number in (1, 2, 3):
        loudspeaker.write(FRAMES[number], 0.04 + number / 50)
    assert server.played.tobytes() == b"".join(FRAMES[1:4])
