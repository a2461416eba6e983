# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound, configuration, telephone sets nobody knows, the demonstration."""

from typing import Any

from offhook.cli.completion import WORDS

from .common import actions, add_json, add_verb, level

PATHS = ("capture", "playback", "ringer")
TRANSPORTS = ("udp", "tcp", "tls")
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
    _add_account(verbs)
    doctor = add_verb(verbs, "doctor", "doctor", "find out what is wrong, and what helps")
    add_json(doctor, text="print JSON: subject, verdict, text and remedy of each finding")
    device = add_verb(verbs, "device", "device", "examine telephone sets")
    acts = device.add_subparsers(dest="act", metavar="ACTION", required=True)
    describe = acts.add_parser(
        "describe",
        help="show the buttons and lamps that a HID report descriptor declares",
        description="show the buttons and lamps that a HID report descriptor declares",
    )
    describe.add_argument(
        "--descriptor",
        required=True,
        metavar="FILE",
        help="binary, as /sys/class/hidraw/hidraw0/device/report_descriptor, or hexadecimal",
    )
    add_json(describe, text="print JSON: the inputs and outputs by their names")
    text = "press one key after another, and write what offhook must know of an unknown device"
    learn = acts.add_parser("learn", help=text, description=text)
    learn.set_defaults(module="learn")
    learn.add_argument(
        "device",
        nargs="?",
        default="",
        metavar="WHICH",
        help="/dev/hidraw3, 1234:5678 or a part of its name; the only one if not given",
    )
    learn.add_argument(
        "--output", metavar="FILE", help="default: devices.yaml in ~/.config/offhook"
    )
    _add_complete(verbs)
    add_verb(verbs, "demo", "demo", "place a call to an echo on this machine and show every step")


def _add_complete(verbs: Any) -> None:
    """For the completion scripts; without a help, no list shows it."""
    complete = verbs.add_parser("complete", description="print the words a shell offers")
    complete.set_defaults(module="complete")
    kinds = sorted(set(WORDS.values()))
    complete.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    complete.add_argument("prefix", nargs="?", default="", metavar="PREFIX")


def _add_account(verbs: Any) -> None:
    account = add_verb(verbs, "account", "account", "add or remove an account, password and all")
    acts = account.add_subparsers(dest="act", metavar="ACTION", required=True)
    text = "write it into the configuration, keep its password in the keyring, and register"
    add = acts.add_parser("add", help=text, description=f"{text}; asks for what is not given")
    add.add_argument("id", nargs="?", default="", metavar="NEW", help="its name here, such as work")
    add.add_argument("--uri", default="", metavar="URI", help="sip:user@server")
    add.add_argument("--transport", choices=TRANSPORTS, default="", help="default: udp")
    add.add_argument("--username", default="", metavar="TEXT", help="that goes with the password")
    add.add_argument("--display-name", default="", metavar="TEXT", help="what the called see")
    add.add_argument(
        "--registrar", default="", metavar="URI", help='default: the server of --uri; "none": none'
    )
    add.add_argument("--proxy", default="", metavar="URI", help="outbound proxy")
    which = add.add_mutually_exclusive_group()
    which.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    which.add_argument(
        "--password-command", default="", metavar="COMMAND", help="a program that prints it"
    )
    text = "take it out of the configuration and the keyring"
    remove = acts.add_parser("remove", help=text, description=text)
    remove.add_argument("id", metavar="ACCOUNT", help="its name in the configuration")
