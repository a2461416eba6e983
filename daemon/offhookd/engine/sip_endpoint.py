# SPDX-License-Identifier: GPL-2.0-or-later
"""The one pjsua2 endpoint: how it is set up, its transports, and its exact end."""

import ctypes
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from . import pjlib
from .certificate import has_nul_in_name
from .pjlib import PjlibError
from .protocol import ConnectionLost, Start
from .refusal import Refused, check_range, check_text
from .sip_capability import FROM_CHANGE, support
from .sip_headers import clean
from .sip_jitter import JitterBuffer
from .sip_thread import DEBUG, INFO, WARNING, SipThread, guarded

CLOCK_RATE = 16_000
"""Wideband, so that G.722 loses nothing; the 8 kHz codecs are resampled."""

FRAME_MS = 20

TLS_REFUSAL_VALID_S = 5.0
"""A failure that follows a refused certificate within this time was caused by it: pjsip reports
the two apart, a few milliseconds from each other."""

OUR_LEVELS = {1: WARNING, 2: INFO, 3: DEBUG, 4: DEBUG}
"""pjsip's log levels; 5 and 6 hold whole messages, with people's numbers, and stay off.  One step
down: what matters to a person our own lines say, in words for one."""

EXPECTED_ERROR = "PJSIP_ENOCREDENTIAL"
"""The first REGISTER goes out without credentials on purpose."""

TLS_1_3_CIPHERS = range(0x1301, 0x1306)
"""RFC 8446, B.4."""

HIGHEST_PRIORITY = 255

G722_PCM_SHIFT = 1
"""With the library's own 2, FFmpeg and baresip hear us 6 dB too quietly, and we them too loudly."""

TRANSPORT_NAMES = ("udp", "tcp", "tls")
MAX_PORT = 65_535

SelectAccount = Callable[[str, str], int | None]
"""(source "ip:port", whole message) -> pjsua's account id, or None to leave its choice."""


class _LogWriter(pj.LogWriter):  # type: ignore[misc]  # pjsua2 has no type information
    def __init__(self, thread: SipThread) -> None:
        super().__init__()
        self.thread = thread

    @guarded()
    def write(self, entry: Any) -> None:
        level = DEBUG if EXPECTED_ERROR in entry.msg else OUR_LEVELS.get(entry.level, DEBUG)
        self.thread.log(level, f"pjsip: {clean(entry.msg.rstrip(), 1000)}")


class _Endpoint(pj.Endpoint):  # type: ignore[misc]  # pjsua2 has no type information
    def __init__(self, owner: "SipEndpoint", thread: SipThread) -> None:
        super().__init__()
        self.thread = thread
        self._owner = owner

    @guarded()
    def onSelectAccount(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        chosen = self._owner.select_account(prm.rdata.srcAddress, prm.rdata.wholeMsg)
        if chosen is not None:
            prm.accountIndex = chosen

    @guarded()
    def onTransportState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if prm.state == pj.PJSIP_TP_STATE_DISCONNECTED:
            self.thread.send(ConnectionLost(transport=prm.type[:3].lower()))
        if not prm.type.upper().startswith("TLS"):
            return
        if prm.tlsInfo.verifyStatus:
            self._owner.tls_refused(prm.tlsInfo)
        elif prm.state == pj.PJSIP_TP_STATE_CONNECTED and self._owner.overlooked(prm.tlsInfo):
            # Nothing has been sent yet; the stack drops what waits for this connection.
            self.transportShutdown(prm.hnd)


class SipEndpoint:
    """Created once in a process, by the thread that then makes every call into it."""

    def __init__(self, thread: SipThread, start: Start) -> None:
        _check(start)
        self.select_account: SelectAccount = lambda _source, _message: None
        self.jitter_buffer = JitterBuffer()
        """Of streams that begin from now on."""
        self._start = start
        self._thread = thread
        self._transports: dict[str, int] = {}
        self._codec_ids: list[str] = []
        self._offered: tuple[str, ...] = ()
        self._tls_refusal = ""
        self._tls_refused_at_s = 0.0
        self._log_writer = _LogWriter(thread)
        self._log_writer.__disown__()  # libDestroy deletes it
        self._pj = _Endpoint(self, thread)
        self._pj.libCreate()
        self._pj.libInit(self._configuration())

    @property
    def bind(self) -> str:
        """Local address of everything, "" for any."""
        return self._start.bind

    def start(self) -> None:
        """Open the UDP port and begin.  Raises `Refused` when the port cannot be had."""
        try:
            self.transport("udp")
            self._pj.libStart()
            self._codec_ids = [codec.codecId for codec in self._pj.codecEnum2()]
            self._set_g722_level()
            self._announce()
        except pj.Error as error:
            self.destroy()
            place = f"{self._start.bind}:{self._start.port}"
            raise Refused(f"The SIP port {place} cannot be opened: {error.reason}.") from None

    def master_port(self) -> int:
        """Address of the `pjmedia_port` that clocks the conference; nobody clocks it now."""
        return int(self._pj.audDevManager().setNoDev())

    def capture(self) -> Any:
        return self._pj.audDevManager().getCaptureDevMedia()

    def playback(self) -> Any:
        return self._pj.audDevManager().getPlaybackDevMedia()

    def handle_events(self, milliseconds: int) -> object:
        return self._pj.libHandleEvents(milliseconds)

    def destroy(self) -> None:
        """Nothing that belongs to pjsua2 may be alive but this object, nor be used afterwards."""
        # Without the flag it waits a whole second for messages that nobody reads any more.
        self._pj.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)

    # ------------------------------------------------------------ what it has

    def transport(self, kind: str) -> int:
        """Id of the udp, tcp or tls transport, which is opened when first asked for."""
        if kind not in self._transports:
            config = pj.TransportConfig()
            if self._start.bind:
                config.boundAddress = self._start.bind
            if kind == "udp":
                config.port = self._start.port
            elif kind == "tls":
                self._verify_servers(config.tlsConfig)
            number = getattr(pj, f"PJSIP_TRANSPORT_{kind.upper()}")
            self._transports[kind] = self._pj.transportCreate(number, config)
        return self._transports[kind]

    def udp_port(self) -> int:
        address = self._pj.transportGetInfo(self._transports["udp"]).localAddress
        return int(address.rpartition(":")[2])

    @staticmethod
    def calls_in_stack() -> int:
        """Call slots taken, those of calls that have ended here but not yet for the far end too."""
        return int(pjlib.function("pjsua_call_get_count", ctypes.c_uint)())

    def _set_g722_level(self) -> None:
        try:
            shift = pjlib.function("pjmedia_codec_g722_set_pcm_shift", ctypes.c_int, ctypes.c_uint)
        except PjlibError as error:
            self._thread.log(INFO, f"G.722 is 6 dB too quiet for others: {error}.")
        else:
            shift(G722_PCM_SHIFT)

    def _announce(self) -> None:
        try:
            support(FROM_CHANGE)
        except PjlibError as error:
            self._thread.log(INFO, f"Nobody is told that From may change in a call: {error}.")

    def facts(self) -> dict[str, str | int | bool | tuple[str, ...]]:
        """What this build of the library can do."""
        tls = self._tls_version()
        return {
            "version": clean(self._pj.libVersion().full),
            "codecs": tuple(codec_names(self._codec_ids)),
            "transports": TRANSPORT_NAMES if tls else TRANSPORT_NAMES[:2],
            "tls": tls,
            "max_calls": int(pjlib.function("pjsua_call_get_max_count", ctypes.c_uint)()),
            "video": bool(self._pj.videoCodecEnum2()),
            "port": self.udp_port(),
        }

    def check_codecs(self, names: tuple[str, ...]) -> None:
        """Raises `Refused` for one that this build does not have."""
        known = {part for codec_id in self._codec_ids for part in _spellings(codec_id)}
        for name in names:
            if name.lower() not in known:
                has = ", ".join(codec_names(self._codec_ids))
                raise Refused(f"There is no codec {clean(name, 32)!r} here; there is {has}.")

    def offer_codecs(self, names: tuple[str, ...]) -> None:
        """Use these codecs ("speex" with any rate, or "speex/16000"), in this order, and no other
        for the next offer or answer.

        The library has one list for all accounts, so this comes just before each of them.
        """
        if names == self._offered:
            return
        ranks = {name.lower(): HIGHEST_PRIORITY - rank for rank, name in enumerate(names)}
        for codec_id in self._codec_ids:
            name, exact = _spellings(codec_id)
            # The wider speex goes before the narrower: one step of rank holds all its rates.
            rank = ranks.get(exact) or ranks.get(name, 0)
            usable = int(codec_id.split("/")[1]) <= CLOCK_RATE
            self._pj.codecSetPriority(codec_id, rank if usable else 0)
        self._offered = names

    def _tls_version(self) -> str:
        """Newest TLS of the library, "" without any."""
        try:
            ciphers = list(self._pj.utilSslGetAvailableCiphers())
        except pj.Error:
            return ""
        if not ciphers:
            return ""
        return "1.3" if any(cipher in TLS_1_3_CIPHERS for cipher in ciphers) else "1.2"

    @property
    def has_candidates(self) -> bool:
        """Whether there is an address to offer by ICE: the loopback's is none for the stack, which
        then refuses the call."""
        return not self.bind.startswith(("127.", "::1"))

    # ------------------------------------------------------------ TLS

    def overlooked(self, info: Any) -> bool:
        """Whether a certificate that the library took must be refused all the same."""
        pem = info.remoteCertInfo.raw
        if not pem:  # this library does not show it
            return False
        try:
            reason = "its name holds a NUL" if has_nul_in_name(pem) else ""
        except ValueError as error:
            reason = str(error)
        if reason:
            self._refuse_certificate(info, reason)
        return reason != ""

    def tls_refused(self, info: Any) -> None:
        reasons = "; ".join(clean(text).rstrip(".") for text in info.verifyMsgs)
        self._refuse_certificate(info, reasons)

    def _refuse_certificate(self, info: Any, reasons: str) -> None:
        self._tls_refusal = (
            f"The TLS certificate of {clean(info.remoteAddr)} was refused: {reasons}."
        )
        self._tls_refused_at_s = time.monotonic()
        self._thread.log(WARNING, self._tls_refusal)

    def recent_tls_refusal(self) -> str:
        """Why a certificate was refused just now, or ""."""
        if time.monotonic() - self._tls_refused_at_s > TLS_REFUSAL_VALID_S:
            return ""
        return self._tls_refusal

    def _verify_servers(self, tls: Any) -> None:
        # The library's defaults verify nothing and allow TLS 1.0.
        tls.verifyServer = True
        tls.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2
        tls.CaListFile = self._start.ca_file

    # ------------------------------------------------------------ set-up

    def _configuration(self) -> Any:
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = self._start.user_agent
        config.uaConfig.mwiUnsolicitedEnabled = False
        config.uaConfig.natTypeInSdp = 0  # it tells nobody anything, and an INVITE is long enough
        self._configure_media(config.medConfig)
        log = config.logConfig
        wanted = (number for number, ours in OUR_LEVELS.items() if ours >= self._start.log_level)
        log.level = max(wanted, default=1)
        log.consoleLevel = log.level  # what the writer gets; nothing goes to a console then
        log.msgLogging = 0
        log.decor = 0
        log.writer = self._log_writer
        return config

    @staticmethod
    def _configure_media(media: Any) -> None:
        media.threadCnt = 0
        media.hasIoqueue = False
        media.clockRate = CLOCK_RATE
        media.sndClockRate = CLOCK_RATE
        media.audioFramePtime = FRAME_MS
        JitterBuffer().apply(media)
        media.noVad = True
        media.ecTailLen = 0


def _spellings(codec_id: str) -> tuple[str, str]:
    """ "speex/16000/1" as "speex" and as "speex/16000"."""
    name, rate, _ = codec_id.lower().split("/")
    return name, f"{name}/{rate}"


def codec_names(codec_ids: list[str]) -> list[str]:
    """Names as an account's list has them, each once, in the library's order."""
    return list(dict.fromkeys(codec_id.partition("/")[0] for codec_id in codec_ids))


def _check(start: Start) -> None:
    check_range("port", start.port, 0, MAX_PORT)
    check_text("user_agent", start.user_agent, 200)
    check_text("bind", start.bind, 64)
    check_text("ca_file", start.ca_file, 4096)
