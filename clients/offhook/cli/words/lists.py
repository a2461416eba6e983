# SPDX-License-Identifier: GPL-2.0-or-later
"""What there is: the phone as it is, and its past calls."""

from typing import Any

from .common import actions, add_json, add_limit, add_verb


def add(verbs: Any) -> None:
    add_json(add_verb(verbs, "status", "status", "the phone, its accounts and calls"))
    _add_history(verbs)
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
