# SPDX-License-Identifier: GPL-2.0-or-later
"""The closed vocabularies of the phone; each value is spelt as the D-Bus contract spells it."""

from enum import StrEnum
from typing import NamedTuple, NewType

CallId = NewType("CallId", int)
"""Row of the call in the history; never used again for another call."""

AccountId = NewType("AccountId", str)
"""Key of the account in the configuration."""


class Party(NamedTuple):
    """Somebody at a telephone, as signalled."""

    uri: str
    name: str


NOBODY = Party("", "")


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class CallState(StrEnum):
    PENDING = "pending"
    DIALING = "dialing"
    RINGING = "ringing"
    EARLY = "early"
    INCOMING = "incoming"
    ACTIVE = "active"
    ENDED = "ended"


class TransferState(StrEnum):
    NONE = ""
    TRYING = "trying"
    RINGING = "ringing"
    DONE = "done"
    FAILED = "failed"


class Detour(StrEnum):
    """What is done when the far end wants this phone to call somebody else (302, REFER)."""

    FOLLOW = "follow"
    ASK = "ask"
    REFUSE = "refuse"


class EndReason(StrEnum):
    NONE = ""
    LOCAL = "local"
    REMOTE = "remote"
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no-answer"
    CANCELLED = "cancelled"
    ELSEWHERE = "elsewhere"
    NOT_FOUND = "not-found"
    FORWARDED = "forwarded"
    TRANSFERRED = "transferred"
    NETWORK = "network"
    MEDIA = "media"
    AUTH = "auth"
    ERROR = "error"


class AccountState(StrEnum):
    DISABLED = "disabled"
    OFFLINE = "offline"
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILED = "failed"
    UNREGISTERING = "unregistering"


class StateReason(StrEnum):
    """Why an account is not registered."""

    NONE = ""
    AUTH = "auth"
    DNS = "dns"
    TIMEOUT = "timeout"
    TLS = "tls"
    NETWORK = "network"
    REJECTED = "rejected"


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Srtp(StrEnum):
    DISABLED = "disabled"
    OPTIONAL = "optional"
    REQUIRED = "required"


class AcceptFrom(StrEnum):
    """Who may send requests to an account."""

    SERVERS = "servers"
    ANYONE = "anyone"


class Encryption(StrEnum):
    """What protects the media; ``dtls`` is never offered (see docs/security)."""

    NONE = "none"
    SDES = "sdes"


class Flow(StrEnum):
    """Which way the audio goes (RFC 3264 direction, seen from here)."""

    NONE = "none"
    SEND = "send"
    RECEIVE = "receive"
    BOTH = "both"


class Quality(StrEnum):
    UNKNOWN = "unknown"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class DtmfMethod(StrEnum):
    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"


class DtmfSending(StrEnum):
    """How an account sends keys; ``auto``: as the far end offers."""

    AUTO = "auto"
    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"


class FlashMethod(StrEnum):
    """How a hook flash is sent; ``auto``: as the far end offers."""

    AUTO = "auto"
    RFC4733 = "rfc4733"
    INFO = "info"


class AudioBackend(StrEnum):
    AUTO = "auto"
    PULSE = "pulse"
    SILENT = "silent"


class OnUnplug(StrEnum):
    """What happens to a call whose sound device goes away."""

    HOLD = "hold"
    SPEAKER = "speaker"
    HANGUP = "hangup"
