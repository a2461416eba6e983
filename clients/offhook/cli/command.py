# SPDX-License-Identifier: GPL-2.0-or-later
"""From words to a verb, and from errors to an exit status."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from offhook.errors import NoDaemonError, OffhookError

from .output import clean
from .parser import parser
from .streams import interruptible, open_missing, silence

DONE, REFUSED, USAGE, NO_DAEMON = range(4)
INTERRUPTED = 130
"""As shells count: 128 and the number of SIGINT."""


def command(arguments: Sequence[str] | None) -> int:
    """Do it; the exit status."""
    open_missing()
    try:
        return _outcome(arguments)
    except BrokenPipeError:
        # Whoever read the output has enough.
        silence(sys.stdout)
        return DONE
    except OSError as error:
        silence(sys.stdout)
        where = error.filename or "The output"
        return _complain(f"{where}: {error.strerror or error}", REFUSED)


def _outcome(arguments: Sequence[str] | None) -> int:
    """Everything is written when this returns."""
    try:
        status = _run(parser().parse_args(arguments))
    except NoDaemonError as error:
        remedy = error.remedy[0].upper() + error.remedy[1:]
        status = _complain(f"{error.message.rstrip('.')}. {remedy}", NO_DAEMON)
    except OffhookError as error:
        status = _complain(error.message, REFUSED)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except SystemExit:  # of the parser, after a help text or a complaint
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status


def _run(options: argparse.Namespace) -> int:
    module = import_module(f"offhook.cli.{options.module}")
    with interruptible():
        status: int = module.run(options)
    return status


def _complain(message: str, status: int) -> int:
    with suppress(OSError):  # nobody is told then
        print(f"offhook: {clean(message)}", file=sys.stderr, flush=True)
        return status
    silence(sys.stderr)
    return status
