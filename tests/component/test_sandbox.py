# SPDX-License-Identifier: GPL-2.0-or-later
import ctypes
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.bare_engine import run

LANDLOCK_VERSION = ctypes.CDLL(None).syscall(444, None, 0, 1)

needs_landlock = pytest.mark.skipif(
    LANDLOCK_VERSION < 1, reason="this kernel has no Landlock (5.13 and later do)"
)
needs_scopes = pytest.mark.skipif(
    LANDLOCK_VERSION < 6, reason="this kernel's Landlock does not know signals (6.12 and later do)"
)


def program(name: str, *arguments: str) -> Any:
    outcome = run("tests.component.engine_sandbox", name, *arguments)
    assert outcome.status == 0, outcome.errors
    return outcome.value


@pytest.fixture
def permitted(tmp_path: Path) -> dict[str, bool]:
    (tmp_path / "ca.pem").write_text("certificate")
    (tmp_path / "private").write_text("secret")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "runtime" / "pulse").mkdir(parents=True)
    (tmp_path / "runtime" / "secret").write_text("secret")
    allowed: dict[str, bool] = program("files", str(tmp_path))
    return allowed


def test_walls_in_force_are_told() -> None:
    walls = program("walls")
    assert walls[:3] == ["no-new-privileges", "no-core-dumps", "limits"]
    assert ("landlock" in walls) == (LANDLOCK_VERSION >= 1)


@needs_landlock
def test_only_named_files_are_reached(permitted: dict[str, bool]) -> None:
    assert permitted["ca"]
    assert not permitted["private"]
    assert not permitted["listing"]
    assert not permitted["write-ca"]


@needs_landlock
def test_recordings_can_be_written_and_nothing_executed(permitted: dict[str, bool]) -> None:
    assert permitted["record"]
    assert permitted["replay"]
    assert not permitted["execute"]


@needs_landlock
def test_sound_servers_directory_and_own_descriptors_are_listed(permitted: dict[str, bool]) -> None:
    assert permitted["descriptors"]
    assert permitted["sound-directory"]
    assert not permitted["runtime-file"]


@needs_scopes
def test_other_processes_get_no_signal(permitted: dict[str, bool]) -> None:
    assert not permitted["signal"]


def test_sound_servers_socket_can_be_connected_to(tmp_path: Path) -> None:
    path = str(tmp_path / "native")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        assert program("connects", path)


def test_limits_are_lowered() -> None:
    assert program("limits") == [0, 256]


def test_limit_that_is_tighter_stays() -> None:
    assert program("tight_limit_stays") == 100


def test_sip_stack_starts_inside() -> None:
    assert program("engine_starts")
