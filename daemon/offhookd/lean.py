# SPDX-License-Identifier: GPL-2.0-or-later
"""Imports that the daemon does without, or until it needs them."""

import importlib
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


def let_asyncio_have_tls() -> None:
    """Undo for connections what `without("ssl")` did while asyncio was imported."""
    importlib.import_module("ssl")
    tls = importlib.import_module("asyncio.sslproto")
    if tls.ssl is None:
        importlib.reload(tls)
