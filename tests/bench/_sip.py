# SPDX-License-Identifier: GPL-2.0-or-later
"""The far end of a measured call: a SIP peer whose clock is the kernel's.

It is a registrar too, one that asks for no password.
"""

import re
import socket
import time
from dataclasses import dataclass
from typing import Self

from tests.support.raw_sip import Dialog, RawPeer, status_of
from tests.support.wire import SO_TIMESTAMPNS, kernel_time_ns


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the kernel received it (nanoseconds since 1970)."""

    time_ns: int
    data: bytes

    @property
    def status(self) -> int:
        """0 for a request."""
        return status_of(self.data)

    @property
    def method(self) -> str:
        """Of the request, or of the one it answers."""
        found = re.search(rb"\r\nCSeq: *\d+ ([A-Z]+)", self.data)
        return found[1].decode() if found else ""


class FarEnd(RawPeer):
    """Answers REGISTER and BYE by itself when it is read; its RTP port takes and ignores."""

    def __init__(self) -> None:
        super().__init__(0)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sock.setblocking(True)
        self._rtp = socket.socket(type=socket.SOCK_DGRAM)
        self._rtp.bind((self.address, 0))
        port = self._rtp.getsockname()[1]
        self._sdp = (
            f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        self._contact = f"Contact: <sip:peer@{self.address}:{self.port}>\r\n"
        self.seen: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._rtp.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def invite(self, dialog: Dialog) -> int:
        """Call the phone; the time just before (nanoseconds since 1970)."""
        data = self.request("INVITE", dialog, self._contact, self._sdp, to="1001")
        sent_ns = time.time_ns()
        self.send(data)
        return sent_ns

    def answer_call(self, invite: Message) -> None:
        self.send(self.answer(invite.data, "200 OK", self._contact, self._sdp))

    def send_to_self(self) -> int:
        """A datagram that is seen as the request ECHO; the time just before."""
        data = b"ECHO sip:me SIP/2.0\r\nCSeq: 1 ECHO\r\n\r\n"
        sent_ns = time.time_ns()
        self._sock.sendto(data, (self.address, self.port))
        return sent_ns

    def read(self) -> None:
        """Wait for one message, add it to `seen` and answer what needs no thought."""
        data, ancillary, _, sender = self._sock.recvmsg(65536, 128)
        message = Message(kernel_time_ns(ancillary), data)
        self.seen.append(message)
        if sender[1] != self.port:
            self.talk_to(sender[1])
        if not message.status and message.method in {"REGISTER", "BYE"}:
            headers = ""
            if message.method == "REGISTER":
                headers = re.findall(r"Contact:[^\r]*\r\n", data.decode())[0] + "Expires: 300\r\n"
            self.send(self.answer(data, "200 OK", headers))

    def first(self, method: str, status: int = 0) -> Message | None:
        """The first request of this method seen, or response with this status to one."""
        wanted = (method, status)
        return next((one for one in self.seen if (one.method, one.status) == wanted), None)
