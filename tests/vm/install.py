# SPDX-License-Identifier: GPL-2.0-or-later
"""Brings the phone into the guest: once as a user installs it, afterwards its newest programs."""

import subprocess
import sys
import tarfile
import tomllib
from io import BytesIO
from pathlib import Path

from tests.vm import cache
from tests.vm.cache import GuestError
from tests.vm.channel import Guest
from tests.vm.debian import USER

ROOT = Path(__file__).parents[2]
HOME = f"/home/{USER}"
SOURCE = f"{HOME}/offhook"
WHEELS = f"{HOME}/wheels"
OWN = f"{HOME}/.local/share/offhook"
PACKAGES = f"{OWN}/venv/lib/python3.11/site-packages"
CONFIG = f"{HOME}/.config/offhook/offhook.yaml"

INSTALL_LIMIT_S = 400.0
"""Mostly pip, which an emulated processor runs ten times slower than a real one."""

SHIPPED = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"),
    *(".ci", "systemd", "config", "docs"),
)
DECISIVE = ("pyproject.toml", ".ci/install", ".ci/python.sh", "systemd", "config/70-offhook.rules")
"""A change of these is installed anew; a change of the programs alone is brought in by `renew`."""

PROGRAMS = {"daemon/offhookd": "offhookd", "clients/offhook": "offhook"}

OURS = frozenset({"test", "lint", "fast"})
"""Extras that no user installs."""

SOURCES = ("argparse-manpage",)
"""Of which PyPI has no wheel; pure Python, so that one made here will do there."""

_PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (36, 34, 31, 28, 17, 12, 5)),
    *(f"manylinux{name}_x86_64" for name in ("2014", "2010", "1")),
)
"""What the wheels may be built for: up to the C library of Debian 12."""


def what_is_installed() -> list[Path]:
    return [Path(__file__), *(ROOT / one for one in DECISIVE)]


def install(guest: Guest) -> None:
    """`make install`, and what it says at its end about USB phones."""
    _put(guest, SOURCE, *((ROOT / one, one) for one in (*SHIPPED, *PROGRAMS)))
    _put(guest, WHEELS, (_wheels(), "."))
    guest.run(
        *("env", "-C", SOURCE, "PIP_NO_INDEX=1", f"PIP_FIND_LINKS={WHEELS}"),
        "PIP_COMPILE=0",  # what is used is compiled when it is used
        *("make", "install"),
        limit_s=INSTALL_LIMIT_S,
    )
    guest.run("install", "-m", "644", f"{OWN}/70-offhook.rules", "/etc/udev/rules.d/", user="root")
    guest.run("udevadm", "control", "--reload", user="root")
    guest.run("rm", "-r", SOURCE, WHEELS)


def renew(guest: Guest, config: str) -> None:
    """The programs as they are now, in the place of those that were installed."""
    guest.run("rm", "-r", *(f"{PACKAGES}/{name}" for name in PROGRAMS.values()))
    _put(guest, PACKAGES, *((ROOT / place, name) for place, name in PROGRAMS.items()))
    guest.put(CONFIG, config.encode())
    guest.run("chown", USER, CONFIG, user="root")


def _put(guest: Guest, path: str, *sources: tuple[Path, str]) -> None:
    """Files and directories, by their names there, as the user's own."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for source, name in sources:
            archive.add(source, name, filter=_without_caches)
    guest.put("/run/offhook-test.tar", buffer.getvalue())
    guest.shell(f"mkdir -p {path}; tar -C {path} -xf /run/offhook-test.tar")


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def _wheels() -> Path:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted += [one for name, group in extras.items() if name not in OURS for one in group]
    name = cache.key(*wanted, *_PLATFORMS)
    return cache.kept("wheels", name, lambda directory: _download(directory, wanted))


def _download(directory: Path, wanted: list[str]) -> None:
    """With our pip, for the guest's Python: the guest has no network."""
    sources = [one for one in wanted if one.startswith(SOURCES)]
    _pip(
        *("download", "--only-binary=:all:", "--implementation=cp", "--python-version=3.11"),
        *(f"--abi={abi}" for abi in ("cp311", "abi3", "none")),
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
