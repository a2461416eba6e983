# SPDX-License-Identifier: GPL-2.0-or-later
"""A foreign party in the guest: SIPp, which calls and echoes what it hears."""

from pathlib import Path

from tests.vm.channel import Guest
from tests.vm.stages import SIP_PORT

SCENARIO = Path(__file__).with_name("caller.xml")
LIFE_S = 1200


class Caller:
    """`port` is its own; each needs another, and the next for its sound."""

    def __init__(self, guest: Guest, port: int = 6000) -> None:
        self._guest = guest
        self._port = port
        self._scenario = f"/tmp/caller-{port}.xml"
        guest.put(self._scenario, SCENARIO.read_bytes())

    def call(self) -> None:
        words = [
            *("sipp", f"127.0.0.1:{SIP_PORT}", "-sf", self._scenario, "-m", "1", "-nostdin"),
            *("-i", "127.0.0.1", "-p", self._port, "-mi", "127.0.0.1"),
            *("-mp", self._port + 10, "-rtp_echo"),
        ]
        self._guest.run(
            *("systemd-run", "--user", "--quiet", f"--unit=caller-{self._port}"),
            *(f"--property=RuntimeMaxSec={LIFE_S}", "--property=RemainAfterExit=yes"),
            *map(str, words),
        )
