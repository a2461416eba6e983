# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripted SIP parties: SIPp running one of the scenarios in `sipp/`."""

import csv
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

from tests.support.kamailio import password
from tests.support.processes import PATIENCE_S, Program, free_port, free_ports, taken, until

SCENARIOS = Path(__file__).with_name("sipp")
ADDRESS = "127.0.0.1"
# SIPp gives up by itself a little before the test does, so that its own report is complete.
GRACE_S = 5.0
# RTP and RTCP, for sound and for video.
MEDIA_PORTS = 4

Transport = Literal["udp", "tcp"]
# What SIPp writes before each message of its trace.
_TRACE_MARK = re.compile(r"^-{20,} .*\n(?:UDP|TCP) message (sent|received).*\n\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended; exit code 0 means every call went by the scenario."""

    exit_code: int
    succeeded: int
    failed: int
    errors: str


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload format in SDP (RFC 4566): number, name and rate, format parameters."""

    payload: int
    name: str
    parameters: str = ""


PCMA = Codec(8, "PCMA/8000")


class Sipp:
    """One run of a scenario, as the called party or, given whom to call, as the calling one.

    Echoes RTP unless `audio_port` says who else does the media. SIPp as the called party is
    unknown to a registrar: Kamailio.add_contact(user, sipp.contact).
    """

    def __init__(
        self,
        directory: Path,
        scenario: str,
        *,
        user: str = "sipp",
        call: str = "",
        transport: Transport = "udp",
        calls: int = 1,
        calls_per_s: int = 10,
        duration_s: float = 0.5,
        timeout_s: float = 3 * PATIENCE_S,
        codec: Codec = PCMA,
        audio_port: int | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """`call` is USER@HOST:PORT; `duration_s` the scenario's pause; `keys` its own words."""
        self.user = user
        self.port = free_port()
        self.media_port = audio_port or free_ports(MEDIA_PORTS)[0]
        self.timeout_s = timeout_s
        self._directory = directory
        self._transport: Transport = transport
        self._calling = bool(call)
        callee, _, remote = call.rpartition("@")
        words = {
            "caller": user,
            "password": password(user),
            "audio_port": str(self.media_port),
            "payload": str(codec.payload),
            "codec": codec.name,
            "headers": "Subject: a call",
            "fmtp": f"a=fmtp:{codec.payload} {codec.parameters}"
            if codec.parameters
            else "a=ptime:20",
            **(keys or {}),
        }
        script = directory / f"{scenario}.xml"
        script.write_text(_filled(scenario, words))
        argv = ["sipp", "-sf", script]
        argv += ["-i", ADDRESS, "-p", self.port, "-t", "u1" if transport == "udp" else "t1"]
        argv += [
            "-mi",
            ADDRESS,
            *([_media_option(), self.media_port, "-rtp_echo"] if audio_port is None else []),
        ]
        argv += ["-m", calls, "-r", calls_per_s, "-d", round(duration_s * 1000)]
        argv += ["-timeout", f"{timeout_s:.0f}s", "-timeout_error", "-nostdin"]
        argv += ["-watchdog_interval", 0]  # a busy machine is no error of a call
        argv += ["-trace_stat", "-stf", "stat.csv", "-trace_err", "-error_file", "errors"]
        argv += ["-trace_msg", "-message_file", "messages"]
        argv += ["-s", callee, remote] if call else []
        self.program = Program(
            f"sipp {scenario}", [str(word) for word in argv], directory / "log", directory=directory
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.program.stop()

    def start(self) -> Self:
        """Start; a called party is listening when this returns."""
        self.program.start()
        if not self._calling:
            self.program.wait_ready(lambda: taken(self._transport, self.port))
        return self

    @property
    def contact(self) -> str:
        """Where the called party is reached."""
        suffix = "" if self._transport == "udp" else f";transport={self._transport}"
        return f"sip:{self.user}@{ADDRESS}:{self.port}{suffix}"

    @property
    def messages(self) -> list[tuple[Literal["sent", "received"], str]]:
        """Every SIP message so far, in order."""
        trace = self._read("messages")
        marks = list(_TRACE_MARK.finditer(trace))
        return [
            ("sent" if mark[1] == "sent" else "received", trace[mark.end() : end].strip("\n"))
            for mark, end in zip(marks, _ends(marks, len(trace)), strict=True)
        ]

    async def result(self) -> Result:
        """Wait for the end of the run."""
        await until(
            lambda: not self.program.running,
            self.timeout_s + GRACE_S,
            f"{self.program.name} to end",
        )
        rows = list(csv.DictReader(self._read("stat.csv").splitlines(), delimiter=";"))
        last = rows[-1] if rows else {}
        return Result(
            self.program.exit_code or 0,
            int(last.get("SuccessfulCall(C)", 0)),
            int(last.get("FailedCall(C)", 0)),
            self._read("errors"),
        )

    def _read(self, name: str) -> str:
        path = self._directory / name
        return path.read_text(errors="replace") if path.exists() else ""


def _ends(marks: Sequence[re.Match[str]], total: int) -> list[int]:
    """Each message ends where the next one's mark begins."""
    return [*(mark.start() for mark in marks), total][1:]


@cache
def _media_option() -> str:
    """How this SIPp names the first port of its sound: 3.7.2 knows the new name only."""
    help_text = subprocess.run(["sipp", "-h"], capture_output=True, text=True, check=False).stdout
    return "-min_rtp_port" if "-min_rtp_port" in help_text else "-mp"


def _filled(scenario: str, words: Mapping[str, str]) -> str:
    """SIPp's own -key cannot stand in a status line or in an attribute."""
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    for name, value in words.items():
        text = text.replace(f"[{name}]", value)
    return text
