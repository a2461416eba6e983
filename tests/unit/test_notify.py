# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's words to its service manager, read at a real datagram socket."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhookd.desktop.notify import ServiceManager
from tests.support.processes import PATIENCE_S


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(PATIENCE_S)
        yield sock


@pytest.fixture
def manager(manager_socket: socket.socket) -> ServiceManager:
    return ServiceManager(manager_socket.getsockname())


def test_each_state_is_one_datagram(manager: ServiceManager, manager_socket: socket.socket) -> None:
    manager.ready()
    manager.watchdog()
    manager.stopping()
    said = [manager_socket.recv(4096) for _ in range(3)]
    assert said == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_reload_is_announced_with_the_monotonic_clock(
    manager: ServiceManager, manager_socket: socket.socket
) -> None:
    before_us = time.monotonic_ns() // 1000
    manager.reloading()
    state, stamp = manager_socket.recv(4096).decode().split("\n")
    assert state == "RELOADING=1"
    assert before_us <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_status_cannot_smuggle_in_a_second_line(
    manager: ServiceManager, manager_socket: socket.socket
) -> None:
    manager.status("1 call\nREADY=1")
    assert manager_socket.recv(4096) == b"STATUS=1 call READY=1"


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # the kernel picks a free abstract name
        sock.settimeout(PATIENCE_S)
        ServiceManager("@" + sock.getsockname()[1:].decode()).ready()
        assert sock.recv(4096) == b"READY=1"


def test_without_a_manager_nothing_happens() -> None:
    manager = ServiceManager.from_environment({})
    manager.ready()
    assert manager.watchdog_interval() is None


def test_a_dead_manager_is_logged_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ServiceManager(str(tmp_path / "gone")).ready()
    assert "did not take READY=1" in caplog.text


def test_the_environment_is_used_up_so_that_children_stay_silent(
    manager_socket: socket.socket,
) -> None:
    environment = {
        "NOTIFY_SOCKET": manager_socket.getsockname(),
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "HOME": "/home/ada",
    }
    manager = ServiceManager.from_environment(environment)
    manager.ready()
    assert manager_socket.recv(4096) == b"READY=1"
    assert manager.watchdog_interval() == 15.0
    assert environment == {"HOME": "/home/ada"}


@pytest.mark.parametrize(
    "environment",
    [
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-5"},
    ],
    ids=["meant for another process", "off", "not a number", "negative"],
)
def test_no_watchdog_is_fed_where_none_watches_us(environment: dict[str, str]) -> None:
    assert ServiceManager.from_environment(environment).watchdog_interval() is None
