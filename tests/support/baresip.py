# SPDX-License-Identifier: GPL-2.0-or-later
"""A phone we did not write: baresip on loopback, with a tone for a voice and a file for an ear."""

import json
import select
import socket
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from tests.support.processes import PATIENCE_S, Program, free_port, free_ports, until
from tests.support.tones import Samples, read_wav

ADDRESS = "127.0.0.1"
# Signalling on loopback takes milliseconds; this is for a machine busy with something else.
# A call takes two ports; twenty are for a few calls after another.
RTP_PORTS = 20

# It stays for minutes to answer late repetitions of its last call; nobody needs them.
UNREGISTER_S = 0.3

# Where the format is in a WAV file, and how long the head of one is (RIFF, "fmt ", "data").
WAV_FORMAT, WAV_HEAD = 20, 44

Transport = Literal["udp", "tcp", "tls"]


class Codec(StrEnum):
    """The codecs of ours that Debian's baresip speaks, by its names."""

    PCMU = "PCMU/8000/1"
    PCMA = "PCMA/8000/1"
    G722 = "G722/16000/1"
    GSM = "GSM/8000/1"


@dataclass(frozen=True, slots=True)
class Event:
    """Something baresip told: CALL_INCOMING, CALL_ESTABLISHED, REGISTER_OK, ..."""

    type: str
    peer: str
    detail: str


class Baresip:
    """One account, registered with a server or reachable directly."""

    def __init__(
        self,
        directory: Path,
        user: str,
        *,
        registrar: str = "",
        password: str = "",
        transport: Transport = "udp",
        codecs: Sequence[Codec] = tuple(Codec),
        tone_hz: int = 440,
        answers: bool = True,
        srtp: str = "",
        watches: str = "",
        ice_at: str = "",
    ) -> None:
        """`registrar` is HOST:PORT, empty for a phone that is called directly; `watches` the
        address of somebody whose presence it follows, and to whom it shows its own; `srtp`:
        "srtp" encrypts if the other party can (a plain profile with keys), "srtp-mand" insists;
        `ice_at` the address of this machine that it uses, with ICE, instead of the loopback's.

        Over TLS this baresip (1.0.0) accepts any certificate.
        """
        self.user = user
        self.port, self._tls_port = free_ports(2)
        self._control_port = free_port()
        self._directory = directory
        self._address = ice_at or ADDRESS
        self._connection: socket.socket | None = None
        self._buffer = b""
        self._events: list[Event] = []
        host = registrar or f"{self._address}:{self.port}"
        self.uri = f"sip:{user}@{host}"
        self._transport: Transport = transport
        account = [
            f"<{self.uri};transport={transport}>",
            f"regint={60 if registrar else 0}",
            f"answermode={'auto' if answers else 'manual'}",
            f"audio_codecs={','.join(codecs)}",
        ]
        if password:
            account.append(f"auth_pass={password}")
        if srtp:
            account.append(f"mediaenc={srtp}")
        if ice_at:
            account.append("medianat=ice")
        (directory / "accounts").write_text(";".join(account) + "\n")
        applications = ["account", "menu", "ctrl_tcp"]
        if watches:
            (directory / "contacts").write_text(f'"Watched" <{watches}>;presence=p2p\n')
            applications += ["contact", "presence"]
        (directory / "config").write_text(self._configuration(tone_hz, applications))
        self.program = Program(
            f"baresip {user}", ["baresip", "-v", "-s", "-f", directory], directory / "log"
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start and return once it takes commands; 0.1 s."""
        self.program.start()
        self.program.wait_ready(self._connect)
        return self

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.program.stop(UNREGISTER_S)

    @property
    def contact(self) -> str:
        """Where it is called directly."""
        port = self._tls_port if self._transport == "tls" else self.port
        return f"sip:{self.user}@{self._address}:{port};transport={self._transport}"

    @property
    def events(self) -> list[Event]:
        """Everything told so far, oldest first."""
        while self._connection is not None and select.select([self._connection], [], [], 0)[0]:
            if not self._receive():
                break
        return self._events

    async def told(self, event_type: str, count: int = 1) -> Event:
        """Wait for the count-th event of this type."""

        def matching() -> list[Event]:
            return [event for event in self.events if event.type == event_type]

        what = f"{event_type} of baresip {self.user}"
        await until(lambda: len(matching()) >= count, PATIENCE_S, what)
        return matching()[count - 1]

    @property
    def drops_digits(self) -> bool:
        """Version 1.1 takes what repeats the timestamp of a digit, such as its end, for late.

        Known once it has answered a call.
        """
        return "Server: baresip v1.1." in (self._directory / "log").read_text(errors="replace")

    @property
    def digits(self) -> str:
        """The DTMF digits it received."""
        return "".join(event.detail for event in self.events if event.type == "CALL_DTMF_START")

    async def registered(self) -> None:
        """Wait for the registrar's OK, which may have come before anybody listened for events."""
        if "OK" not in self.command("reginfo"):
            await self.told("REGISTER_OK")

    def dial(self, uri: str) -> None:
        self.command("dial", uri)

    def answer(self) -> None:
        self.command("accept")

    def hang_up(self) -> None:
        self.command("hangup")

    def hold(self) -> None:
        self.command("hold")

    async def resume(self) -> None:
        """Once its hold is through: version 1.1 refuses until then."""
        await until(lambda: self._takes("resume"), PATIENCE_S, "baresip to resume")

    def transfer(self, uri: str) -> None:
        """Blind transfer of the current call."""
        self.command("transfer", uri)

    def send_dtmf(self, digits: str) -> None:
        """As telephone events (RFC 4733) in the current call."""
        self.command("sndcode", digits)

    def heard(self, call: int = -1) -> tuple[Samples, int]:
        """What it heard in its last call (or that of the index) and the rate; after the call."""
        if self._connection is not None:
            # It tells of the call's end before it closes the file, but in one go: once it
            # answers again, the file is whole.
            self.command("listcalls")
        recordings = sorted(self._directory.glob("dump-*-dec.wav"))
        return read_wav(recordings[call])

    def lately(self, seconds: float) -> tuple[Samples, int]:
        """The last of what it heard, while its call goes on, and the rate; none before it begins
        to write that down."""
        newest = max(self._directory.glob("dump-*-dec.wav"), default=None)
        data = newest.read_bytes() if newest else b""
        if len(data) <= WAV_HEAD:
            return array("h"), 0
        _, channels, rate = struct.unpack_from("<HHI", data, WAV_FORMAT)
        whole = (len(data) - WAV_HEAD) // (2 * channels) * channels
        samples = array("h", data[WAV_HEAD : WAV_HEAD + 2 * whole])[::channels]
        return samples[-round(seconds * rate) :], int(rate)

    def show_presence(self, state: str) -> None:
        """What it tells those who watch it; in version 1.1 the state is an argument."""
        if not self._takes(f"presence_{state}"):
            self.command("presence", state)

    def _takes(self, command: str) -> bool:
        try:
            self.command(command)
        except RuntimeError:
            return False
        return True

    def command(self, name: str, argument: str = "") -> str:
        """Answer of a command of baresip's menu; RuntimeError with the answer if refused."""
        assert self._connection is not None, "baresip was not started"
        text = json.dumps({"command": name, "params": argument, "token": "ours"}).encode()
        self._connection.sendall(b"%d:%s," % (len(text), text))
        while True:
            for message in self._receive():
                if message.get("token") == "ours":
                    if not message["ok"]:
                        raise RuntimeError(f"baresip: {name} {argument}: {message['data']}")
                    return str(message["data"])

    def _connect(self) -> bool:
        try:
            self._connection = socket.create_connection((ADDRESS, self._control_port), PATIENCE_S)
        except ConnectionRefusedError:
            return False
        return True

    def _receive(self) -> list[dict[str, str]]:
        """The next messages, at least one; none when the connection is closed."""
        assert self._connection is not None
        messages: list[dict[str, str]] = []
        while not messages:
            received = self._connection.recv(1 << 16)
            if not received:
                return []
            self._buffer += received
            messages = self._complete_messages()
        self._events += [
            Event(message["type"], message.get("peeruri", ""), message.get("param", ""))
            for message in messages
            if message.get("event")
        ]
        return messages

    def _complete_messages(self) -> list[dict[str, str]]:
        """Take the whole netstrings (LENGTH:JSON,) out of the buffer."""
        messages = []
        while b":" in self._buffer:
            length, _, rest = self._buffer.partition(b":")
            if len(rest) <= int(length):
                break
            messages.append(json.loads(rest[: int(length)]))
            self._buffer = rest[int(length) + 1 :]
        return messages

    def _configuration(self, tone_hz: int, applications: Sequence[str]) -> str:
        rtp = free_ports(RTP_PORTS)
        lines = [
            f"sip_listen {self._address}:{self.port}",
            # It refuses the interface lo by its name, but not its address.
            f"net_interface {self._address}",
            f"rtp_ports {rtp[0]}-{rtp[-1]}",
            f"ctrl_tcp_listen {ADDRESS}:{self._control_port}",
            # ausine makes nothing else; baresip converts to the codec's rate.
            f"audio_source ausine,{tone_hz}",
            "ausrc_srate 48000",
            "ausrc_channels 2",
            # The filter sndfile records; it only runs where something plays.
            "audio_player aubridge,ear",
            f"snd_path {self._directory}",
            f"module_path {_modules()}",
            *(f"module {name}.so" for name in ("g711", "g722", "gsm", "ausine", "aubridge")),
            *(f"module {name}.so" for name in ("sndfile", "srtp", "ice")),
            *(f"module_app {name}.so" for name in applications),
        ]
        return "\n".join(lines) + "\n"


def _modules() -> Path:
    for directory in (
        Path("/usr/lib/baresip/modules"),
        *Path("/usr/lib").glob("*/baresip/modules"),
    ):
        if directory.is_dir():
            return directory
    raise FileNotFoundError("baresip is not installed")
