# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports that the daemon does without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(module: str) -> Iterator[None]:
    """What is imported meanwhile finds `module` not installed, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # how Python marks "not importable"
    try:
        yield
    finally:
        del sys.modules[module]
