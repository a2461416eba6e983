# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the command line; what they do is in the module that each verb names."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from .completion import SHELLS
from .output import clean
from .words import accounts, calling, devices, in_call, lists, people, upkeep

EXIT = (
    "Exit status: 0 done, 1 refused (the reason is on stderr), 2 wrong usage, 3 no daemon,"
    " 130 interrupted."
)


class _PrintCompletion(argparse.Action):
    """Prints the completion script; loads what makes it only then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        from .completion import script  # noqa: PLC0415 - no other command needs it

        print(script(parser, str(values)))
        parser.exit()


class _PrintVersion(argparse.Action):
    """Prints which release is installed; reads that only then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        _values: object,
        _option: str | None = None,
    ) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - no other command needs it

        print(f"{parser.prog} {version(parser.prog)}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Shows wrong words clean: a link of a web page may be among them."""

    def error(self, message: str) -> NoReturn:
        super().error(clean(message))


def parser() -> argparse.ArgumentParser:
    """All of the command line; `verb` of what it parses names the module to run."""
    result = _Parser(prog="offhook", description="Use the phone that offhookd serves.", epilog=EXIT)
    result.add_argument(
        "--version", action=_PrintVersion, nargs=0, help="print the version and exit"
    )
    result.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=SHELLS,
        help="print the completion script of a shell",
    )
    verbs = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for topic in (calling, in_call, lists, accounts, devices, people, upkeep):
        topic.add(verbs)
    return result
