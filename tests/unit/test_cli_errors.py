# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line answers when it cannot do what it was asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offhook.cli import main as command
from offhook.errors import NoDaemonError, OffhookError
from offhook.settings.file import user_file
from tests.support.descriptors import KNOWN


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Replaces what a verb does."""
    return monkeypatch


@pytest.mark.parametrize(
    ("problem", "status", "said"),
    [
        (
            OffhookError("org.offhook.Phone1.Error.InvalidState", "It is \x1b[1mended"),
            1,
            "offhook: It is \N{REPLACEMENT CHARACTER}[1mended\n",
        ),
        (
            NoDaemonError("offhookd does not answer."),
            3,
            "offhook: offhookd does not answer. Start it with: systemctl --user start offhookd\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_problem_is_one_line_and_an_exit_status(
    verb: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    problem: BaseException,
    status: int,
    said: str,
) -> None:
    def fail(_options: object) -> int:
        raise problem

    verb.setattr("offhook.cli.status.run", fail)
    assert command.main(["status"]) == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set"),
        ({"XDG_RUNTIME_DIR": "/nowhere"}, "No D-Bus session bus at unix:path=/nowhere/bus"),
        ({"DBUS_SESSION_BUS_ADDRESS": "nonsense"}, "No D-Bus session bus at nonsense"),
    ],
)
def test_no_bus_is_no_daemon(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    said: str,
) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert command.main(["status"]) == 3
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.endswith(
        ". Log in to a desktop session, or start a bus with dbus-run-session\n"
    )
    assert printed.err.count("\n") == 1
    assert not printed.out


def test_words_are_read_before_anything_heavy_is_loaded() -> None:
    """A wrong word, a help text or a completion needs neither asyncio nor D-Bus."""
    check = "import offhook.cli.main, sys; print(*sys.modules.keys() & {'asyncio', 'dbus_next'})"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True, text=True)
    assert not done.stdout.strip()


def test_the_users_file_is_where_the_daemon_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/me")
    assert user_file() == Path("/etc/me/offhook/offhook.yaml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ada")
    assert user_file() == Path("/home/ada/.config/offhook/offhook.yaml")


def offhook(words: str, redirections: str) -> subprocess.CompletedProcess[str]:
    program = "from offhook.cli.main import main; raise SystemExit(main())"
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {words} {redirections}', sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"},
    )


@pytest.mark.parametrize(
    ("words", "redirections", "status"),
    [
        ("--help", ">&-", 0),
        ("--help", "| true", 0),
        ("--help", ">/dev/full", 0),
        ("--version", ">&- <&- 2>&-", 0),
        ("status", ">&- <&-", 3),
        ("status", "2>&-", 3),
        ("status", "2>/dev/full", 3),
        ("nonsense", "2>/dev/full", 2),
        ("nonsense", "2>&-", 2),
        ("device describe --descriptor /dev/null", ">/dev/full", 1),
        ("device describe --json --descriptor shown", ">/dev/full", 1),
        ("device describe --json --descriptor shown", ">&-", 0),
    ],
)
def test_streams_that_are_closed_full_or_left_are_no_reason_for_a_traceback(
    tmp_path: Path, words: str, redirections: str, status: int
) -> None:
    shown = tmp_path / "descriptor"
    shown.write_bytes(KNOWN[0].descriptor)
    done = offhook(words.replace("shown", str(shown)), redirections)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr
    if "/dev/full" in redirections and status == 1 and "null" not in words:
        assert done.stderr == "offhook: The output: No space left on device\n"
