# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs as they are now, in the place of those that were installed."""

import compileall
import shutil
import sys
import tempfile
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.vm.channel import Guest
from tests.vm.debian import USER
from tests.vm.delivery import HOME, OWN, PROGRAMS, PYTHON, ROOT, deliver

PACKAGES = f"{OWN}/venv/lib/python{PYTHON}/site-packages"
CONFIG = f"{HOME}/.config/offhook/offhook.yaml"

PATIENCE = f"{HOME}/.config/systemd/user/offhookd.service.d/emulated.conf"
"""The limits of the service are those of a real processor that is not busy with ten others."""


def renew(guest: Guest, config: str) -> None:
    """With a configuration."""
    guest.run("rm", "-r", *(f"{PACKAGES}/{name}" for name in PROGRAMS.values()))
    with tempfile.TemporaryDirectory(prefix="offhook-vm-") as scratch:
        copy = Path(scratch)
        for place, name in PROGRAMS.items():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / place, copy / name, ignore=ignored)
        _compile(copy)
        names = ((copy / name, name) for name in PROGRAMS.values())
        deliver(guest, PACKAGES, *names, compiled=True)
    guest.put(CONFIG, config.encode())
    guest.put(PATIENCE, b"[Service]\nTimeoutStartSec=180\nWatchdogSec=180\n")
    guest.run("chown", "-R", USER, f"{HOME}/.config", user="root")
    guest.run("systemctl", "--user", "daemon-reload")


def _compile(directory: Path) -> None:
    """Ten times quicker here than there, if this is the same Python."""
    if sys.version.startswith(f"{PYTHON}."):
        compileall.compile_dir(
            directory,
            quiet=1,
            stripdir=str(directory),
            prependdir=PACKAGES,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
