# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest, saved at four moments, each made from the one before when it has to be made.

A test begins from such a moment in a second or two, always from the same one.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.vm import cache, debian
from tests.vm.cache import GuestError
from tests.vm.channel import Guest
from tests.vm.delivery import PROGRAMS, ROOT
from tests.vm.install import install, what_is_installed
from tests.vm.phones import HEADSET, UsbPhone
from tests.vm.programs import renew
from tests.vm.telephone import SERVICE, Telephone

VM = Path(__file__).parent
STATE = "state"

DRIVERS = ("vhci_hcd", "snd-usb-audio", "usbhid")
LOUDSPEAKERS = "loudspeakers"
"""A sink that is there before and after every phone, and the sound server's choice without one."""

SIP_PORT = 5060
CONFIG = f"""\
accounts:
  desk: {{uri: "sip:ada@127.0.0.1", registrar: none, accept_from: anyone}}
sip: {{port: {SIP_PORT}, bind: 127.0.0.1}}
"""


def booted() -> Path:
    """A user sits at the screen."""
    tools = [VM / name for name in ("machine.py", "initrd.py", "guest")]
    return _saved("booted", _boot, str(debian.root()), _qemu_version(), *tools)


def installed() -> Path:
    """The user has run `make install`."""
    return _saved("installed", _install, str(booted()), *what_is_installed())


def serving() -> Path:
    """The daemon runs; a sink that is no phone is there, and no phone."""
    programs = [VM / "programs.py", *(ROOT / one for one in PROGRAMS)]
    return _saved("serving", _serve, str(installed()), CONFIG, Path(__file__), *programs)


def plugged() -> Path:
    """A headset is plugged in, and its sound is known."""
    return _saved("plugged", _plug, str(serving()), VM / "phones.py")


def resumed(state: Path) -> Guest:
    return Guest(debian.root(), state)


def _saved(kind: str, make: Callable[[Path], None], *made_of: str | Path) -> Path:
    return cache.kept(kind, cache.key(*made_of), make) / STATE


def _save(guest: Guest, directory: Path) -> None:
    guest.shell("sync; echo 3 >/proc/sys/vm/drop_caches", user="root")
    guest.machine.save(directory / STATE)


def _boot(directory: Path) -> None:
    with Guest(debian.root()) as guest:
        guest.wait_for_agent()
        guest.run("systemctl", "is-system-running", "--wait", user="root")
        guest.run("modprobe", "--all", *DRIVERS, user="root")
        guest.run("systemctl", "--user", "is-system-running", "--wait")
        guest.shell("until loginctl list-sessions | grep -q tty1; do sleep 0.1; done")
        guest.run("pactl", "info")
        _save(guest, directory)


def _install(directory: Path) -> None:
    with resumed(booted()) as guest:
        install(guest)
        _save(guest, directory)


def _serve(directory: Path) -> None:
    with resumed(installed()) as guest:
        renew(guest, CONFIG)
        guest.run("pactl", "load-module", "module-null-sink", f"sink_name={LOUDSPEAKERS}")
        guest.run("systemctl", "--user", "start", SERVICE)
        guest.run("offhook", "status")
        _save(guest, directory)


def _plug(directory: Path) -> None:
    with resumed(serving()) as guest:
        telephone = Telephone(guest)
        UsbPhone(guest, HEADSET).plug()
        telephone.wait_for_set(HEADSET)
        _save(guest, directory)


def _qemu_version() -> str:
    debian.require_programs()
    return subprocess.run(
        ["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    try:
        plugged()
    except GuestError as error:
        sys.exit(f"offhook: {error}")
