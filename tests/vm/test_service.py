# SPDX-License-Identifier: GPL-2.0-or-later
"""The installed user service under a real service manager."""

from tests.vm.telephone import BUS_NAME, ROOT_PATH, SERVICE, Telephone

HUNG_AFTER_S = 6
"""Enough for an emulated daemon to say twice that it is well."""


def status(telephone: Telephone, pid: int) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = telephone.guest.run("cat", f"/proc/{pid}/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def wait_until_active(telephone: Telephone) -> None:
    """It answers on the bus a moment before its manager has read that it is ready."""
    telephone.wait(lambda: telephone.unit("ActiveState") == "active", lambda: "the service to run")


def test_runs_with_its_walls_and_tells_the_manager_how_it_is(serving: Telephone) -> None:
    assert serving.unit("ActiveState") == "active"
    assert serving.unit("NRestarts") == 0
    assert serving.unit("StatusText") == "1 of 1 accounts registered"
    daemon = status(serving, serving.unit("MainPID"))
    assert (daemon["NoNewPrivs"], daemon["Seccomp"]) == ("1", "2")
    limits = serving.guest.run("cat", f"/proc/{serving.unit('MainPID')}/limits")
    (core,) = (line.split() for line in limits.splitlines() if line.startswith("Max core"))
    assert core[4:6] == ["0", "0"]
    assert "registered" in serving.guest.run("offhook", "accounts")


def test_stops_and_comes_back_when_somebody_calls_it(serving: Telephone) -> None:
    first = serving.unit("MainPID")
    serving.systemctl("stop", SERVICE)
    assert serving.unit("ActiveState") == "inactive"
    assert serving.unit("Result") == "success"
    assert not serving.guest.attempt("pgrep", "-f", "offhookd[.]engine")[1]

    assert serving.get("Manager", "Version")
    wait_until_active(serving)
    assert serving.unit("MainPID") not in {0, first}
    owner = serving.guest.run("busctl", "--user", "status", BUS_NAME)
    assert f"PID={serving.unit('MainPID')}" in owner
    assert "Unit=user@1000.service" in owner

    serving.systemctl("restart", SERVICE)
    assert serving.unit("Result") == "success"
    assert serving.call(ROOT_PATH, f"{BUS_NAME}.Manager", "Reload") == []
    for line in ("Started offhookd.service", "Stopped offhookd.service"):
        assert line in serving.journal
    assert "Traceback" not in serving.journal


def test_is_restarted_when_it_hangs(serving: Telephone) -> None:
    serving.guest.shell(
        f"mkdir -p $XDG_RUNTIME_DIR/systemd/user/{SERVICE}.d;"
        f" printf '[Service]\\nWatchdogSec={HUNG_AFTER_S}\\n'"
        f" > $XDG_RUNTIME_DIR/systemd/user/{SERVICE}.d/watchdog.conf;"
        f" systemctl --user daemon-reload; systemctl --user restart {SERVICE}"
    )
    hung = serving.unit("MainPID")
    serving.guest.run("kill", "-STOP", str(hung))
    serving.wait(lambda: serving.unit("NRestarts") > 0, lambda: "the service to be restarted")
    wait_until_active(serving)
    assert serving.unit("MainPID") != hung
    assert "registered" in serving.guest.run("offhook", "accounts")
    assert "Watchdog timeout" in serving.journal
