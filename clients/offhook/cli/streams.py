# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command has of whoever started it: its streams, closed or full as they may be; Ctrl-C."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_missing() -> None:
    """Let a closed stream (``>&-``) be an empty one; otherwise the next socket would take its
    place."""
    if None not in (getattr(sys, name) for name, _ in _STREAMS):
        return
    while (last := os.open(os.devnull, os.O_RDWR)) < len(_STREAMS):
        pass
    os.close(last)
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def silence(stream: TextIO) -> None:
    """Send the rest nowhere; Python would complain again at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def interruptible() -> Iterator[None]:
    """Meanwhile Ctrl-C is a `KeyboardInterrupt`, which cleans up, and not the end."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
