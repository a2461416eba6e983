# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhookd --check``: is the configuration valid?"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from offhookd.config.load import load
from offhookd.config.problems import ConfigError


def check(paths: Sequence[Path], out: TextIO) -> int:
    """Write every problem, or one line that says there is none; the process's exit status:
    0, or 78 (``EX_CONFIG``).  `paths` as `load.search` finds them."""
    try:
        config = load(paths)
    except ConfigError as error:
        print(error, file=out)
        return os.EX_CONFIG
    names = " and ".join(map(str, paths)) or "no configuration file"
    count = len(config.accounts)
    print(f"{names}: valid, {count} account{'' if count == 1 else 's'}", file=out)
    return os.EX_OK
