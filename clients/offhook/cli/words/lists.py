# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is: the phone, its calls, accounts and telephone sets."""

from typing import Any

from .common import actions, add_json, add_limit, add_verb


def add(verbs: Any) -> None:
    add_json(add_verb(verbs, "status", "status", "the phone, its accounts and calls"))
    _add_history(verbs)
    accounts = add_verb(verbs, "accounts", "accounts", "list, register, choose or switch accounts")
    acts = actions(accounts)
    for name, text in {
        "register": "register now, instead of at the next attempt",
        "enable": "use an account; it stays so",
        "disable": "unregister an account; it stays so",
        "default": "dial on an account when no other is named; it stays so",
    }.items():
        act = acts.add_parser(name, help=text, description=text)
        act.add_argument("id", metavar="ACCOUNT", help="its name in the configuration")
    devices = add_verb(verbs, "devices", "devices", "telephone sets that are plugged in")
    acts = actions(devices)
    for name, text in {
        "identify": "let a set ring or blink for two seconds",
        "enable": "let a set serve the phone; it stays so",
        "disable": "leave a set to other programs; it stays so",
    }.items():
        act = acts.add_parser(name, help=text, description=text)
        act.add_argument("id", metavar="DEVICE", help="its id, or a part of that or of its name")
    watch = add_verb(
        verbs,
        "watch",
        "watch",
        "the phone as it is, on a terminal, else every change",
    )
    watch.add_argument("--lines", action="store_true", help="print changes on a terminal, too")
    watch.add_argument(
        "--stay", action="store_true", help="go on when offhookd ends; on a terminal it always does"
    )
    add_json(watch)


def _add_history(verbs: Any) -> None:
    history = add_verb(verbs, "history", "history", "past calls, newest first")
    history.add_argument("--missed", action="store_true", help="only calls nobody answered")
    history.add_argument("--peer", default="", metavar="NUMBER", help="only those with this person")
    history.add_argument("--account", default="", metavar="ACCOUNT", help="only those on it")
    add_limit(history)
    acts = actions(history)
    text = "say that the missed calls were noticed"
    acts.add_parser("seen", help=text, description=text)
    text = "delete calls from the history"
    delete = acts.add_parser("delete", help=text, description=text)
    which = delete.add_mutually_exclusive_group(required=True)
    which.add_argument("calls", nargs="*", default=[], metavar="PAST-CALL", help="c12 or 12")
    which.add_argument("--all", action="store_true", help="every call")
