# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine says to the daemon; see `protocol`."""

from collections.abc import Mapping

from .codec import NOTHING, Event, Value


class Reply(Event, kind="reply"):
    """`error` is "" when done, else one sentence; `code` a SIP status or pjlib status, or 0."""

    request: int
    error: str = ""
    code: int = 0
    data: Mapping[str, Value] = NOTHING


class Registration(Event, kind="registration"):
    """Outcome of one REGISTER.  `expires`: seconds granted, 0 after unregistering.
    `retry_after`: of the answer, or 0.  `cause`: "" or "dns" | "tls" | "network" | "timeout" when
    no answer came from the registrar; `text` then says what happened."""

    account: str
    code: int
    text: str
    expires: int
    retry_after: int
    cause: str


class ConnectionLost(Event, kind="connection-lost"):
    """A connection that stood is gone.  `transport`: "tcp" | "tls"."""

    transport: str


class StunLost(Event, kind="stun-lost"):
    """The server of `SetStun` did not answer a call, which went without it; no other one asks it
    before the next `SetStun`."""

    server: str


class TurnLost(Event, kind="turn-lost"):
    """The server of the account's `SetTurn` gave a call no address, which went without it; it is
    not asked again before the next `SetTurn`."""

    account: str


class Incoming(Event, kind="incoming"):
    """An INVITE that passed the gate and whose offer has a codec in common; nothing but 100 has
    been answered.  Texts are cleaned (no control characters, valid UTF-8, capped).  `replaces`:
    the leg that this one takes the place of (RFC 3891); it is being answered, or 0.
    `max_forwards`: how many servers more it may pass.  `called_uri`: whom the account's server says
    was called, where that is not the account itself."""

    leg: int
    account: str
    sip_call_id: str
    source: str
    peer_uri: str
    peer_name: str
    asserted_uri: str
    asserted_name: str
    diverted_by: tuple[str, ...]
    alert_info: str
    call_info: str
    answer_mode: str
    privacy: str
    priority: str
    replaces: int = 0
    max_forwards: int = 70
    called_uri: str = ""


class ConnectedLine(Event, kind="connected-line"):
    """Whom the account's server says `leg` is connected with now; `uri` "" when it has not said,
    and whom the call was meant for counts.  `privacy` as in RFC 3323."""

    leg: int
    uri: str
    name: str
    privacy: str


class LegState(Event, kind="leg-state"):
    """`state`: "dialing" (INVITE out), "ringing" (180), "early" (media before the answer),
    "answered" (200 sent or received), "active" (ACK), "ended".  `code`, `text`: the SIP status
    line that led there.  `cause` on "ended": "" | "remote" | "local" | "cancelled" | "elsewhere" |
    "declined" (at another telephone) | "no-ack" | "network" | "media" | "dns" | "tls" |
    "forwarded" | "replaced"."""

    leg: int
    state: str
    code: int
    text: str
    cause: str
    sip_call_id: str


class Redirected(Event, kind="redirected"):
    """A leg dialled here was answered by a 3xx (`code`, `text`) that names `target`; it waits for
    `Follow` or `Hangup`."""

    leg: int
    target: str
    code: int
    text: str


class TransferProgress(Event, kind="transfer-progress"):
    """What the far end says of a `Transfer`: the SIP status of its new call; 0 when it has ended
    its report without one."""

    leg: int
    code: int
    text: str
    final: bool


class Referred(Event, kind="referred"):
    """The far end of `leg` wants us to call `target` (REFER).  `replaces`: header for that call
    (RFC 3891), or "".  Waits for a `Dial` with this `referral`, or `EndReferral`."""

    leg: int
    referral: int
    target: str
    replaces: str
    referred_by: str


class LegMedia(Event, kind="leg-media"):
    leg: int
    codec: str
    clock_rate: int
    flow: str
    encryption: str
    local_hold: bool
    remote_hold: bool


class LegQuality(Event, kind="leg-quality"):
    """Every five seconds in a call.  Losses are 0.0-1.0 of the last interval, `mos` 1.0-4.5 by
    the E-model (ITU-T G.107), 0 while unknown.  `reports_received` are RTCP reports on what the
    far end hears."""

    leg: int
    round_trip_us: int
    jitter_us: int
    loss_sent: float
    loss_received: float
    packets_sent: int
    packets_received: int
    reports_received: int
    mos: float


class LegDtmf(Event, kind="leg-dtmf"):
    leg: int
    tone: str
    duration_ms: int


class Levels(Event, kind="levels"):
    leg: int
    sent_dbfs: float
    received_dbfs: float


class AudioStatus(Event, kind="audio-status"):
    """`state`: "closed" (nothing open), "open", "silent" (a clock without a device, as
    configured), "waiting" (no server or no device; `reason` says which), "moved" (the server took
    the stream off `capture`/`playback`, `reason` names where to)."""

    state: str
    capture: str
    playback: str
    reason: str


class GateReport(Event, kind="gate-report"):
    """Messages dropped since start, by rule; at most one report a minute and rule change."""

    dropped: Mapping[str, int]
    last_source: str


class LogLine(Event, kind="log-line"):
    """`level` as in `logging`."""

    level: int
    text: str
