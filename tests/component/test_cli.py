# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook`` as a user runs it, with the real daemon and an echo to call."""

import asyncio
import itertools
import json
import os
import pty
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhookd.party import Party
from tests.support.cli import CommandLine, Running
from tests.support.config_file import write
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.notifications import notifications
from tests.support.processes import PATIENCE_S

CONTRACT = "org.offhook.Phone1"
ROOT = "/org/offhook/Phone1"
ACCOUNT = f"{ROOT}/accounts/direct"
POKE_S = 0.1


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "offhook" / "offhook.yaml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def offhook(session_bus: PrivateBus, config_file: Path) -> CommandLine:
    home = {"XDG_CONFIG_HOME": str(config_file.parents[1]), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    return CommandLine(session_bus.address, home)


@pytest.fixture
async def echo(daemon: RunningDaemon) -> AsyncIterator[str]:
    """Address of a telephone that answers."""
    party = Party()
    party.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield await party.address
    finally:
        await party.stop()


@pytest.fixture
def ringing(daemon: RunningDaemon, far_end: EngineProcess) -> str:
    """Address of a telephone that does not answer by itself."""
    return f"sip:test@127.0.0.1:{far_end.port}"


async def listed(offhook: CommandLine, *words: str) -> list[str]:
    """The lines of a listing that is there."""
    said = await offhook(*words)
    assert (said.status, said.err) == (0, "")
    return said.out.splitlines()


async def following(daemon: RunningDaemon, *watching: Running) -> None:
    """Change something until all of these have shown it: what comes after they will show, too."""
    async with Phone(daemon.bus.address) as phone:
        shown = asyncio.gather(*(one.line("RingerVolume") for one in watching))
        volumes = itertools.cycle((0.1, 0.2))
        while not shown.done():
            await phone.audio.set_volume("ringer", next(volumes))
            await asyncio.wait([shown], timeout=POKE_S)
        await shown


async def test_a_call_from_dialling_to_history(
    daemon: RunningDaemon, offhook: CommandLine, echo: str
) -> None:
    async with offhook.running("watch") as watching:
        await following(daemon, watching)
        dialled = await offhook("dial", echo)
        assert (dialled.status, dialled.out) == (0, f"c1  {echo}\n")
        await watching.line("c1", "State=active")
        for words in ("mute", "hold", "resume c1", "unmute 1", "dtmf 1#", "hangup"):
            said = await offhook(*words.split())
            assert (words, said.status, said.out, said.err) == (words, 0, "", "")
    header, row = await listed(offhook, "history")
    assert header.split() == ["CALL", "STARTED", "DIRECTION", "LENGTH", "PEER", "END"]
    assert row.startswith("c1 ")
    assert row.endswith("local (200 OK)")


async def test_the_history_is_chosen_seen_and_deleted(
    daemon: RunningDaemon, offhook: CommandLine, echo: str
) -> None:
    for _ in range(2):
        await offhook("dial", echo)
        await offhook("hangup")
    assert len(await listed(offhook, "history", "--peer", echo)) == 3
    assert (await offhook("history", "--account", "other")).out == "No call\n"
    assert (await offhook("history", "seen")).status == 0
    assert (await offhook("history", "delete", "c1")).status == 0
    assert (await listed(offhook, "history"))[1].startswith("c2 ")
    refused = await offhook("history", "delete", "x")
    assert refused.err == "offhook: x is no call of the history; see offhook history\n"
    assert (await offhook("history", "delete", "--all")).status == 0
    assert json.loads((await offhook("history", "--json")).out) == []


async def test_status_shows_account_and_call(offhook: CommandLine, ringing: str) -> None:
    await offhook("dial", "--muted", ringing)
    lines = await listed(offhook, "status")
    assert lines[0].startswith("offhookd ")
    assert lines[0].endswith(": running")
    assert any(line.startswith("*  direct   registered  sip:ada@127.0.0.1") for line in lines)
    assert lines[-1].startswith("c1 ")
    assert lines[-1].endswith(f"to {ringing}  muted")


async def test_json_has_the_names_of_the_contract(offhook: CommandLine, ringing: str) -> None:
    await offhook("dial", "--confirm", ringing)
    everything = json.loads((await offhook("status", "--json")).out)
    assert everything[ROOT][f"{CONTRACT}.Manager"]["State"] == "running"
    accounts = json.loads((await offhook("accounts", "--json")).out)
    assert accounts[ACCOUNT][f"{CONTRACT}.Account"]["Uri"] == "sip:ada@127.0.0.1"
    (row,) = json.loads((await offhook("history", "--json")).out)
    assert (row["id"], row["peer-uri"]) == (1, ringing)
    audio = json.loads((await offhook("audio", "list", "--json")).out)
    assert audio["Capture"] == ["default"]


async def test_watch_prints_every_change_as_it_happens(
    daemon: RunningDaemon, offhook: CommandLine, echo: str
) -> None:
    async with offhook.running("watch", "--json") as programs, offhook.running("watch") as people:
        await following(daemon, programs, people)
        await offhook("dial", echo)
        added = json.loads(await programs.line('"added"'))
        assert added["path"] == f"{ROOT}/calls/c1"
        assert added["interfaces"][f"{CONTRACT}.Call"]["PeerUri"] == echo
        changed = json.loads(await programs.line('"State": "active"'))
        assert (changed["change"], changed["interface"]) == ("changed", f"{CONTRACT}.Call")
        assert "State=active" in await people.line("c1", "State=active")
        assert await daemon.stop() == 0
        for command in (programs, people):
            _, complaint = await command.process.communicate()
            assert command.process.returncode == 3
            assert b"offhookd has left the session bus" in complaint


async def test_watch_ends_quietly_by_ctrl_c(daemon: RunningDaemon, offhook: CommandLine) -> None:
    async with offhook.running("watch") as watching:
        await following(daemon, watching)
        watching.process.send_signal(signal.SIGINT)
        out, err = await watching.process.communicate()
    assert (watching.process.returncode, out, err) == (130, b"", b"")


async def test_dial_wait_shows_every_state_and_the_reason(
    offhook: CommandLine, far_end: EngineProcess, ringing: str
) -> None:
    async with offhook.running("dial", "--wait", ringing) as waiting:
        await waiting.line("dialing")
        waiting.process.send_signal(signal.SIGINT)
        rest, complaint = await waiting.process.communicate()
    assert (waiting.process.returncode, complaint) == (130, b"")
    history = await listed(offhook, "history")
    assert "cancelled" in history[1], rest


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hangup", "There is no call"),
        ("hold c9", "There is no call c9; there is no call"),
        ("redial", "Nothing has been dialled yet"),
        ("dial --account wrok 1", "There is no account wrok; configured are: direct"),
        ("accounts enable wrok", "There is no account wrok; configured are: direct"),
    ],
)
async def test_a_refusal_is_one_line_and_status_1(
    daemon: RunningDaemon, offhook: CommandLine, words: str, said: str
) -> None:
    refused = await offhook(*words.split())
    assert (refused.status, refused.out, refused.err) == (1, "", f"offhook: {said}\n")


async def test_keys_are_not_repeated_when_they_are_refused(
    offhook: CommandLine, ringing: str
) -> None:
    await offhook("dial", ringing)
    refused = await offhook("dtmf", "1234x")
    assert refused.status == 1
    assert "1234" not in refused.err


async def test_without_a_daemon_it_says_how_to_start_it(offhook: CommandLine) -> None:
    said = await offhook("status")
    assert (said.status, said.out) == (3, "")
    assert said.err.endswith("Start it with: systemctl --user start offhookd\n")
    assert said.err.count("\n") == 1


async def test_accounts_are_switched_and_stay_so(
    daemon: RunningDaemon, offhook: CommandLine
) -> None:
    assert (await offhook("accounts", "disable", "direct")).status == 0
    assert "disabled" in (await listed(offhook, "accounts"))[1]
    refused = await offhook("dial", "sip:1@127.0.0.1")
    assert (refused.status, refused.out) == (1, "")
    assert (await offhook("accounts", "enable", "direct")).status == 0
    assert (await offhook("accounts", "register", "direct")).status == 0
    assert (await offhook("accounts", "default", "direct")).status == 0
    assert "registered" in (await listed(offhook, "accounts"))[1]


async def test_how_calls_are_taken_is_set_and_shown(
    daemon: RunningDaemon, offhook: CommandLine
) -> None:
    assert (await offhook("dnd")).out == "Do not disturb: off\n"
    assert (await offhook("dnd", "on")).status == 0
    assert (await offhook("dnd", "on", "--account", "direct")).status == 0
    assert json.loads((await offhook("dnd", "--json")).out) == {
        ROOT: {"Availability": "dnd"},
        ACCOUNT: {"DoNotDisturb": True},
    }
    assert (await offhook("dnd", "off")).status == 0
    assert (await offhook("dnd")).out.startswith("Do not disturb: off\nDo not disturb for direct")
    assert (await offhook("forward")).out == "Nothing is forwarded\n"
    assert (await offhook("forward", "no-answer", "2002", "--seconds", "7")).status == 0
    assert json.loads((await offhook("forward", "--json")).out) == {
        ACCOUNT: {
            "ForwardAlways": "",
            "ForwardBusy": "",
            "ForwardNoAnswer": "2002",
            "ForwardNoAnswerSeconds": 7,
        }
    }
    assert (
        "do not disturb, forwarded no-answer (7 s): 2002" in (await listed(offhook, "accounts"))[1]
    )
    assert (await offhook("forward", "no-answer", "off")).status == 0
    assert (await offhook("forward")).out == "Nothing is forwarded\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("forward busy", "Where to? Write offhook forward busy NUMBER, or off"),
        ("forward busy <>", "'<>' is neither a number nor a SIP address"),
        ("callback", "Nobody has called in vain"),
        ("callback x", "x is no call of the history; see offhook history"),
        ("dial @7", "There is no speed dial '7'; there is: none"),
    ],
)
async def test_what_cannot_be_dialled_is_told(
    daemon: RunningDaemon, offhook: CommandLine, words: str, said: str
) -> None:
    refused = await offhook(*words.split())
    assert (refused.status, refused.out, refused.err) == (1, "", f"offhook: {said}\n")


async def test_what_would_be_dialled_is_shown(daemon: RunningDaemon, offhook: CommandLine) -> None:
    assert (await offhook("dial", "--check", "1001")).out == "sip:1001@127.0.0.1  on direct\n"
    helped = await offhook("dial", "--check", "1 1 2")
    assert helped.out == "sip:112@127.0.0.1  on direct  emergency\n"


async def test_sound_is_chosen_before_its_device_is_there(
    daemon: RunningDaemon, offhook: CommandLine
) -> None:
    said = await offhook("audio", "use", "ringer", "usb", "default")
    assert said.status == 0
    assert said.err == "offhook: usb is not there now; it is used as soon as it appears\n"
    assert (await offhook("audio", "volume", "ringer", "25%")).status == 0
    ringer = (await listed(offhook, "audio"))[-1]
    assert ringer.split() == ["ringer", "25%", "-", "usb,", "default"]


async def test_configuration_is_checked_without_a_daemon(
    offhook: CommandLine, config_file: Path
) -> None:
    assert (await offhook("config", "path")).out == f"{config_file}\n"
    write(config_file, "sip: {prot: 1}\n")
    wrong = await offhook("config", "check")
    assert wrong.status == 1
    assert f"{config_file}:1: sip.prot" in wrong.out
    write(config_file, "sip: {port: 0}\n")
    assert (await offhook("config", "check")).status == 0


async def test_configuration_is_reloaded_or_refused_with_its_line(
    daemon: RunningDaemon, offhook: CommandLine
) -> None:
    daemon.write_config("sip: {prot: 1}\n")
    refused = await offhook("config", "reload")
    assert refused.status == 1
    assert "offhook.yaml:1: sip.prot" in refused.err
    daemon.write_config(DIRECT.replace("direct:", "other:"))
    assert (await offhook("config", "reload")).status == 0
    assert "other" in (await listed(offhook, "accounts"))[1]


# ---------------------------------------------------------------- targets a web page chose


async def test_nothing_is_dialled_when_nobody_can_be_asked(offhook: CommandLine, echo: str) -> None:
    offhook.environment["PATH"] = "/nowhere"
    said = await offhook("dial", "--confirm", echo)
    assert said.status == 1
    assert "there is nobody to ask" in said.err
    assert "cancelled" in (await listed(offhook, "history"))[1]


@pytest.mark.parametrize(
    ("pressed", "status"), [("dial", 0), ("cancel", 1), ("", 1)], ids=["call", "cancel", "dismiss"]
)
async def test_a_notification_asks_where_there_is_no_terminal(
    session_bus: PrivateBus, offhook: CommandLine, echo: str, pressed: str, status: int
) -> None:
    async with notifications(session_bus.address, pressed) as desktop:
        said = await offhook("dial", "--confirm", echo)
    assert said.status == status
    (shown,) = desktop.shown
    assert shown[3] == f"Call {echo}?"
    assert shown[5] == ["dial", "Call", "cancel", "Cancel"]
    answered = not said.err
    assert answered is (status == 0)


@asynccontextmanager
async def on_terminal(
    offhook: CommandLine, *words: str
) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """A command whose terminal is the file descriptor given, until the end of the block."""
    ours, theirs = pty.openpty()
    process = await offhook.start(*words, stdin=theirs, stdout=theirs)
    os.close(theirs)
    try:
        yield ours, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        os.close(ours)


@pytest.mark.parametrize(
    ("typed", "status"), [(b"y\n", 0), (b"yes\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1)]
)
async def test_a_terminal_is_asked(
    offhook: CommandLine, echo: str, typed: bytes, status: int
) -> None:
    async with on_terminal(offhook, "dial", "--confirm", echo) as (terminal, process):
        os.write(terminal, typed)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == status
        assert f"Call {echo}? [y/N]" in os.read(terminal, 4096).decode()
    row = (await listed(offhook, "history"))[1]
    assert ("cancelled" in row) is (status == 1)
