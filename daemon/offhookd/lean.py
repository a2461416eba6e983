# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that the daemon does without: of imports, and of what large messages took."""

import ctypes
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LARGE_BYTES = 128 << 10
"""As in the C library, as long as nothing larger was freed."""

_M_MMAP_THRESHOLD = -3  # malloc.h


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


def give_large_blocks_back() -> None:
    """Have memory of large blocks mapped, and so unmapped when it is freed.

    The C library of GNU puts them between the small ones once a larger one was freed, and keeps
    them then: 40,000 calls of random methods, some with texts of 5 MB, left 130 MB, and 46 MB with
    this.  Other libraries have no such call, and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def let_asyncio_have_tls() -> None:
    """Undo for connections what `without("ssl")` did while asyncio was imported."""
    importlib.import_module("ssl")
    tls = importlib.import_module("asyncio.sslproto")
    if tls.ssl is None:
        importlib.reload(tls)
