# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook``: from words to a verb, and from errors to an exit status."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from offhook.errors import NoDaemonError, OffhookError

from .output import clean
from .parser import parser

DONE, REFUSED, USAGE, NO_DAEMON = range(4)
INTERRUPTED = 130
"""As shells count: 128 and the number of SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = parser().parse_args(arguments)
    try:
        status = _run(options)
        sys.stdout.flush()
    except NoDaemonError as error:
        remedy = error.remedy[0].upper() + error.remedy[1:]
        return _complain(f"{error.message.rstrip('.')}. {remedy}", NO_DAEMON)
    except OffhookError as error:
        return _complain(error.message, REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough; Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return status


def _run(options: argparse.Namespace) -> int:
    module = import_module(f"offhook.cli.{options.module}")
    status: int = module.run(options)
    return status


def _complain(message: str, status: int) -> int:
    print(f"offhook: {clean(message)}", file=sys.stderr)
    return status
