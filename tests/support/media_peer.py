# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign party for every codec: SIPp speaks SIP, FFmpeg's decoders (PyAV) judge the sound.

FFmpeg shares no codec with pjproject and decodes all of ours, so what it hears proves the
engine's encoder. It sends the same packets back: a stream that FFmpeg has found to be a tone and
that the engine plays as that tone proves the engine's decoder.
"""

import io
import re
import socket
import struct
import threading
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.support.processes import free_ports
from tests.support.sipp import Codec, Sipp
from tests.support.tones import Samples

if TYPE_CHECKING:
    import av

ADDRESS = "127.0.0.1"
PACKET_BYTES = 2048
# RFC 3550, 5.1: version and flags, marker and payload type, sequence, timestamp, source.
_HEADER = struct.Struct("!BBHII")
_MARKER, _TYPE = 0x80, 0x7F


@dataclass(frozen=True, slots=True)
class Format:
    """A codec in SDP, and how to have FFmpeg decode a stream of its payloads."""

    codec: Codec
    rate: int
    decode: Callable[[list[bytes], int], Samples]


@dataclass(frozen=True, slots=True)
class Packet:
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes


class MediaPeer:
    """One party that runs a SIPp scenario with the media in our hands.

    It records the RTP it gets and, while `echoes` is true, sends it back.
    """

    def __init__(
        self,
        directory: Path,
        scenario: str,
        media: Format,
        *,
        user: str = "media",
        call: str = "",
        duration_s: float = 1.0,
    ) -> None:
        self.media = media
        self.echoes = True
        self.packets: list[Packet] = []
        self.sender: tuple[str, int] | None = None
        """Who sends it sound."""
        port = free_ports(2)[0]
        self.sipp = Sipp(
            directory,
            scenario,
            user=user,
            call=call,
            duration_s=duration_s,
            codec=media.codec,
            audio_port=port,
        )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, port))
        self._thread = threading.Thread(target=self._run, name=f"media-{port}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.sipp.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sipp.program.stop()
        # An empty datagram ends the thread.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def heard(self) -> tuple[Samples, int]:
        """The audio received so far and its rate, as FFmpeg decodes it."""
        payloads = [
            packet.payload
            for packet in sorted(self.packets, key=lambda packet: packet.timestamp)
            if packet.payload_type == self.media.codec.payload
        ]
        return self.media.decode(payloads, self.media.rate), self.media.rate

    def _run(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(PACKET_BYTES)
            if not data:
                return
            if len(data) < _HEADER.size:
                continue
            self.sender = sender
            flags, kind, sequence, timestamp, source = _HEADER.unpack_from(data)
            payload = data[_HEADER.size :]
            self.packets.append(Packet(kind & _TYPE, sequence, timestamp, payload))
            if self.echoes:
                if kind & _TYPE == self.media.codec.payload:
                    kind = kind & _MARKER | self._their_payload_type
                head = _HEADER.pack(flags, kind, sequence, timestamp, source)
                self._socket.sendto(head + payload, sender)

    @cached_property
    def _their_payload_type(self) -> int:
        """Each party gets the number of its own SDP (RFC 3264, 5.1); only used once RTP flows."""
        pattern = re.compile(rf"^a=rtpmap:(\d+) {self.media.codec.name}", re.MULTILINE)
        for direction, message in self.sipp.messages:
            if direction == "received" and (found := pattern.search(message)):
                return int(found[1])
        # A static number needs no rtpmap.
        return self.media.codec.payload


def _as_file(container: str, head: bytes = b"") -> Callable[[list[bytes], int], Samples]:
    """Payloads put one after another, behind a head, are a file that FFmpeg reads."""

    def decode(payloads: list[bytes], rate: int) -> Samples:
        # 100 MB of libraries: only the tests that listen pay for them.
        import av  # noqa: PLC0415

        options = {"sample_rate": str(rate)} if container in {"alaw", "mulaw"} else {}
        file = io.BytesIO(head + b"".join(payloads))
        with av.open(file, "r", format=container, options=options) as opened:
            return _samples(opened.decode(audio=0), rate)

    return decode


def _ilbc(payloads: list[bytes], rate: int) -> Samples:
    """RFC 3952: 38 bytes are a frame of 20 ms, 50 bytes one of 30 ms; its files say which."""
    sizes = {38: b"#!iLBC20\n", 50: b"#!iLBC30\n"}
    frame = next(size for size in sizes if len(payloads[0]) % size == 0)
    return _as_file("ilbc", sizes[frame])(payloads, rate)


def _speex(payloads: list[bytes], rate: int) -> Samples:
    """Speex has no raw file: packet by packet (RFC 5574)."""
    import av  # noqa: PLC0415  # as above

    context = av.CodecContext.create("speex", "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = rate
    context.layout = "mono"
    packets = (av.Packet(payload) for payload in payloads)
    return _samples((frame for packet in packets for frame in context.decode(packet)), rate)


def _samples(frames: "Iterable[av.AudioFrame]", rate: int) -> Samples:
    import av  # noqa: PLC0415  # as above

    resampler = av.AudioResampler("s16", "mono", rate)
    samples = array("h")
    for frame in frames:
        for part in resampler.resample(frame):
            samples.frombytes(bytes(part.planes[0])[: part.samples * samples.itemsize])
    return samples


FORMATS = {
    "PCMU": Format(Codec(0, "PCMU/8000"), 8000, _as_file("mulaw")),
    "PCMA": Format(Codec(8, "PCMA/8000"), 8000, _as_file("alaw")),
    "GSM": Format(Codec(3, "GSM/8000"), 8000, _as_file("gsm")),
    # The clock in SDP is 8000 by mistake, for ever (RFC 3551, 4.5.2).
    "G722": Format(Codec(9, "G722/8000"), 16000, _as_file("g722")),
    "iLBC": Format(Codec(97, "iLBC/8000", "mode=30"), 8000, _ilbc),
    "speex": Format(Codec(98, "speex/8000"), 8000, _speex),
    "speex-wide": Format(Codec(99, "speex/16000"), 16000, _speex),
}
