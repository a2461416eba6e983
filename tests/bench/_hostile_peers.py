# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of a phone that say anything at all: a SIP server on TCP or TLS, sound, STUN, a manager."""

import asyncio
import random
import re
import socket
import ssl
import struct
from contextlib import suppress

from offhookd.engine.stun import Mapped
from tests.bench._hostile_words import WORDS
from tests.support.raw_sip import RawPeer
from tests.support.stun import BINDING, ERROR, INDICATION, SUCCESS, attribute, message, xor_mapped

GONE = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
"""How a conversation ends; the last when the fuzzer itself does."""

LONGEST_BYTES = 65_536
MEDIA_PORT = 40_000
"""Where the descriptions in `raw_sip` and `_hostile` say that the far end's sound is."""
RIGHT = 0.5
"""Questions to the STUN server that are answered rightly; some of them wrongly as well."""

SOUND_KINDS = (0, 8, 3, 9, 13, 97, 101, 96, 72, 127)
"""Payload types: codecs, comfort noise, events, and one that RTCP could be taken for."""
CONTROL_KINDS = (200, 201, 202, 203, 204, 205, 206, 207, 192, 255)

MANAGER_EVENTS = (
    *("Newchannel", "Newstate", "DialBegin", "DialState", "DialEnd", "BridgeEnter", "Hangup"),
    *("OriginateResponse", "BlindTransfer", "FullyBooted", "", "x" * 300),
)
MANAGER_FIELDS = (
    *("Channel", "Uniqueid", "Linkedid", "ChannelState", "DestUniqueid", "DestChannel", "Cause"),
    *("Cause-txt", "DialStatus", "Reason", "Response", "ActionID", "Result", "TransfererUniqueid"),
)
MANAGER_VALUES = (
    *("0", "4", "5", "6", "16", "17", "-1", "9" * 5000, "ANSWER", "BUSY", "RINGING", "Success"),
    *("PJSIP/1-0", "{}", "%s", "\x00", "\u202e", "²", "<null>", "", "x" * 7000),
)


class Streams(RawPeer):
    """A server that the phone connects to: all connections are one peer, answered alike."""

    def __init__(self, engine_port: int, transport: str) -> None:
        super().__init__(engine_port)
        self.transport = transport
        self._via = f"SIP/2.0/{transport.upper()}".encode()
        self._writers: list[asyncio.StreamWriter] = []
        self._received: list[bytes] = []
        self._server: asyncio.Server | None = None

    async def listen(self, tls: ssl.SSLContext | None) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=tls, limit=LONGEST_BYTES
        )

    def close(self) -> None:
        super().close()
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.close()

    def send(self, data: bytes) -> None:
        data = data.replace(b"SIP/2.0/UDP", self._via)
        for writer in self._writers[-1:]:
            writer.write(data)

    def receive(self) -> list[bytes]:
        received, self._received = self._received, []
        return received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(*GONE):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                length = re.search(rb"\r\nContent-Length: *(\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                if head:
                    self._received.append(head + body)
        self._writers.remove(writer)
        writer.close()


class Sound:
    """What comes to the sockets of a call's sound instead of sound."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._sock = socket.socket(type=socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(("127.0.0.1", MEDIA_PORT))
        self._sock.setblocking(False)
        self._number = 0
        self.sent = 0

    def close(self) -> None:
        self._sock.close()

    def send(self, port: int) -> None:
        make = self._rng.choice((self._rtp, self._rtp, self._event, self._rtcp, self._stun))
        packet = make()
        if self._rng.random() < 0.3:
            packet = packet[: self._rng.randrange(len(packet) + 1)]
        if packet and self._rng.random() < 0.3:
            at = self._rng.randrange(len(packet))
            packet = packet[:at] + self._rng.randbytes(self._rng.choice((1, 4))) + packet[at + 1 :]
        with suppress(OSError):
            self._sock.sendto(packet, ("127.0.0.1", port + (make == self._rtcp)))
            self.sent += 1
        with suppress(BlockingIOError):
            while True:
                self._sock.recv(LONGEST_BYTES)

    def _rtp(self, kind: int | None = None, payload: bytes | None = None) -> bytes:
        self._number = self._rng.choice((self._number + 1, self._rng.randrange(65_536))) % 65_536
        kind = self._rng.choice(SOUND_KINDS) if kind is None else kind
        flags = self._rng.choice((0x80, 0x80, 0x80, 0x90, 0xA0, 0x8F, 0xBF, 0x40))
        marked = kind | self._rng.choice((0, 0x80))
        stamp = self._rng.choice((self._number * 160, self._rng.randrange(2**32)))
        source = self._rng.choice((1, 1, 1, self._rng.randrange(2**32)))
        sizes = (0, 1, 10, 33, 160, 160, 480, 1400)
        body = self._rng.randbytes(self._rng.choice(sizes)) if payload is None else payload
        return struct.pack("!BBHII", flags, marked, self._number, stamp % 2**32, source) + body

    def _event(self) -> bytes:
        """RFC 4733; also of keys that there are not, of no length and of a packed row."""
        events = self._rng.choice((1, 1, 0, 20))
        payload = b"".join(
            struct.pack("!BBH", self._rng.randrange(256), self._rng.choice((10, 0x8A, 255)),
                        self._rng.choice((0, 160, 800, 65_535)))
            for _ in range(events)
        )  # fmt: skip
        return self._rtp(self._rng.choice((96, 101)), payload)

    def _rtcp(self) -> bytes:
        packet = b""
        for _ in range(self._rng.choice((1, 2, 2, 5))):
            body = self._rng.randbytes(4 * self._rng.choice((1, 6, 7, 13, 60)))
            words = self._rng.choice((len(body) // 4, len(body) // 4, 0, 65_535))
            count = 0x80 | self._rng.choice((0, 1, 2, 31))
            packet += struct.pack("!BBH", count, self._rng.choice(CONTROL_KINDS), words) + body
        return packet

    def _stun(self) -> bytes:
        return hostile_stun(self._rng, self._rng.randbytes(12))


def hostile_stun(rng: random.Random, transaction: bytes) -> bytes:
    kind = rng.choice((BINDING, SUCCESS, SUCCESS, SUCCESS, ERROR, INDICATION, 0x0003))
    attributes = [
        attribute(rng.choice((1, 6, 8, 9, 0x20, 0x24, 0x8022, 0x8028, 0x8029)),
                  rng.randbytes(rng.choice((0, 4, 8, 8, 20, 300))))
        for _ in range(rng.choice((0, 1, 2, 40)))
    ]  # fmt: skip
    return message(kind, transaction, *attributes)


class StunServer(asyncio.DatagramProtocol):
    """Answers with anything, sometimes rightly addressed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed says BaseTransport
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        chance = self._rng.random()
        if chance < RIGHT:
            told = xor_mapped(Mapped("198.51.100.7", 4000), data[8:20])
            self._transport.sendto(message(SUCCESS, data[8:20], told), addr)
        if RIGHT / 2 < chance < 0.8:
            return
        answer = hostile_stun(self._rng, data[8:20])
        if self._rng.random() < 0.2:
            answer = answer[: self._rng.randrange(len(answer))]
        self._transport.sendto(answer, addr)


class Manager:
    """An Asterisk that answers every action with something, and tells of much besides."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        banner = b"Asterisk Call Manager/5.0.4\r\n" if self._rng.random() < 0.9 else b"\xff" * 9000
        with suppress(*GONE):
            writer.write(banner)
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
                number = re.search(r"ActionID: ([^\r]*)", asked)
                channel = re.search(r"ChannelId: ([^\r]*)", asked, re.IGNORECASE)
                identity = channel[1] if channel else number[1] if number else ""
                self._answer(writer, number[1] if number else "")
                for _ in range(self._rng.choice((0, 0, 3, 30)) if channel else 0):
                    self._tell(writer, identity)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, number: str) -> None:
        word = self._rng.choice(("Success", "Success", "Success", "Success", "Error", "\xff"))
        text = f"Response: {word}\r\nActionID: {number}\r\nChallenge: 1\r\nMessage: x\r\n"
        text += "Value: 1\r\n" + "Originate: (Priv: a)\r\nHangup: \r\nPlayDTMF: \r\n"
        data = (text + "\r\n").encode()
        if self._rng.random() < 0.05:
            data = b"\r\n".join(self._rng.choice(WORDS) for _ in range(30)) + b"\r\n\r\n" + data
        if self._rng.random() < 0.03:
            data = data[: self._rng.randrange(len(data))]
        writer.write(data)

    def _tell(self, writer: asyncio.StreamWriter, identity: str) -> None:
        lines = [f"Event: {self._rng.choice(MANAGER_EVENTS)}", f"Uniqueid: {identity}"]
        for _ in range(self._rng.randrange(6)):
            value = self._rng.choice((*MANAGER_VALUES, identity))
            lines.append(f"{self._rng.choice(MANAGER_FIELDS)}: {value}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
