# SPDX-License-Identifier: GPL-2.0-or-later
"""What the media of a leg really are, read from the stack."""

import re
from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from .sip_headers import clean

NO_SLOT = -1

# A=encoding direction of the stream, RFC 3264 seen from here.
_FLOWS = {
    pj.PJMEDIA_DIR_ENCODING: "send",
    pj.PJMEDIA_DIR_DECODING: "receive",
    pj.PJMEDIA_DIR_ENCODING_DECODING: "both",
}
_SRTP_ACTIVE = re.compile(r"SRTP status: Active")


@dataclass(frozen=True, slots=True)
class LegMediaState:
    """`slot` is the leg's port of the conference, `index` its line in the SDP."""

    codec: str = ""
    clock_rate: int = 0
    flow: str = "none"
    encryption: str = "none"
    local_hold: bool = False
    remote_hold: bool = False
    can_rfc4733: bool = False
    slot: int = NO_SLOT
    index: int = NO_SLOT
    ports: tuple[int, ...] = ()
    """Local UDP ports of RTP and RTCP."""

    @property
    def connected(self) -> bool:
        return self.slot != NO_SLOT


def read_media(call: Any) -> LegMediaState:
    """The first audio stream of the call; the default state when it has none."""
    info = call.getInfo()  # kept: `info.media[0]` of a temporary is freed memory
    media = info.media
    for position in range(len(media)):
        line = media[position]
        if line.type == pj.PJMEDIA_TYPE_AUDIO and line.status != pj.PJSUA_CALL_MEDIA_NONE:
            return _read_line(call, line)
    return LegMediaState()


def has_transport(call: Any) -> bool:
    """Whether sound of the call goes anywhere, now or after a hold; not after an answer that
    cannot be talked by.  Without, an offer of ours fails an assertion (endpoint.c:939)."""
    return any(_has_transport(call, index) for index in range(len(call.getInfo().media)))


def _has_transport(call: Any, index: int) -> bool:
    try:
        call.getMedTransportInfo(index)
    except pj.Error:
        return False
    return True


def _read_line(call: Any, line: Any) -> LegMediaState:
    local_hold = line.status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD
    remote_hold = line.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
    try:
        stream = call.getStreamInfo(line.index)
    except pj.Error:  # no stream in this direction of things, as on hold with "inactive"
        return LegMediaState(local_hold=local_hold, remote_hold=remote_hold)
    return LegMediaState(
        codec=clean(stream.codecName, 32),
        clock_rate=stream.codecClockRate,
        flow="none" if line.status == pj.PJSUA_CALL_MEDIA_ERROR else _FLOWS.get(line.dir, "none"),
        encryption="sdes" if _SRTP_ACTIVE.search(call.dump(True, "")) else "none",
        local_hold=local_hold,
        remote_hold=remote_hold,
        can_rfc4733=stream.audTxEventPt > 0,
        slot=line.audioConfSlot,
        index=line.index,
        ports=_local_ports(call, line.index),
    )


def _local_ports(call: Any, index: int) -> tuple[int, ...]:
    transport = call.getMedTransportInfo(index)
    names = (transport.localRtpName, transport.localRtcpName)
    ports = (name.rpartition(":")[2] for name in names)
    return tuple(int(port) for port in ports if port.isdigit() and int(port))
