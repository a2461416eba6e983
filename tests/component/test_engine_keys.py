# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of a far end that comes without telephone events: in its sound, and by INFO."""

import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from offhookd.engine.protocol import Answer, Incoming, LegDtmf, SendDtmf
from tests.support.engine import EngineProcess
from tests.support.pressed import press
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

RTP = struct.Struct("!BBHII")
PACKET_BYTES, PACKET_S = 160, 0.02
EVENTS = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"


class FarEnd:
    """In a call with the engine's user, with RTP of A-law in our hands."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.sip = RawPeer(engine.port)
        self.dialog = Dialog()
        self._rtp = socket.socket(type=socket.SOCK_DGRAM)
        self._rtp.bind(("127.0.0.1", 0))
        self._rtp.setblocking(False)
        self._port = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sip.close()
        self._rtp.close()

    def call(self, headers: str = "", *, events: bool = False) -> None:
        sdp = SDP.replace("40000", str(self._rtp.getsockname()[1]))
        if events:
            sdp = sdp.replace("AVP 8", "AVP 8 101") + EVENTS
        self.sip.send(self.sip.request("INVITE", self.dialog, headers, sdp))
        self.engine.wait_for(Incoming)
        self.engine.ask(Answer(leg=-1))
        ok = self.hear(200)
        self.dialog.to_tag = to_tag_of(ok)
        found = re.search(rb"m=audio (\d+)", ok)
        assert found
        self._port = int(found[1])
        self.sip.send(self.sip.request("ACK", self.dialog))
        self.engine.wait_state(-1, "active")

    def hear(self, what: int | bytes) -> bytes:
        """A response of this status, or a request of this method."""
        for _ in range(100):
            for message in self.sip.receive():
                if status_of(message) == what or message.split(b" ")[0] == what:
                    return message
            self.engine.read(0.05)
        raise AssertionError(f"no {what!r} from the engine")

    def play(self, sound: bytes) -> None:
        begin_s = time.monotonic()
        for number, start in enumerate(range(0, len(sound), PACKET_BYTES)):
            head = RTP.pack(0x80, 8, number, start, 4711)
            self._rtp.sendto(head + sound[start : start + PACKET_BYTES], ("127.0.0.1", self._port))
            while (left_s := begin_s + (number + 1) * PACKET_S - time.monotonic()) > 0:
                self.engine.read(left_s)

    def echo(self, packets: int) -> int:
        """Send that many packets back as they come; how many there were."""
        sent, end_s = 0, time.monotonic() + 2 * packets * PACKET_S
        while sent < packets and time.monotonic() < end_s:
            try:
                self._rtp.sendto(self._rtp.recv(2048), ("127.0.0.1", self._port))
                sent += 1
            except BlockingIOError:
                self.engine.read(PACKET_S / 4)
        return sent

    def info(self, key: str) -> None:
        self.dialog.cseq += 1
        kind = "Content-Type: application/dtmf-relay\r\n"
        body = f"Signal={key}\r\nDuration=160\r\n"
        self.sip.send(self.sip.request("INFO", self.dialog, kind, body))
        self.hear(200)

    def told(self) -> str:
        return "".join(event.tone for event in self.engine.of(LegDtmf))


@pytest.fixture
def far(engine: EngineProcess) -> Iterator[FarEnd]:
    with FarEnd(engine) as made:
        yield made


def sound(directory: Path, keys: str) -> bytes:
    return press(directory / "keys.al", keys).read_bytes()


def test_keys_in_the_sound_are_told_once_each(far: FarEnd, tmp_path: Path) -> None:
    far.call()
    far.play(sound(tmp_path, "19#"))
    assert far.told() == "19#"


def test_who_offers_events_is_not_listened_to(far: FarEnd, tmp_path: Path) -> None:
    far.call(events=True)
    far.play(sound(tmp_path, "19#"))
    assert far.told() == ""


def test_key_that_comes_as_info_and_as_sound_is_told_once(far: FarEnd, tmp_path: Path) -> None:
    far.call()
    pressed = sound(tmp_path, "5")
    far.play(pressed)
    far.info("5")
    far.play(pressed)
    far.info("5")
    far.play(pressed)
    assert far.told() == "55"


def test_our_own_tones_that_come_back_are_no_keys_of_theirs(
    far: FarEnd, engine: EngineProcess, tmp_path: Path
) -> None:
    far.call()
    engine.ask(SendDtmf(leg=-1, tones="19#", method="inband", duration_ms=100))
    assert far.echo(packets=60) > 40
    assert far.told() == ""
    far.play(sound(tmp_path, "D"))
    assert far.told() == "D"


def test_keys_go_as_sound_to_who_allows_info_but_refuses_it_for_keys(
    far: FarEnd, engine: EngineProcess
) -> None:
    far.call("Allow: INVITE, ACK, BYE, INFO\r\n")
    press = SendDtmf(leg=-1, tones="1", method="", duration_ms=100)
    engine.tell(press)
    asked = [far.hear(b"INFO")]
    for _ in range(20):  # until the stack has heard the first refusal
        for info in asked:
            far.sip.send(far.sip.answer(info, "415 Unsupported Media Type", to_tag=""))
        engine.read(0.1)
        engine.ask(press)
        asked = [message for message in far.sip.receive() if message.startswith(b"INFO")]
        if not asked:
            return
    raise AssertionError("INFO is sent on and on")
