# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhookd``: the daemon's command line.

It imports next to nothing: the first thing the daemon does is to launch its engine, which takes
as long to load as everything else together.
"""

import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from offhookd import __version__
from offhookd.engine.launch import Launched, launch
from offhookd.lean import give_large_blocks_back, without

if TYPE_CHECKING:
    from argparse import ArgumentParser

EPILOG = (
    "Configuration: ~/.config/offhook/offhook.yaml over /etc/xdg/offhook/offhook.yaml; SIGHUP reads"
    " it again.  Exit status: 0 ended as asked, 69 no session bus or another offhookd there; of"
    " --check 0 in order, 78 mistakes."
)


def parser() -> "ArgumentParser":
    import argparse  # noqa: PLC0415 - 0.4 MB, and 2 ms before the engine begins

    result = argparse.ArgumentParser(
        prog="offhookd",
        description="The phone of the Linux desktop: a headless SIP softphone on D-Bus.",
        epilog=EPILOG,
    )
    result.add_argument(
        "--config", type=Path, metavar="FILE", help="read FILE instead of the usual places"
    )
    result.add_argument(
        "--check", action="store_true", help="say what is wrong with the configuration and exit"
    )
    result.add_argument(
        "--version",
        action="version",
        version=f"offhookd {__version__}",
        help="print the version and exit",
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if not given:  # as the service manager starts it
        return serve(None)
    options = parser().parse_args(given)
    return check(options.config) if options.check else serve(options.config)


def check(config: Path | None) -> int:
    from offhookd.config import check, load  # noqa: PLC0415 - see above

    return check.check(load.search(config), sys.stdout)


def serve(config: Path | None) -> int:
    """Be the phone until a signal ends it; the exit status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    engine = _launch_early()
    give_large_blocks_back()
    # asyncio imports ssl for TLS of its own, which nobody here uses: 4 MB and 10 ms.
    with without("ssl"):
        import asyncio  # noqa: PLC0415 - see above

    # Not earlier: the engine loads at the same time as these.
    from offhookd.config.load import search  # noqa: PLC0415 - see above
    from offhookd.desktop.journal import setup_logging  # noqa: PLC0415 - likewise
    from offhookd.run import Run  # noqa: PLC0415 - likewise

    setup_logging("info")
    return asyncio.run(Run(partial(search, config), engine).until_stopped())


def _launch_early() -> Launched | None:
    """None when the machine has no process to spare: its supervisor tries again, and says so."""
    try:
        return launch()
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
