# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIP peer that sends exactly the bytes it is told to."""

import itertools
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field

_numbers = itertools.count(1)

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


@dataclass(slots=True)
class Dialog:
    """What the messages of one call have in common; `to_tag` "" before it is known."""

    call_id: str = field(default_factory=lambda: f"call-{next(_numbers)}@test")
    from_tag: str = field(default_factory=lambda: f"tag-{next(_numbers)}")
    to_tag: str = ""
    cseq: int = 1


class RawPeer:
    """One UDP socket on 127.0.0.1 that talks to the engine's port on 127.0.0.1."""

    def __init__(self, engine_port: int, address: str = "127.0.0.1") -> None:
        self._sock = socket.socket(type=socket.SOCK_DGRAM)
        self._sock.bind((address, 0))
        self._sock.setblocking(False)
        self._engine = ("127.0.0.1", engine_port)
        self.address = address
        self.port = int(self._sock.getsockname()[1])

    def close(self) -> None:
        self._sock.close()

    @property
    def engine_port(self) -> int:
        return self._engine[1]

    def talk_to(self, engine_port: int) -> None:
        self._engine = ("127.0.0.1", engine_port)

    def send(self, data: bytes) -> None:
        self._sock.sendto(data, self._engine)

    def receive(self) -> list[bytes]:
        """All that has arrived."""
        messages = []
        with suppress(BlockingIOError):
            while True:
                messages.append(self._sock.recv(65536))
        return messages

    def request(
        self, method: str, dialog: Dialog, headers: str = "", body: str = "", to: str = "me"
    ) -> bytes:
        """The request; `headers` are whole lines, each with its CRLF."""
        to_tag = f";tag={dialog.to_tag}" if dialog.to_tag else ""
        if body and "content-type" not in headers.lower():
            headers += "Content-Type: application/sdp\r\n"
        return (
            f"{method} sip:{to}@127.0.0.1:{self._engine[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bK{next(_numbers)};rport\r\n"
            f"From: <sip:peer@127.0.0.1>;tag={dialog.from_tag}\r\n"
            f"To: <sip:{to}@127.0.0.1>{to_tag}\r\nCall-ID: {dialog.call_id}\r\n"
            f"CSeq: {dialog.cseq} {method}\r\nMax-Forwards: 70\r\n"
            + ("" if "ontact:" in headers else f"Contact: <sip:peer@127.0.0.1:{self.port}>\r\n")
            + f"{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def answer(
        self, request: bytes, status: str, headers: str = "", body: str = "", to_tag: str = "peer"
    ) -> bytes:
        """A response to `request`."""
        lines = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
        copied = [line for line in lines if re.match(r"(?i)(via|from|to|call-id|cseq)\s*:", line)]
        if to_tag:
            copied = [
                f"{line};tag={to_tag}"
                if line.startswith("To:") and ";tag=" not in line.rpartition(">")[2]
                else line
                for line in copied
            ]
        if body and "content-type" not in headers.lower():
            headers += "Content-Type: application/sdp\r\n"
        head = "\r\n".join(copied)
        return (
            f"SIP/2.0 {status}\r\n{head}\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def status_of(message: bytes) -> int:
    """Of a response; 0 for a request."""
    found = re.match(rb"SIP/2\.0 (\d{3})", message)
    return int(found[1]) if found else 0


def to_tag_of(message: bytes) -> str:
    found = re.search(rb"\r\nTo:[^\r]*;tag=([^;\r]+)", message)
    return found[1].decode() if found else ""
