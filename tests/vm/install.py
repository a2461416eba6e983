# SPDX-License-Identifier: GPL-2.0-or-later
"""Brings the phone into the guest as a user installs it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.vm import cache, delivery
from tests.vm.cache import GuestError
from tests.vm.channel import Guest
from tests.vm.delivery import HOME, OWN, PROGRAMS, PYTHON, ROOT, deliver

SOURCE = f"{HOME}/offhook"
WHEELS = f"{HOME}/wheels"

INSTALL_LIMIT_S = 1800.0
"""Mostly pip, which an emulated processor runs ten times slower than a real one."""

SHIPPED = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"),
    *(".ci", "systemd", "config", "docs"),
)
DECISIVE = (".ci/install", ".ci/python.sh", "systemd", "config/70-offhook.rules")
"""A change of these is installed anew; a change of the programs alone is brought in afterwards."""

LEFT_OUT = frozenset({"test", "lint", "fast", "tray"})
"""Extras that are not installed there: nobody sees the tray, and Qt is eight times the rest."""

SOURCES = ("argparse-manpage",)
"""Of which PyPI has no wheel; pure Python, so that one made here will do there."""

_PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (36, 34, 31, 28, 17, 12, 5)),
    *(f"manylinux{name}_x86_64" for name in ("2014", "2010", "1")),
)
"""What the wheels may be built for: up to the C library of Debian 12."""


def what_is_installed() -> list[str | Path]:
    files = [Path(__file__), Path(delivery.__file__), *(ROOT / one for one in DECISIVE)]
    return [json.dumps(_declared(), sort_keys=True), *files]


def install(guest: Guest) -> None:
    """`make install`, and what it says at its end about USB phones."""
    deliver(guest, SOURCE, *((ROOT / one, one) for one in (*SHIPPED, *PROGRAMS)))
    deliver(guest, WHEELS, (_wheels(), "."))
    guest.run(
        *("env", "-C", SOURCE, "PIP_NO_INDEX=1", f"PIP_FIND_LINKS={WHEELS}"),
        "PIP_COMPILE=0",  # what is used is compiled when it is used
        *("make", "install"),
        limit_s=INSTALL_LIMIT_S,
    )
    guest.run("install", "-m", "644", f"{OWN}/70-offhook.rules", "/etc/udev/rules.d/", user="root")
    guest.run("udevadm", "control", "--reload", user="root")
    guest.run("rm", "-r", SOURCE, WHEELS)


def _wheels() -> Path:
    declared = _declared()
    project = declared["project"]
    wanted = [*project["dependencies"], *declared["build-system"]["requires"]]
    wanted += [one for group in project["optional-dependencies"].values() for one in group]
    name = cache.key(*wanted, *_PLATFORMS)
    return cache.kept("wheels", name, lambda directory: _download(directory, wanted))


def _declared() -> dict[str, Any]:
    """What pyproject.toml says, without what is not installed: our own tools and their options."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared["tool"] = declared["tool"]["setuptools"]
    extras = declared["project"]["optional-dependencies"]
    for name in LEFT_OUT & extras.keys():
        del extras[name]
    return declared


def _download(directory: Path, wanted: list[str]) -> None:
    """With our pip, for the guest's Python: the guest has no network."""
    sources = [one for one in wanted if one.startswith(SOURCES)]
    _pip(
        *("download", "--only-binary=:all:", "--implementation=cp", "--python-version", PYTHON),
        *(f"--abi={abi}" for abi in ("cp" + PYTHON.replace(".", ""), "abi3", "none")),
        *(f"--platform={one}" for one in _PLATFORMS),
        *("--dest", str(directory), *(one for one in wanted if one not in sources)),
    )
    if sources:
        _pip("wheel", "--no-deps", "--wheel-dir", str(directory), *sources)


def _pip(command: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", command, "-q", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GuestError(f"The guest's Python packages could not be had from PyPI: {done.stderr}")
