# SPDX-License-Identifier: GPL-2.0-or-later
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import (
    PATIENCE_S,
    Program,
    free_port,
    free_ports,
    taken,
    until,
    wait_until,
)

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""
CRASHING = """
import os, pathlib, sys
from tests.support.processes import Program
log = pathlib.Path(sys.argv[1])
sleeper = Program("sleeper", ["sh", "-c", "echo up; exec sleep 60"], log).start()
sleeper.wait_ready(lambda: sleeper.log)
print(sleeper.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_output_is_kept_and_the_exit_code_known(tmp_path: Path) -> None:
    program = Program("echo", ["sh", "-c", "echo heard; exit 3"], tmp_path / "log").start()
    wait_until(lambda: not program.running, PATIENCE_S, "the end")
    assert program.exit_code == 3
    assert program.log == "heard\n"


def test_a_program_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    program = Program("quitter", ["sh", "-c", "echo no config; exit 1"], tmp_path / "log").start()
    with pytest.raises(AssertionError, match="quitter ended with 1 at its start\nno config"):
        program.wait_ready(lambda: False)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program is not installed"):
        Program("nothing", ["no-such-program"], tmp_path / "log").start()


def test_a_program_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    program = Program("deaf", [sys.executable, "-c", STUBBORN], tmp_path / "log").start()
    program.wait_ready(lambda: "deaf" in program.log)
    program.stop(patience_s=0.1)
    assert program.exit_code == -signal.SIGKILL


def test_a_crashed_test_run_leaves_no_program_behind(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", CRASHING, str(tmp_path / "log")]
    crashed = subprocess.run(argv, capture_output=True, check=False)
    assert crashed.returncode == -signal.SIGKILL
    pid = int(crashed.stdout)
    wait_until(lambda: not _alive(pid), PATIENCE_S, "the orphan to end")


def test_free_ports_are_free_and_different() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    span = free_ports(4)
    assert span[0] % 2 == 0
    assert span == range(span[0], span[0] + 4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", span[0]))
        assert taken("udp", span[0])
        assert not taken("tcp", span[0])


async def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(AssertionError, match="in vain for the moon"):
        await until(lambda: False, 0.02, "the moon")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
