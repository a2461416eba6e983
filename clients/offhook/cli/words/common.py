# SPDX-License-Identifier: GPL-2.0-or-later
"""What the verbs share: how one is added, and the kinds of words it takes."""

import argparse
from typing import Any

CALL = "c12 or 12, as `offhook status` shows it; the only call that fits if not given"
DEFAULT_ROWS = 20
CONTRACT_NAMES = "print JSON, with the names of the D-Bus contract"


def add_verb(verbs: Any, name: str, module: str, text: str, **more: Any) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text, **more)
    added.set_defaults(module=module)
    return added


def add_json(
    verb: argparse.ArgumentParser, default: object = False, text: str = CONTRACT_NAMES
) -> None:
    verb.add_argument("--json", action="store_true", default=default, help=text)


def add_limit(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--limit",
        type=positive,
        default=DEFAULT_ROWS,
        metavar="N",
        help="so many at most; default: %(default)s",
    )


def actions(verb: argparse.ArgumentParser) -> Any:
    """The actions of a verb that lists when none is given; --json may stand on either side."""
    add_json(verb)
    acts = verb.add_subparsers(dest="act", metavar="ACTION")
    verb.set_defaults(act="list")
    listed = acts.add_parser("list", help="the list (the default)", description=verb.description)
    add_json(listed, argparse.SUPPRESS)
    return acts


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 at least")
    return number


def level(text: str) -> float:
    try:
        chosen = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        chosen = -1.0
    if not 0.0 <= chosen <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0.0 to 1.0, nor 0% to 100%")
    return chosen
