# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the command line; what they do is in the module that each verb names."""

import argparse
from collections.abc import Sequence
from typing import Any

PATHS = ("capture", "playback", "ringer")
AVAILABILITIES = ("available", "busy", "away", "dnd", "offline")
FORWARDS = ("always", "busy", "no-answer")
DTMF_METHODS = ("rfc4733", "info", "inband")

DEFAULT_ROWS = 20
LONGEST_TEST_S = 15
"""What the daemon plays or loops at most."""

_CALL = "c12 or 12, as `offhook status` shows it; the only call that fits if not given"
_EXIT = "Exit status: 0 done, 1 refused (the reason is on stderr), 2 wrong usage, 3 no daemon."


class _PrintCompletion(argparse.Action):
    """Prints the completion script; loads what makes it only then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        import shtab  # noqa: PLC0415 - 15 ms that no other command needs

        print(shtab.complete(parser, str(values)))
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """All of the command line; `verb` of what it parses names the module to run."""
    result = argparse.ArgumentParser(
        prog="offhook", description="Use the phone that offhookd serves.", epilog=_EXIT
    )
    result.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh"),
        help="print the completion script of a shell",
    )
    verbs = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_calling(verbs)
    _add_in_call(verbs)
    _add_lists(verbs)
    _add_messages(verbs)
    _add_audio(verbs)
    _add_upkeep(verbs)
    return result


def _verb(verbs: Any, name: str, module: str, text: str, **more: Any) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text, **more)
    added.set_defaults(module=module)
    return added


def _json(verb: argparse.ArgumentParser, default: object = False) -> None:
    verb.add_argument(
        "--json",
        action="store_true",
        default=default,
        help="print JSON, with the names of the D-Bus contract",
    )


def _actions(verb: argparse.ArgumentParser) -> Any:
    """The actions of a verb that lists when none is given; --json may stand on either side."""
    _json(verb)
    acts = verb.add_subparsers(dest="act", metavar="ACTION")
    verb.set_defaults(act="list")
    _json(acts.add_parser("list", help="the list (the default)"), argparse.SUPPRESS)
    return acts


def _add_calling(verbs: Any) -> None:
    dial = _verb(verbs, "dial", "dial", "call a number or address")
    dial.add_argument(
        "target", metavar="TARGET", help="number, SIP, SIPS, tel: or callto: URI; or voicemail"
    )
    dial.add_argument("--account", metavar="ID", help="account to use instead of the default")
    dial.add_argument(
        "--confirm", action="store_true", help="ask first: the target was chosen by a web page"
    )
    dial.add_argument("--muted", action="store_true", help="start with the microphone closed")
    dial.add_argument(
        "--wait", action="store_true", help="stay until the call is over; Ctrl-C hangs up"
    )
    dial.add_argument(
        "--hide-caller-id",
        action=argparse.BooleanOptionalAction,
        help="whether the called person may see who calls; else as the account is set",
    )
    dial.add_argument(
        "--check", action="store_true", help="say what would be dialled, and dial nothing"
    )
    _verb(verbs, "redial", "control", "call again what was dialled last")
    callback = _verb(verbs, "callback", "control", "call back who called")
    callback.add_argument(
        "call", nargs="?", default="", metavar="CALL", help="of the history; the last missed one"
    )
    _add_absence(verbs)


def _add_absence(verbs: Any) -> None:
    dnd = _verb(verbs, "dnd", "forward", "show or set do not disturb; it stays so")
    dnd.add_argument("switch", nargs="?", choices=("on", "off"))
    forward = _verb(verbs, "forward", "forward", "show or set where calls are sent on; it stays so")
    forward.add_argument("when", nargs="?", choices=FORWARDS)
    forward.add_argument(
        "target", nargs="?", default="", metavar="TARGET", help="number or address, or off"
    )
    forward.add_argument(
        "--seconds", type=_positive, metavar="N", help="how long a call rings before no-answer"
    )
    for verb, which in ((dnd, "the whole phone"), (forward, "the default account")):
        verb.add_argument("--account", default="", metavar="ID", help=f"instead of {which}")
        _json(verb)


def _add_in_call(verbs: Any) -> None:
    for name, text in {
        "answer": "answer an incoming call",
        "hold": "put a call on hold",
        "resume": "take a call off hold",
        "mute": "close the microphone in a call",
        "unmute": "open the microphone in a call",
    }.items():
        verb = _verb(verbs, name, "control", text)
        verb.add_argument("call", nargs="?", default="", metavar="CALL", help=_CALL)
    hangup = _verb(verbs, "hangup", "control", "end, cancel or decline a call")
    which = hangup.add_mutually_exclusive_group()
    which.add_argument("call", nargs="?", default="", metavar="CALL", help=_CALL)
    which.add_argument("--all", action="store_true", help="every call")
    _verb(verbs, "swap", "handover", "turn to the call on hold, and hold the other")
    _add_handing_over(verbs)
    merge = _verb(verbs, "merge", "conference", "put calls into one conference")
    merge.add_argument(
        "calls", nargs="*", metavar="CALL", help="c12 or 12; every connected call if not given"
    )
    split = _verb(verbs, "split", "conference", "talk to one of a conference alone")
    split.add_argument("call", metavar="CALL", help="c12 or 12; the others are put on hold")
    record = _verb(verbs, "record", "sound", "record a call into a WAV file; prints its path")
    record.add_argument(
        "act",
        nargs="?",
        choices=("start", "stop", "pause", "resume"),
        default="start",
        help="start (the default) begins a new file, resume goes on in the paused one",
    )
    record.add_argument("--call", default="", metavar="CALL", help=_CALL)
    play = _verb(verbs, "play", "sound", "play a WAV file into a call; Ctrl-C stops it")
    play.add_argument("file", metavar="FILE", help="PCM of 16 bit, 8 to 48 kHz")
    play.add_argument("--call", default="", metavar="CALL", help=_CALL)
    dtmf = _verb(verbs, "dtmf", "control", "press keys in a call")
    dtmf.add_argument("tones", metavar="TONES", help="0-9 * # A-D; a comma is half a second")
    dtmf.add_argument("--method", choices=DTMF_METHODS, default="", help="default: what fits")
    dtmf.add_argument("--call", default="", metavar="CALL", help=_CALL)


def _add_handing_over(verbs: Any) -> None:
    transfer = _verb(verbs, "transfer", "handover", "hand a call over, and leave it")
    where = transfer.add_mutually_exclusive_group(required=True)
    where.add_argument("target", nargs="?", default="", metavar="TARGET", help="number or address")
    where.add_argument("--to", default="", metavar="CALL", help="to the party of this other call")
    transfer.add_argument("--call", default="", metavar="CALL", help=_CALL)
    redirect = _verb(verbs, "redirect", "handover", "send a caller elsewhere without answering")
    redirect.add_argument("target", metavar="TARGET", help="number or address")
    redirect.add_argument("--call", default="", metavar="CALL", help=_CALL)


def _add_lists(verbs: Any) -> None:
    _json(_verb(verbs, "status", "status", "the phone, its accounts and calls"))
    history = _verb(verbs, "history", "history", "past calls, newest first")
    history.add_argument("--missed", action="store_true", help="only calls nobody answered")
    history.add_argument(
        "--limit", type=_positive, default=DEFAULT_ROWS, metavar="N", help="default: %(default)s"
    )
    _json(history)
    accounts = _verb(verbs, "accounts", "accounts", "list, register or switch accounts")
    acts = _actions(accounts)
    for name, text in {
        "register": "register now, instead of at the next attempt",
        "enable": "use an account; it stays so",
        "disable": "unregister an account; it stays so",
    }.items():
        acts.add_parser(name, help=text, description=text).add_argument("id", metavar="ID")
    devices = _verb(verbs, "devices", "devices", "telephone sets that are plugged in")
    acts = _actions(devices)
    for name, text in {
        "identify": "let a set ring or blink for two seconds",
        "enable": "let a set serve the phone; it stays so",
        "disable": "leave a set to other programs; it stays so",
    }.items():
        acts.add_parser(name, help=text, description=text).add_argument("id", metavar="ID")
    _add_contacts(_verb(verbs, "contacts", "contacts", "look people up in the address books"))
    _add_colleagues(verbs)
    _json(_verb(verbs, "watch", "watch", "print every change as it happens"))


def _add_colleagues(verbs: Any) -> None:
    presence = _verb(verbs, "presence", "colleagues", "what others see of you")
    acts = _actions(presence)
    text = "say whether you are available"
    state = acts.add_parser("set", help=text, description=text)
    state.add_argument("state", choices=AVAILABILITIES)
    state.add_argument("--note", metavar="TEXT", help='a line to go with it; "" for none')
    acts = _actions(_verb(verbs, "colleagues", "colleagues", "what others and their phones do"))
    text = "watch a number or address for good"
    add = acts.add_parser("add", help=text, description=text)
    add.add_argument("address", metavar="NUMBER")
    text = "watch somebody no more"
    remove = acts.add_parser("remove", help=text, description=text)
    remove.add_argument("name", metavar="NAME", help="number, label or address")
    pickup = _verb(verbs, "pickup", "colleagues", "take over a call that rings at a colleague's")
    pickup.add_argument("name", metavar="NAME", help="number, label or address")


def _add_contacts(contacts: argparse.ArgumentParser) -> None:
    acts = _actions(contacts)
    text = "people whose name, organization or number begins like this"
    search = acts.add_parser("search", help=text, description=text)
    search.add_argument("text", metavar="TEXT")
    search.add_argument(
        "--limit", type=_positive, default=DEFAULT_ROWS, metavar="N", help="default: %(default)s"
    )
    _json(search, argparse.SUPPRESS)
    text = "who has a number or address"
    lookup = acts.add_parser("lookup", help=text, description=text)
    lookup.add_argument("uri", metavar="NUMBER")
    _json(lookup, argparse.SUPPRESS)
    text = "fetch an address book again"
    refresh = acts.add_parser("refresh", help=text, description=text)
    refresh.add_argument("source", nargs="?", default="", metavar="SOURCE", help="default: all")


def _add_messages(verbs: Any) -> None:
    messages = _verb(verbs, "messages", "messages", "text messages: list, send, mark as read")
    messages.add_argument("--unread", action="store_true", help="only those nobody has read")
    messages.add_argument(
        "--limit", type=_positive, default=DEFAULT_ROWS, metavar="N", help="default: %(default)s"
    )
    acts = _actions(messages)
    send = acts.add_parser("send", help="send one", description="send a text message")
    send.add_argument("target", metavar="TARGET", help="number or SIP address")
    send.add_argument("text", nargs="+", metavar="TEXT", help="- reads it from standard input")
    send.add_argument("--account", metavar="ID", help="account to use instead of the default")
    read = acts.add_parser("read", help="mark as read", description="mark messages as read")
    read.add_argument("id", nargs="?", type=_positive, metavar="ID", help="up to this one")
    voicemail = _verb(verbs, "voicemail", "voicemail", "call the voice mail box")
    voicemail.add_argument("account", nargs="?", default="", metavar="ACCOUNT")
    voicemail.add_argument("--list", action="store_true", help="show what waits; call nobody")
    _json(voicemail)


def _add_audio(verbs: Any) -> None:
    audio = _verb(verbs, "audio", "audio", "sound devices, volumes and tests")
    acts = _actions(audio)
    use = acts.add_parser("use", help="choose devices", description="choose devices")
    use.add_argument("path", choices=PATHS, help="microphone, loudspeaker, or what rings")
    use.add_argument("names", nargs="+", metavar="NAME", help='best first; "default" may be one')
    volume = acts.add_parser("volume", help="set a volume", description="set a volume")
    volume.add_argument("path", choices=PATHS, help="microphone, loudspeaker, or what rings")
    volume.add_argument("level", type=_level, metavar="LEVEL", help="0.0 to 1.0, or 0%% to 100%%")
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
    config = _verb(verbs, "config", "config", "check, reload or find the configuration")
    config.add_argument(
        "act",
        choices=("check", "reload", "path"),
        help="check: say what is wrong with it; reload: apply it; path: print where it is",
    )
    device = _verb(verbs, "device", "device", "examine telephone sets")
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
    _json(describe)
    text = "press one key after another, and write what offhook must know of an unknown device"
    learn = acts.add_parser("learn", help=text, description=text)
    learn.set_defaults(module="learn")
    learn.add_argument(
        "device",
        nargs="?",
        default="",
        metavar="DEVICE",
        help="/dev/hidraw3, 1234:5678 or a part of its name; the only one if not given",
    )
    learn.add_argument(
        "--output", metavar="FILE", help="default: devices.yaml in ~/.config/offhook"
    )
    _verb(verbs, "demo", "demo", "place a call to an echo on this machine and show every step")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 at least")
    return number


def _level(text: str) -> float:
    try:
        level = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        level = -1.0
    if not 0.0 <= level <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0.0 to 1.0, nor 0% to 100%")
    return level
