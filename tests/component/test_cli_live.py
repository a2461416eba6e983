# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook watch`` on a real terminal."""

import asyncio
import itertools
import re
import signal
import sys
from contextlib import suppress

from offhook.aio import Phone
from offhookd.party import Party
from tests.support.cli import CommandLine
from tests.support.daemon import RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.processes import PATIENCE_S
from tests.support.terminal import ROWS, Terminal, on_terminal

PROGRAM = "from offhook.cli.main import main; raise SystemExit(main())"
WATCH = (sys.executable, "-c", PROGRAM, "watch")
POKE_S = 0.2
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"


async def test_the_screen_follows_calls_and_the_daemon(
    stopped_daemon: RunningDaemon, session_bus: PrivateBus
) -> None:
    environment = CommandLine(session_bus.address).environment
    async with on_terminal(*WATCH, environment=environment) as terminal:
        await terminal.shows("offhookd is not running")
        await stopped_daemon.start()
        await terminal.shows("running", "*  direct   registered  sip:ada@127.0.0.1", "is back")
        party = Party()
        party.start()
        try:
            async with Phone(session_bus.address) as phone:
                since = len(terminal.text)
                await phone.dial(await party.address)
                await terminal.until(
                    lambda text: re.search(r"c1 +active +0:0[1-9] +to sip:echo@", text),
                    since,
                    "a second of the call",
                )
                await phone.hangup_all()
                await terminal.shows("local (200 OK)", since=since)
        finally:
            await party.stop()
        frame = terminal.text.rpartition("\x1b[H")[2]
        assert frame.count("\n") < ROWS
        since = len(terminal.text)
        await stopped_daemon.stop()
        await terminal.shows("offhookd is not running", since=since)
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == 130
        assert terminal.text.endswith(LEAVE)


async def _following(bus: PrivateBus, terminal: Terminal) -> None:
    """Change something until it is shown: what comes after will be, too."""
    async with Phone(bus.address) as phone, asyncio.timeout(PATIENCE_S):
        for volume in itertools.cycle((0.1, 0.2)):
            await phone.audio.set_volume("ringer", volume)
            with suppress(TimeoutError):
                async with asyncio.timeout(POKE_S):
                    await terminal.shows("RingerVolume")
                    return


async def test_lines_on_a_terminal_and_over_a_restart(
    daemon: RunningDaemon, session_bus: PrivateBus
) -> None:
    environment = CommandLine(session_bus.address).environment
    words = ("--lines", "--stay")
    async with on_terminal(*WATCH, *words, environment=environment) as terminal:
        await _following(session_bus, terminal)
        await daemon.stop()
        await terminal.shows("offhookd has left")
        await daemon.start()
        await terminal.shows("offhookd is back")
        assert "\x1b[H" not in terminal.text
