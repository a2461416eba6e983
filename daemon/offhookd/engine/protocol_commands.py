# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon says to its engine; see `protocol`."""

from collections.abc import Mapping
from typing import Annotated

from .codec import NOTHING, SECRET, Command


class Start(Command, kind="start"):
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
    log_level: int
    country: str


class SetAccount(Command, kind="set-account"):
    """Create the account or change it; calls in progress are kept.

    `registrar` is "" for direct calls.  `servers` are the addresses (IP literals) that may send
    requests to this account; `accept_anyone` lifts that.  `codecs`: names in order of preference,
    all others are not offered.
    """

    account: str
    uri: str
    display_name: str
    username: str
    password: Annotated[str, SECRET]
    registrar: str
    proxy: str
    transport: str
    srtp: str
    codecs: tuple[str, ...]
    register_seconds: int
    keepalive_seconds: int
    servers: tuple[str, ...]
    accept_anyone: bool
    remote_control: bool = False
    ice: bool = False
    flash: str = "auto"
    dtmf: str = "auto"


class RemoveAccount(Command, kind="remove-account"):
    account: str


class SetHosts(Command, kind="set-hosts"):
    """All names the engine may contact, with their addresses ("192.0.2.1" or "192.0.2.1:5070",
    best first).  The engine asks no DNS server itself; a name that is missing here fails.
    The addresses are also admitted by the socket filter."""

    hosts: Mapping[str, tuple[str, ...]]


class SetStun(Command, kind="set-stun"):
    """The STUN servers that answer now ("192.0.2.1:3478"), by account; replaces those before.
    What is sent on such an account names the address of the sound as its server sees it."""

    servers: Mapping[str, str]


class SetTurn(Command, kind="set-turn"):
    """The TURN server of an account with ICE that answers now ("192.0.2.1:3478") and takes the
    password; it is spoken to over UDP.  `server` "" takes it away."""

    account: str
    server: str
    username: str = ""
    password: Annotated[str, SECRET] = ""


class Register(Command, kind="register"):
    """Send one REGISTER; the outcome is a `Registration` event."""

    account: str


class Unregister(Command, kind="unregister"):
    account: str


class Dial(Command, kind="dial"):
    """`referral`: the `Referred` that asked for it and is told how it goes, or 0.  `codecs`: of
    this call, in order of preference; none means those of the account.  `relays`: the leg of a
    caller who is sent on to this one; the two hear each other and nobody here, or 0.
    `max_forwards`: how many servers the INVITE may pass."""

    leg: int
    account: str
    target: str
    headers: Mapping[str, str]
    anonymous: bool
    muted: bool
    referral: int = 0
    codecs: tuple[str, ...] = ()
    relays: int = 0
    max_forwards: int = 70


class Ring(Command, kind="ring"):
    """Send 180; opens the sound streams so that the answer finds them running."""

    leg: int


class Progress(Command, kind="progress"):
    """Send 183 with our side of the session: sound flows before the answer (RFC 3960)."""

    leg: int


class Answer(Command, kind="answer"):
    leg: int


class Refuse(Command, kind="refuse"):
    """Final answer `code` (300-699) to an incoming call; `contact` is set for a 302."""

    leg: int
    code: int
    contact: str = ""
    headers: Mapping[str, str] = NOTHING


class Hangup(Command, kind="hangup"):
    """CANCEL or BYE, whichever the leg needs.  A leg that is gone is no error."""

    leg: int


class Hold(Command, kind="hold"):
    """Replied when the far end has agreed or refused; `code` is then what it answered."""

    leg: int
    held: bool


class Transfer(Command, kind="transfer"):
    """REFER the far end to `target`, or into our place in the leg `replaces` (0: none).  Replied
    when the REFER is out; how it goes is told by `TransferProgress`."""

    leg: int
    target: str
    replaces: int


class AnswerOptions(Command, kind="answer-options"):
    """Tell servers that ask how a call to `account` would be answered now; 200 at first."""

    account: str
    code: int


class RefuseTransfers(Command, kind="refuse-transfers"):
    """Whether a REFER is answered by 603 at once, instead of `Referred`."""

    refused: bool


class EndReferral(Command, kind="end-referral"):
    """Tell who sent the `Referred` that nothing comes of it."""

    referral: int
    code: int


class Follow(Command, kind="follow"):
    """Dial on where a `Redirected` leg was sent to; `Hangup` is the other choice."""

    leg: int
    target: str


class Mute(Command, kind="mute"):
    leg: int
    muted: bool


class SendDtmf(Command, kind="send-dtmf"):
    """`tones` of 0-9*#A-D and "," (500 ms pause); `method`: "" is the account's, or by
    what the far end offers.  Replied when the last tone has been queued."""

    leg: int
    tones: str
    method: str
    duration_ms: int


class Flash(Command, kind="flash"):
    """A hook flash, as the account's `flash` says; replied when the far end has answered the INFO,
    or at once when it went as an event."""

    leg: int


class Focus(Command, kind="focus"):
    """Only this leg (0: none) is connected to the microphone and the loudspeaker."""

    leg: int


class PlayTone(Command, kind="play-tone"):
    """A call-progress tone on the call's loudspeaker: "ringback", "busy", "congestion", ... by
    the country of `Start`; "" stops.  `seconds` 0: until stopped."""

    tone: str
    seconds: float


class StartRinger(Command, kind="start-ringer"):
    """Ring on sound devices of its own (`sinks`: "" is the server's default), as the call's
    audio is not touched.  `sound`: a WAV file, "bellcore-dr1" to "-dr5", or "" for
    the built-in ring.  `volume`: of the streams when they begin, 0.0 to 1.0 of the sound server's
    scale; who changes it later tells the server."""

    sinks: tuple[str, ...]
    sound: str
    volume: float


class StopRinger(Command, kind="stop-ringer"):
    pass


class SetAudio(Command, kind="set-audio"):
    """Devices of the call (names of the sound server; "" is its default).  Applies at once, also
    in a call.  `on_unplug`: "hold" | "speaker" | "hangup": what to do when the server moves a
    stream off its device.  `jitter_min_ms`, `jitter_max_ms`: how much sound is collected before it
    is heard, and at most, in calls that begin from now on."""

    backend: str
    capture: str
    playback: str
    on_unplug: str
    jitter_min_ms: int = 20
    jitter_max_ms: int = 400


class MonitorLevels(Command, kind="monitor-levels"):
    """Send `Levels` of the leg every `interval_ms`; 0 ends it."""

    leg: int
    interval_ms: int


class TestAudio(Command, kind="test-audio"):
    """`what`: "playback", "ringer" (with `volume` as in `StartRinger`) or "capture".  Replied at
    the end; data: peak (float)."""

    __test__ = False  # pytest collects by name

    what: str
    sink: str
    seconds: int
    volume: float


class GetStatistics(Command, kind="get-statistics"):
    """Reply data: everything the stack knows, flat, names with units."""

    leg: int


class Loop(Command, kind="loop"):
    """Send the leg its own sound back: the echo party of the demonstration."""

    leg: int
    enabled: bool


class Ping(Command, kind="ping"):
    """Answered by the SIP thread itself, so that a reply means it is alive."""


class Stop(Command, kind="stop"):
    """Hang up, unregister, tear down, exit 0; the end of the socket is the reply."""
