# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon and its engine say to each other over their socketpair.

One message is one line of JSON: ``{"is": "dial", "leg": 7, ...}``.  Both sides decode strictly:
a line that is too long, names an unknown message, lacks or adds a field, or holds a value of the
wrong type or size raises `ProtocolError`, and the receiver drops the line and says so.  Neither
side trusts the other: the engine parses what strangers send and may be taken over.

A *leg* is the engine's side of a call.  The daemon numbers the legs it dials upwards from 1, the
engine those that arrive downwards from -1, so that neither waits for the other and no number
clashes.  A number is never used twice in the life of one engine process.

Every command carries a ``request`` number and is answered by exactly one `Reply`, in any order.
Times are seconds unless the name says ``_ms`` or ``_us``; levels are dBFS.
"""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import (
    Any,
    ClassVar,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

VERSION = 1
"""Both sides state it in `Start` and in its reply; any difference ends the engine."""

MAX_LINE_BYTES = 65_536
MAX_TEXT_CHARS = 8_192
MAX_ITEMS = 512

Leg = NewType("Leg", int)

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]


class ProtocolError(Exception):
    """A line that is no message of this protocol; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line, in either direction."""

    kind: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Message):
    """Daemon to engine; `request` is echoed in the `Reply`."""

    request: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """Engine to daemon."""


_messages: dict[str, type[Message]] = {}
M = TypeVar("M", bound=Message)


def _message(kind: str) -> Callable[[type[M]], type[M]]:
    def register(cls: type[M]) -> type[M]:
        cls.kind = kind
        _messages[kind] = cls
        return cls

    return register


# ---------------------------------------------------------------- daemon to engine


@_message("start")
@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Command):
    """First command; nothing of the SIP stack exists before it.

    `log_level` is one of `logging`; `country` (ISO 3166, small letters) chooses the tones.
    The reply's data: version (str), protocol (int), codecs, transports (tuples of str), tls (str),
    max_calls (int), video (bool), pid (int), port (int, the UDP port), faults (tuple of str:
    self-checks that failed; the features they guard are off).
    """

    version: int
    bind: str
    port: int
    user_agent: str
    ca_file: str
    codecs: tuple[str, ...]
    log_level: int
    country: str


@_message("set-account")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccount(Command):
    """Create the account or change it; calls in progress are kept.

    `registrar` is "" for direct calls.  `servers` are the addresses (IP literals) that may send
    requests to this account; `accept_anyone` lifts that.  `codecs`: names in order of preference,
    all others are not offered.
    """

    account: str
    uri: str
    display_name: str
    username: str
    password: str = field(repr=False)
    registrar: str
    proxy: str
    transport: str
    srtp: str
    codecs: tuple[str, ...]
    register_seconds: int
    keepalive_seconds: int
    servers: tuple[str, ...]
    accept_anyone: bool


@_message("remove-account")
@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAccount(Command):
    account: str


@_message("set-hosts")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetHosts(Command):
    """All names the engine may contact, with their addresses ("192.0.2.1" or "192.0.2.1:5070",
    best first).  The engine asks no DNS server itself; a name that is missing here fails.
    The addresses are also admitted by the socket filter."""

    hosts: Mapping[str, tuple[str, ...]]


@_message("register")
@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Command):
    """Send one REGISTER; the outcome is a `Registration` event."""

    account: str


@_message("unregister")
@dataclass(frozen=True, slots=True, kw_only=True)
class Unregister(Command):
    account: str


@_message("dial")
@dataclass(frozen=True, slots=True, kw_only=True)
class Dial(Command):
    leg: int
    account: str
    target: str
    headers: Mapping[str, str]
    anonymous: bool
    muted: bool


@_message("ring")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Command):
    """Send 180; opens the sound streams so that the answer finds them running."""

    leg: int


@_message("answer")
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Command):
    leg: int


@_message("refuse")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Command):
    """Final answer `code` (300-699) to an incoming call; `contact` is set for a 302."""

    leg: int
    code: int
    contact: str = ""


@_message("hangup")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(Command):
    """CANCEL or BYE, whichever the leg needs.  A leg that is gone is no error."""

    leg: int


@_message("hold")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Command):
    leg: int
    held: bool


@_message("mute")
@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(Command):
    leg: int
    muted: bool


@_message("send-dtmf")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtmf(Command):
    """`tones` of 0-9*#A-D and "," (500 ms pause); `method`: "" lets the engine choose by what
    the far end offers.  Replied when the last tone has been queued."""

    leg: int
    tones: str
    method: str
    duration_ms: int


@_message("focus")
@dataclass(frozen=True, slots=True, kw_only=True)
class Focus(Command):
    """Only this leg (0: none) is connected to the microphone and the loudspeaker."""

    leg: int


@_message("play-tone")
@dataclass(frozen=True, slots=True, kw_only=True)
class PlayTone(Command):
    """A call-progress tone on the call's loudspeaker: "ringback", "busy", "congestion", ... by
    the country of `Start`; "" stops.  `seconds` 0: until stopped."""

    tone: str
    seconds: float


@_message("start-ringer")
@dataclass(frozen=True, slots=True, kw_only=True)
class StartRinger(Command):
    """Ring on a sound device of its own (`sink`: "" is the server's default), as the call's
    audio is not touched.  `sound`: a WAV file, or "" for the built-in ring."""

    sink: str
    sound: str


@_message("stop-ringer")
@dataclass(frozen=True, slots=True, kw_only=True)
class StopRinger(Command):
    pass


@_message("set-audio")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetAudio(Command):
    """Devices of the call (names of the sound server; "" is its default).  Applies at once, also
    in a call.  `on_unplug`: "hold" | "speaker" | "hangup": what to do when the server moves a
    stream off its device."""

    backend: str
    capture: str
    playback: str
    on_unplug: str


@_message("monitor-levels")
@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLevels(Command):
    """Send `Levels` of the leg every `interval_ms`; 0 ends it."""

    leg: int
    interval_ms: int


@_message("test-audio")
@dataclass(frozen=True, slots=True, kw_only=True)
class TestAudio(Command):
    """`what`: "playback", "ringer" or "capture".  Replied at the end; data: peak (float)."""

    __test__ = False  # pytest collects by name

    what: str
    sink: str
    seconds: int


@_message("get-statistics")
@dataclass(frozen=True, slots=True, kw_only=True)
class GetStatistics(Command):
    """Reply data: everything the stack knows, flat, names with units."""

    leg: int


@_message("loop")
@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Command):
    """Send the leg its own sound back: the echo party of the demonstration."""

    leg: int
    enabled: bool


@_message("ping")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Command):
    """Answered by the SIP thread itself, so that a reply means it is alive."""


@_message("stop")
@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command):
    """Hang up, unregister, tear down, exit 0; the end of the socket is the reply."""


# ---------------------------------------------------------------- engine to daemon


@_message("reply")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Event):
    """`error` is "" when done, else one sentence; `code` a SIP status or pjlib status, or 0."""

    request: int
    error: str = ""
    code: int = 0
    data: Mapping[str, Value] = field(default_factory=dict)


@_message("registration")
@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Event):
    """Outcome of one REGISTER.  `expires`: seconds granted, 0 after unregistering.
    `retry_after`: of the answer, or 0.  `cause`: "" or "dns" | "tls" | "network" | "timeout" when
    no answer came from the registrar; `text` then says what happened."""

    account: str
    code: int
    text: str
    expires: int
    retry_after: int
    cause: str


@_message("incoming")
@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming(Event):
    """An INVITE that passed the gate and whose offer has a codec in common; nothing but 100 has
    been answered.  Texts are cleaned (no control characters, valid UTF-8, capped)."""

    leg: int
    account: str
    sip_call_id: str
    source: str
    peer_uri: str
    peer_name: str
    asserted_uri: str
    asserted_name: str
    diversion_uri: str
    alert_info: str
    call_info: str


@_message("leg-state")
@dataclass(frozen=True, slots=True, kw_only=True)
class LegState(Event):
    """`state`: "dialing" (INVITE out), "ringing" (180), "early" (media before the answer),
    "answered" (200 sent or received), "active" (ACK), "ended".  `code`, `text`: the SIP status
    line that led there.  `cause` on "ended": "" | "remote" | "local" | "cancelled" | "elsewhere" |
    "no-ack" | "network" | "media" | "dns" | "tls" | "forwarded"."""

    leg: int
    state: str
    code: int
    text: str
    cause: str
    sip_call_id: str


@_message("leg-media")
@dataclass(frozen=True, slots=True, kw_only=True)
class LegMedia(Event):
    leg: int
    codec: str
    clock_rate: int
    flow: str
    encryption: str
    local_hold: bool
    remote_hold: bool


@_message("leg-quality")
@dataclass(frozen=True, slots=True, kw_only=True)
class LegQuality(Event):
    """Every five seconds in a call.  Losses are 0.0-1.0 of the last interval, `mos` 1.0-4.5 by
    the E-model (ITU-T G.107), 0 while unknown."""

    leg: int
    round_trip_us: int
    jitter_us: int
    loss_sent: float
    loss_received: float
    packets_sent: int
    packets_received: int
    mos: float


@_message("leg-dtmf")
@dataclass(frozen=True, slots=True, kw_only=True)
class LegDtmf(Event):
    leg: int
    tone: str
    duration_ms: int


@_message("levels")
@dataclass(frozen=True, slots=True, kw_only=True)
class Levels(Event):
    leg: int
    sent_dbfs: float
    received_dbfs: float


@_message("audio-status")
@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStatus(Event):
    """`state`: "closed" (nothing open), "open", "silent" (a clock without a device, as
    configured), "waiting" (no server or no device; `reason` says which), "moved" (the server took
    the stream off `capture`/`playback`, `reason` names where to)."""

    state: str
    capture: str
    playback: str
    reason: str


@_message("gate-report")
@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport(Event):
    """Messages dropped since start, by rule; at most one report a minute and rule change."""

    dropped: Mapping[str, int]
    last_source: str


@_message("log-line")
@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Event):
    """`level` as in `logging`."""

    level: int
    text: str


# ---------------------------------------------------------------- lines


def encode(message: Message) -> bytes:
    """The line for `message`, with its newline.  Raises `ProtocolError` when it is too long."""
    body: dict[str, Any] = {"is": message.kind}
    for name in _hints(type(message)):
        body[name] = getattr(message, name)
    line = json.dumps(body, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"{message.kind}: {len(line)} bytes are too many")
    return line


def decode(line: bytes, expected: type[M]) -> M:
    """The message in `line`, which must be an `expected` (`Command` or `Event`)."""
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"{len(line)} bytes are too many")
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ProtocolError("not an object")
    kind = body.pop("is", None)
    cls = _messages.get(kind) if isinstance(kind, str) else None
    if cls is None or not issubclass(cls, expected):
        raise ProtocolError(f"unknown message {kind!r:.60}")
    hints = _hints(cls)
    if body.keys() != hints.keys():
        odd = ", ".join(sorted(body.keys() ^ hints.keys()))
        raise ProtocolError(f"{kind}: fields missing or unknown: {odd:.200}")
    values = {name: _fit(f"{kind}.{name}", body[name], hint) for name, hint in hints.items()}
    return cls(**values)


_hint_cache: dict[type[Message], dict[str, Any]] = {}


def _hints(cls: type[Message]) -> dict[str, Any]:
    hints = _hint_cache.get(cls)
    if hints is None:
        known = get_type_hints(cls)
        hints = _hint_cache[cls] = {item.name: known[item.name] for item in fields(cls)}
    return hints


def _fit(where: str, value: object, hint: Any) -> object:
    """`value` as the type `hint` says, or `ProtocolError`."""
    if type(hint) is type:
        return _fit_scalar(where, value, hint)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _fit_union(where, value, get_args(hint))
    if not isinstance(value, list if origin is tuple else dict) or len(value) > MAX_ITEMS:
        raise ProtocolError(f"{where}: wrong type or too many items")
    if isinstance(value, list):
        item_hint = get_args(hint)[0]
        return tuple(_fit(where, item, item_hint) for item in value)
    value_hint = get_args(hint)[1]
    return {
        _fit_scalar(where, key, str): _fit(where, item, value_hint) for key, item in value.items()
    }


def _fit_scalar(where: str, value: object, hint: type) -> object:
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise ProtocolError(f"{where}: {type(value).__name__} instead of {hint.__name__}")
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
        raise ProtocolError(f"{where}: {len(value)} characters are too many")
    if isinstance(value, int | float) and not -(2**63) <= value < 2**64:
        raise ProtocolError(f"{where}: number out of range")
    return value


def _fit_union(where: str, value: object, hints: tuple[Any, ...]) -> object:
    for hint in hints:
        try:
            return _fit(where, value, hint)
        except ProtocolError:
            continue
    raise ProtocolError(f"{where}: {type(value).__name__} is none of its types")
