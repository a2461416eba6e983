# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the configuration that people change, as data; the others are in the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .words import tr


class Kind(StrEnum):
    """How a value is edited."""

    TEXT = "text"
    FILE = "file"
    DIRECTORY = "directory"
    LIST = "list"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    SUGGESTION = "suggestion"
    """A text, with some to choose from."""


@dataclass(frozen=True, slots=True)
class Field:
    """`usual` is what holds where nothing is written, as it would be written; `hint` says it where
    it is no fixed value.  `choices` are values with their words; a number lies in `limits`."""

    path: tuple[str, ...]
    label: str
    kind: Kind = Kind.TEXT
    usual: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    limits: tuple[int, int] = (0, 0)

    @property
    def key(self) -> str:
        return ".".join(self.path)

    def written(self, choice: str) -> str | int:
        """As the daemon wants it: numbers without quotes, texts of digits with them."""
        return int(choice) if choice.isdecimal() else choice


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    title: str
    fields: Sequence[Field]


def pages() -> list[Page]:
    """Of the window, after the accounts and what the daemon keeps itself."""
    return [
        Page("sound", tr("Sound"), (*_ringing(), *_sound())),
        Page("callers", tr("Who may ring"), tuple(_callers())),
        Page("calls", tr("Calls"), tuple(_calls())),
        Page("sets", tr("Telephone sets"), tuple(_sets())),
        Page("desktop", tr("Desktop"), tuple(_desktop())),
    ]


def account_fields(name: str) -> list[Field]:
    """Of one account."""
    own = ("accounts", name)
    usual = tr("the usual one")
    shows = tr("Others see whether I am there")
    return [
        Field((*own, "enabled"), tr("In use"), Kind.SWITCH, "true"),
        Field((*own, "uri"), tr("Address"), hint=_such_as("sip:1001@pbx.example.com")),
        Field((*own, "label"), tr("Called in lists"), hint=name),
        Field((*own, "display_name"), tr("Your name for others")),
        Field((*own, "username"), tr("User name"), hint=tr("as in the address")),
        Field((*own, "registrar"), tr("Server"), hint=tr("as in the address")),
        Field((*own, "proxy"), tr("Outbound proxy"), hint=tr("none")),
        Field((*own, "transport"), tr("Transport"), Kind.CHOICE, "udp", choices=TRANSPORTS),
        Field((*own, "srtp"), tr("Encrypted sound"), Kind.CHOICE, "disabled", choices=_srtp()),
        Field((*own, "codecs"), tr("Codecs, best first"), Kind.LIST, hint=tr("the usual ones")),
        *_dial_plan(own),
        Field((*own, "call_waiting"), tr("Call waiting"), Kind.SWITCH, "true"),
        Field((*own, "hide_caller_id"), tr("Hide my number"), Kind.SWITCH, "false"),
        Field((*own, "voicemail"), tr("Voice mail box"), hint=tr("as the server tells")),
        Field((*own, "ring"), tr("Ring tone"), Kind.SUGGESTION, choices=RINGS, hint=usual),
        Field((*own, "presence", "publish"), shows, Kind.SWITCH, "false"),
        Field((*own, "presence", "watch"), tr("Colleagues"), Kind.LIST, hint=_such_as("1002")),
    ]


def _such_as(example: str) -> str:
    return tr("such as {}").format(example)


TRANSPORTS = (("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS"))
RINGS = tuple((f"bellcore-dr{number}", f"Bellcore {number}") for number in range(1, 6))


def _srtp() -> tuple[tuple[str, str], ...]:
    return (
        ("disabled", tr("No")),
        ("optional", tr("If the other side can")),
        ("required", tr("Always")),
    )


def _dial_plan(own: tuple[str, str]) -> Iterator[Field]:
    formats = (
        ("as-dialled", tr("As dialled")),
        ("e164", "+4930…"),
        ("international", "004930…"),
        ("national", "030…"),
    )
    yield Field((*own, "country"), tr("Country"), hint=tr("that of the tones"))
    yield Field((*own, "outside_prefix"), tr("Digits for an outside line"), hint=tr("nothing"))
    digits = tr("Longest extension, digits")
    yield Field((*own, "extension_digits"), digits, Kind.NUMBER, "0", limits=(0, 8))
    label = tr("Numbers are sent")
    yield Field((*own, "number_format"), label, Kind.CHOICE, "as-dialled", choices=formats)


def _sound() -> Iterator[Field]:
    unplugged = (
        ("hold", tr("Hold the call")),
        ("speaker", tr("Go on with the next device")),
        ("hangup", tr("Hang up")),
    )
    label = tr("Device unplugged in a call")
    yield Field(("audio", "on_unplug"), label, Kind.CHOICE, "hold", choices=unplugged)
    yield Field(("audio", "hold_music"), tr("Music on hold"), Kind.FILE, hint=tr("silence"))
    yield Field(("tones", "country"), tr("Tones as in"), hint=tr("the country of your language"))


def _ringing() -> Iterator[Field]:
    where = (
        ("auto", tr("Loudspeakers, and sets with a bell")),
        ("phone", tr("Telephone sets")),
        ("speakers", tr("Loudspeakers")),
        ("both", tr("Both")),
    )
    sound = ("ringing", "sound")
    yield Field(("devices", "ring"), tr("Ring at"), Kind.CHOICE, "auto", choices=where)
    yield Field(sound, tr("Ring tone"), Kind.SUGGESTION, choices=RINGS, hint=tr("built-in bell"))


def _callers() -> Iterator[Field]:
    what = (
        ("ring", tr("Ring")),
        ("silent", tr("Show, do not ring")),
        ("busy", tr("Busy")),
        ("decline", tr("Decline")),
        ("ignore", tr("Let it ring there only")),
    )
    callers = tr("Answered by itself")
    yield Field(("screening", "allow"), tr("Always ring"), Kind.LIST, hint=_such_as("+4930*"))
    yield Field(("screening", "block"), tr("Unwanted"), Kind.LIST, hint=_such_as("0900*"))
    for name, label, usual in (
        ("blocked", tr("Unwanted callers get"), "decline"),
        ("anonymous", tr("Callers without a number"), "ring"),
        ("others", tr("Everybody else"), "ring"),
    ):
        yield Field(("screening", name), label, Kind.CHOICE, usual, choices=what)
    yield Field(("auto_answer", "callers"), callers, Kind.LIST, hint=tr("nobody"))


def _calls() -> Iterator[Field]:
    refusals = (("486", tr("Busy")), ("480", tr("Not here")), ("603", tr("Declined")))
    detours = (
        ("follow", tr("Call there at once")),
        ("ask", tr("Ask me")),
        ("refuse", tr("Refuse")),
    )
    for field, label in (
        ("transferred", tr("When I am transferred")),
        ("redirected", tr("When a call is redirected")),
    ):
        yield Field(("calls", field), label, Kind.CHOICE, "ask", choices=detours)
    label = tr("Do not disturb says")
    yield Field(("calls", "dnd_code"), label, Kind.CHOICE, "486", choices=refusals)
    directory = ("recording", "directory")
    yield Field(directory, tr("Recordings"), Kind.DIRECTORY, hint="~/.local/share/offhook")
    yield Field(("recording", "beep"), tr("Recording is heard"), Kind.SWITCH, "false")


def _sets() -> Iterator[Field]:
    dials = ("devices", "speed_dials")
    after = tr("Hot line after seconds")
    yield Field(("devices", "hot_line"), tr("Hot line"), hint=tr("nobody"))
    yield Field(("devices", "hot_line_seconds"), after, Kind.NUMBER, "5", limits=(0, 20))
    for key in map(str, range(1, 10)):
        yield Field((*dials, key), tr("Speed dial {}").format(key))
    yield Field((*dials, "voice-mail"), tr("Voice mail key"))


def _desktop() -> Iterator[Field]:
    moments = (
        ("ringing", tr("Ringing")),
        ("answered", tr("Answered")),
        ("ended", tr("Ended")),
    )
    yield Field(("desktop", "pause_players"), tr("Pause media players"), Kind.SWITCH, "true")
    yield Field(("desktop", "inhibit_sleep"), tr("Stay awake in a call"), Kind.SWITCH, "true")
    page = "https://crm.example.com/find?number={number}"
    yield Field(("screen_pop", "url"), tr("Page of a caller"), hint=_such_as(page))
    label = tr("Offered when")
    yield Field(("screen_pop", "at"), label, Kind.CHOICE, "ringing", choices=moments)
    label = tr("Sites that open by themselves")
    yield Field(("screen_pop", "sites"), label, Kind.LIST, hint=_such_as("crm.example.com"))
    for name, words in moments:
        yield Field(("hooks", name), tr("Program: {}").format(words))
