# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound, configuration, what is wrong, the demonstration."""

from typing import Any

from offhook.cli.completion import WORDS

from .common import actions, add_json, add_verb, level

PATHS = ("capture", "playback", "ringer")
LONGEST_TEST_S = 15
"""What the daemon plays or loops at most."""


def add(verbs: Any) -> None:
    _add_audio(verbs)
    _add_upkeep(verbs)


def _add_audio(verbs: Any) -> None:
    audio = add_verb(verbs, "audio", "audio", "sound devices, volumes and tests")
    acts = actions(audio)
    use = acts.add_parser("use", help="choose devices", description="choose devices")
    use.add_argument("path", choices=PATHS, help="microphone, loudspeaker, or what rings")
    use.add_argument(
        "names", nargs="+", metavar="ENDPOINT", help='best first; "default" may be one'
    )
    volume = acts.add_parser("volume", help="set a volume", description="set a volume")
    volume.add_argument("path", choices=PATHS, help="microphone, loudspeaker, or what rings")
    volume.add_argument("level", type=level, metavar="LEVEL", help="0.0 to 1.0, or 0%% to 100%%")
    test = acts.add_parser(
        "test", help="hear whether it works", description="play a tone, or loop the microphone back"
    )
    test.add_argument("path", choices=PATHS, metavar="WHAT", help=", ".join(PATHS))
    test.add_argument(
        "--seconds",
        type=int,
        choices=range(1, LONGEST_TEST_S + 1),
        default=3,
        metavar="N",
        help=f"1 to {LONGEST_TEST_S}, default %(default)s",
    )


def _add_upkeep(verbs: Any) -> None:
    config = add_verb(verbs, "config", "config", "check, reload or find the configuration")
    config.add_argument(
        "act",
        choices=("check", "reload", "path"),
        help="check: say what is wrong with it; reload: apply it; path: print where it is",
    )
    doctor = add_verb(verbs, "doctor", "doctor", "find out what is wrong, and what helps")
    add_json(doctor, text="print JSON: subject, verdict, text and remedy of each finding")
    _add_complete(verbs)
    add_verb(verbs, "demo", "demo", "place a call to an echo on this machine and show every step")


def _add_complete(verbs: Any) -> None:
    """For the completion scripts; without a help, no list shows it."""
    complete = verbs.add_parser("complete", description="print the words a shell offers")
    complete.set_defaults(module="complete")
    kinds = sorted(set(WORDS.values()))
    complete.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    complete.add_argument("prefix", nargs="?", default="", metavar="PREFIX")
