# SPDX-License-Identifier: GPL-2.0-or-later
"""How calls are placed, and how they are taken while nobody wants to be called."""

import argparse
from typing import Any

from .common import add_json, add_verb, positive

FORWARDS = ("always", "busy", "no-answer")


def add(verbs: Any) -> None:
    dial = add_verb(verbs, "dial", "dial", "call a number or address")
    dial.add_argument(
        "target", metavar="TARGET", help="number, SIP, SIPS, tel: or callto: URI; or voicemail"
    )
    dial.add_argument("--account", metavar="ACCOUNT", help="account to use instead of the default")
    dial.add_argument(
        "--confirm", action="store_true", help="ask first: the target was chosen by a web page"
    )
    dial.add_argument("--muted", action="store_true", help="start with the microphone closed")
    dial.add_argument(
        "--wait", action="store_true", help="stay until the call is over; Ctrl-C hangs up"
    )
    dial.add_argument(
        "--codec",
        action="append",
        default=[],
        metavar="NAME",
        help="offer this codec instead of the account's; again for the next best",
    )
    dial.add_argument(
        "--hide-caller-id",
        action=argparse.BooleanOptionalAction,
        help="whether the called person may see who calls; else as the account is set",
    )
    dial.add_argument(
        "--through", metavar="NAME", default="", help="desk phone that makes the call; or here"
    )
    dial.add_argument(
        "--check", action="store_true", help="say what would be dialled, and dial nothing"
    )
    add_verb(verbs, "redial", "control", "call again what was dialled last")
    callback = add_verb(verbs, "callback", "control", "call back who called")
    callback.add_argument(
        "call",
        nargs="?",
        default="",
        metavar="PAST-CALL",
        help="of the history; the last missed one if not given",
    )
    _add_absence(verbs)


def _add_absence(verbs: Any) -> None:
    dnd = add_verb(verbs, "dnd", "forward", "show or set do not disturb; it stays so")
    dnd.add_argument("switch", nargs="?", choices=("on", "off"), help="shown if not given")
    forward = add_verb(
        verbs, "forward", "forward", "show or set where calls are sent on; it stays so"
    )
    forward.add_argument("when", nargs="?", choices=FORWARDS, help="shown if not given")
    forward.add_argument(
        "target", nargs="?", default="", metavar="TARGET", help="number or address, or off"
    )
    forward.add_argument(
        "--seconds", type=positive, metavar="N", help="how long a call rings before no-answer"
    )
    for verb, which in ((dnd, "the whole phone"), (forward, "the default account")):
        verb.add_argument("--account", default="", metavar="ACCOUNT", help=f"instead of {which}")
        add_json(verb)
