# SPDX-License-Identifier: GPL-2.0-or-later
"""Files and directories of this checkout, brought into the guest."""

import tarfile
from io import BytesIO
from pathlib import Path

from tests.vm.channel import Guest
from tests.vm.debian import USER

ROOT = Path(__file__).parents[2]
HOME = f"/home/{USER}"
OWN = f"{HOME}/.local/share/offhook"
PROGRAMS = {"daemon/offhookd": "offhookd", "clients/offhook": "offhook"}
PYTHON = "3.11"
"""The guest's."""


def deliver(guest: Guest, path: str, *sources: tuple[Path, str], compiled: bool = False) -> None:
    """By their names there, as the user's own; `compiled`: with what Python has compiled."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for source, name in sources:
            archive.add(source, name, filter=None if compiled else _without_caches)
    guest.put("/run/offhook-test.tar", buffer.getvalue())
    guest.shell(f"mkdir -p {path}; tar --no-same-owner -C {path} -xf /run/offhook-test.tar")


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member
