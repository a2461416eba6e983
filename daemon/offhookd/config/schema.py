# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration as the rest of the daemon sees it: complete, checked, immutable.

Field names are the keys of the file.  What a person may leave out has its value filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import final

from offhookd.phone.auto_answer import AutoAnswerRules
from offhookd.phone.contacts import SourceKind
from offhookd.phone.desk import AutoAnswerHeader, DeskWay
from offhookd.phone.dial_plan import NumberFormat, Rewrite
from offhookd.phone.emergency import EmergencyRules
from offhookd.phone.forwarding import ForwardBy
from offhookd.phone.moments import Moment
from offhookd.phone.ring_sound import RingRules
from offhookd.phone.ringing import RingAt
from offhookd.phone.screening import ScreeningRules
from offhookd.phone.values import (
    AcceptFrom,
    AccountId,
    AudioBackend,
    Detour,
    DtmfSending,
    FlashMethod,
    OnUnplug,
    Srtp,
    Transport,
)

MAX_ACCOUNTS = 8
"""Compiled into the SIP engine, which aborts at one more."""

DEFAULT_CODECS = ("G722", "speex/16000", "PCMA", "PCMU", "GSM", "iLBC")
"""Wideband first; then what every exchange has; then what saves bandwidth."""

DND_CODES = (486, 480, 603)
"""How a phone may refuse a call that is not to disturb: busy, not here, declined."""

DEFAULT_REGISTER_SECONDS = 300

DEFAULT_KEEPALIVE_SECONDS = 25
"""RFC 5626, 4.4.2: 24 to 29 s keep a UDP binding of a NAT router alive."""


MAX_WATCHED = 200
"""Addresses of one account; each takes two subscriptions in the SIP engine."""

DEFAULT_PUBLISH_SECONDS = 3600


class Mwi(StrEnum):
    """Whether the server is asked about voice mail, or tells by itself."""

    NOTIFY = "notify"
    SUBSCRIBE = "subscribe"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@final
class Secret:
    """A text that prints as asterisks wherever it goes; `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "********"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceConfig:
    """What an account tells about its user, and about whom it asks.

    `serve`: answer those who ask this phone itself.  `subscribe`: the event packages, "presence"
    and "dialog".  `watch`: numbers and addresses, perhaps with a name.  `pickup`: the exchange's
    feature code with "{extension}" in it, or "".
    """

    publish: bool = False
    publish_seconds: int = DEFAULT_PUBLISH_SECONDS
    serve: bool = False
    subscribe: tuple[str, ...] = ("presence", "dialog")
    watch: tuple[str, ...] = ()
    pickup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnConfig:
    """`server`: "host" or "host:port".  The password is given as that of an account; with no key
    for it, it is in the Secret Service under ``offhook-turn=ACCOUNT``."""

    server: str
    username: str
    password: Secret | None = field(default=None, repr=False)
    password_file: Path | None = None
    password_command: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """One SIP identity.  At most one of the three password keys is set; with none, the password
    is in the Secret Service under ``offhook-account=ID``.

    `registrar` is "" for an account of direct calls.  `password_command` is a program with its
    arguments, to be run without a shell.  `country` "" means that of the tones.  `identity`: the
    address the server is asked to show (P-Preferred-Identity), "" for its choice.
    `auto_answer_seconds` None: the account answers nobody by itself.  `through`: the desk phone
    that makes its calls, "here" for this machine.  `stun`: "host" or "host:port", "" for none.
    `ice` comes with `turn` in any case: by it both sides find out which way is wanted.
    """

    id: AccountId
    uri: str
    username: str
    label: str
    registrar: str
    enabled: bool = True
    display_name: str = ""
    password: Secret | None = field(default=None, repr=False)
    password_file: Path | None = None
    password_command: tuple[str, ...] = field(default=(), repr=False)
    proxy: str = ""
    transport: Transport = Transport.UDP
    register_seconds: int = DEFAULT_REGISTER_SECONDS
    keepalive_seconds: int = DEFAULT_KEEPALIVE_SECONDS
    srtp: Srtp = Srtp.DISABLED
    codecs: tuple[str, ...] = DEFAULT_CODECS
    ice: bool = False
    stun: str = ""
    turn: TurnConfig | None = None
    accept_from: AcceptFrom = AcceptFrom.SERVERS
    presence: PresenceConfig = PresenceConfig()
    country: str = ""
    outside_prefix: str = ""
    extension_digits: int = 0
    number_format: NumberFormat = NumberFormat.AS_DIALLED
    rewrite: tuple[Rewrite, ...] = ()
    use_for: tuple[str, ...] = ()
    hide_caller_id: bool = False
    identity: str = ""
    ring: str = ""
    ring_group: str = ""
    call_waiting: bool = True
    forward_by: ForwardBy = ForwardBy.REDIRECT
    auto_answer_seconds: int | None = None
    voicemail: str = ""
    mwi: Mwi = Mwi.NOTIFY
    dtmf: DtmfSending = DtmfSending.AUTO
    flash: FlashMethod = FlashMethod.AUTO
    remote_control: bool = False
    through: str = "here"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipConfig:
    """`port` 0 lets the system choose.  `ca_file` None means the system's certificates."""

    port: int = 0
    bind: str = "0.0.0.0"  # noqa: S104 - every interface: a phone is to be called
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JitterBufferConfig:
    """How much of the other party's sound is collected before it is heard: at the beginning, and
    at most when packets come irregularly."""

    minimum_ms: int = 20
    maximum_ms: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig:
    """Devices are named as the sound server names them, best first; ``default`` is whatever the
    server prefers.  `hold_music`: a WAV file, None for silence."""

    backend: AudioBackend = AudioBackend.AUTO
    capture: tuple[str, ...] = ("default",)
    playback: tuple[str, ...] = ("default",)
    ringer: tuple[str, ...] = ("default",)
    on_unplug: OnUnplug = OnUnplug.HOLD
    hold_music: Path | None = None
    jitter_buffer: JitterBufferConfig = JitterBufferConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class TonesConfig:
    """`country`: two small letters (ISO 3166), or "" for the one of the user's locale."""

    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesConfig:
    """`speed_dials`: "1" to "9" and "voice-mail" to what is dialled.  `hot_line`: what a lifted
    set dials by itself after `hot_line_seconds` without a digit, "" for nothing."""

    ring: RingAt = RingAt.AUTO
    hot_line: str = ""
    hot_line_seconds: int = 5
    speed_dials: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class BookConfig:
    """One address book; what does not belong to its `kind` is empty.

    At most one of the three password keys is set; with none and a `username`, the password is in
    the Secret Service under ``offhook-directory=ID``.  `columns`, `attributes` and `fields` say
    by what name a table, an LDAP server or a web service has "name", "work", "cell", ...
    """

    id: str
    kind: SourceKind
    path: Path | None = None
    url: str = ""
    username: str = ""
    password: Secret | None = field(default=None, repr=False)
    password_file: Path | None = None
    password_command: tuple[str, ...] = field(default=(), repr=False)
    ca_file: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    filter: str = ""
    start_tls: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 2


_NO_BOOKS: Mapping[str, BookConfig] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryConfig:
    """`sources` in order of preference: the first one that knows a caller names him."""

    refresh_minutes: int = 60
    sources: Mapping[str, BookConfig] = field(default_factory=lambda: _NO_BOOKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsConfig:
    """`dnd_code`: the answer to a call that is not to disturb.  `transferred`, `redirected`: what
    is done when the far end transfers us, or redirects a call of ours."""

    dnd_code: int = DND_CODES[0]
    transferred: Detour = Detour.ASK
    redirected: Detour = Detour.ASK


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopConfig:
    """What happens to the desktop during a call."""

    pause_players: bool = True
    inhibit_sleep: bool = True


_NO_COMMANDS: Mapping[Moment, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksConfig:
    """Programs with their arguments, to be run without a shell at moments of a call."""

    commands: Mapping[Moment, tuple[str, ...]] = field(default_factory=lambda: _NO_COMMANDS)
    timeout_seconds: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPopConfig:
    """`url`: a template with the words of `phone.pop` in braces, "" for none; `sites`: hosts
    whose pages open without a click."""

    url: str = ""
    at: Moment = Moment.RINGING
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingConfig:
    """`directory` None is ``recordings`` in the user's data directory.  `template`: see
    `store.recordings.Place`."""

    directory: Path | None = None
    template: str = "%Y-%m-%d %H.%M.%S {direction} {name}"
    beep: bool = False
    stereo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPhoneConfig:
    """Another telephone that makes calls; what does not belong to its `way` is empty.

    `account`: whose number it is.  `phone`: its SIP address.  At most one of the three password
    keys is set; with none, the password is in the Secret Service under ``offhook-desk-phone=ID``.
    `port` 0 means the usual one.  `variables` are those of Asterisk's channel.  `follow`: the
    number or address to watch through `account`, "" for none.
    """

    id: str
    way: DeskWay
    account: str = ""
    phone: str = ""
    auto_answer: AutoAnswerHeader = AutoAnswerHeader.NONE
    ring_seconds: int = 30
    host: str = ""
    port: int = 0
    tls: bool = True
    ca_file: Path | None = None
    username: str = ""
    password: Secret | None = field(default=None, repr=False)
    password_file: Path | None = None
    password_command: tuple[str, ...] = field(default=(), repr=False)
    channel: str = ""
    context: str = ""
    priority: int = 1
    caller_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    follow: str = ""


_NO_DESK_PHONES: Mapping[str, DeskPhoneConfig] = MappingProxyType({})
_NO_ACCOUNTS: Mapping[AccountId, AccountConfig] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`accounts` is in order of preference: those of the user's file, then the system's."""

    accounts: Mapping[AccountId, AccountConfig] = field(default_factory=lambda: _NO_ACCOUNTS)
    sip: SipConfig = SipConfig()
    audio: AudioConfig = AudioConfig()
    devices: DevicesConfig = DevicesConfig()
    tones: TonesConfig = TonesConfig()
    log: LogConfig = LogConfig()
    directory: DirectoryConfig = DirectoryConfig()
    calls: CallsConfig = CallsConfig()
    screening: ScreeningRules = field(default_factory=ScreeningRules)
    auto_answer: AutoAnswerRules = field(default_factory=AutoAnswerRules)
    ringing: RingRules = field(default_factory=RingRules)
    emergency: EmergencyRules = field(default_factory=EmergencyRules)
    desktop: DesktopConfig = DesktopConfig()
    recording: RecordingConfig = RecordingConfig()
    desk_phones: Mapping[str, DeskPhoneConfig] = field(default_factory=lambda: _NO_DESK_PHONES)
    hooks: HooksConfig = HooksConfig()
    screen_pop: ScreenPopConfig = ScreenPopConfig()
