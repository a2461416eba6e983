# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook config``: check, reload or find the configuration."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from offhook.aio import Phone
from offhook.settings.file import user_file

from .refusal import RefusedError
from .session import with_phone


def run(options: argparse.Namespace) -> int:
    match options.act:
        case "check":
            return _check()
        case "path":
            print(user_file())
            return 0
        case _:
            return with_phone(_reload)


async def _reload(phone: Phone) -> int:
    await phone.reload()
    return 0


def _check() -> int:
    """By the daemon's own program: a configuration is checked before anything runs."""
    done = subprocess.run([daemon_program(), "--check"], check=False)
    return 1 if done.returncode else 0


def daemon_program() -> str:
    """The ``offhookd`` that was installed with this program; RefusedError if there is none."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("offhookd", path=beside) or shutil.which("offhookd")
    if not found:
        raise RefusedError("The program offhookd is not installed here")
    return found
