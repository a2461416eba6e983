# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done with calls."""

from typing import Any

from .common import CALL, add_verb

DTMF_METHODS = ("rfc4733", "info", "inband")


def add(verbs: Any) -> None:
    for name, text in {
        "answer": "answer an incoming call",
        "hold": "put a call on hold",
        "resume": "take a call off hold",
        "mute": "close the microphone in a call",
        "unmute": "open the microphone in a call",
        "flash": "a hook flash, for exchanges that offer a second call by it",
    }.items():
        verb = add_verb(verbs, name, "control", text)
        verb.add_argument("call", nargs="?", default="", metavar="CALL", help=CALL)
    toggle = add_verb(verbs, "toggle", "toggle", "one key for both: turn on what is off")
    toggle.add_argument(
        "what",
        choices=("call", "mute", "hold", "dnd"),
        help="call: answer what rings, else hang up; the others as their verbs",
    )
    toggle.add_argument("call", nargs="?", default="", metavar="CALL", help=CALL)
    hangup = add_verb(verbs, "hangup", "control", "end, cancel or decline a call")
    which = hangup.add_mutually_exclusive_group()
    which.add_argument("call", nargs="?", default="", metavar="CALL", help=CALL)
    which.add_argument("--all", action="store_true", help="every call")
    add_verb(verbs, "swap", "handover", "turn to the call on hold, and hold the other")
    _add_handing_over(verbs)
    merge = add_verb(verbs, "merge", "conference", "put calls into one conference")
    merge.add_argument(
        "calls", nargs="*", metavar="CALL", help="c12 or 12; every connected call if not given"
    )
    split = add_verb(verbs, "split", "conference", "talk to one of a conference alone")
    split.add_argument("call", metavar="CALL", help="c12 or 12; the others are put on hold")
    record = add_verb(verbs, "record", "sound", "record a call into a WAV file; prints its path")
    record.add_argument(
        "act",
        nargs="?",
        choices=("start", "stop", "pause", "resume"),
        default="start",
        help="start (the default) begins a new file, resume goes on in the paused one",
    )
    record.add_argument("--call", default="", metavar="CALL", help=CALL)
    play = add_verb(verbs, "play", "sound", "play a WAV file into a call; Ctrl-C stops it")
    play.add_argument("file", metavar="FILE", help="PCM of 16 bit, 8 to 48 kHz")
    play.add_argument("--call", default="", metavar="CALL", help=CALL)
    dtmf = add_verb(verbs, "dtmf", "control", "press keys in a call")
    dtmf.add_argument("tones", metavar="TONES", help="0-9 * # A-D; a comma is half a second")
    dtmf.add_argument("--method", choices=DTMF_METHODS, default="", help="default: what fits")
    dtmf.add_argument("--call", default="", metavar="CALL", help=CALL)


def _add_handing_over(verbs: Any) -> None:
    transfer = add_verb(verbs, "transfer", "handover", "hand a call over, and leave it")
    where = transfer.add_mutually_exclusive_group(required=True)
    where.add_argument("target", nargs="?", default="", metavar="TARGET", help="number or address")
    where.add_argument("--to", default="", metavar="CALL", help="to the party of this other call")
    transfer.add_argument("--call", default="", metavar="CALL", help=CALL)
    redirect = add_verb(verbs, "redirect", "handover", "send a caller elsewhere without answering")
    redirect.add_argument("target", metavar="TARGET", help="number or address")
    redirect.add_argument("--call", default="", metavar="CALL", help=CALL)
