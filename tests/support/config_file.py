# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration files for the tests."""

from pathlib import Path
from textwrap import dedent


def write(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """Make a configuration file of `text`, whose common indentation is taken away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dedent(text).encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path
