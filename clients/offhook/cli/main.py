# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook``: the way in.

It imports next to nothing: Ctrl-C ends the program without a word while everything else is loaded,
and while Python goes; only what a verb does is interrupted in good order.
"""

import signal
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not in the background of a shell, which ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from .command import command  # noqa: PLC0415 - see above

        return command(arguments)
    finally:
        if arguments is not None:  # not the end of this process
            signal.signal(signal.SIGINT, before)
