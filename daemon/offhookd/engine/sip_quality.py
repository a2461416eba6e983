# SPDX-License-Identifier: GPL-2.0-or-later
"""How a leg sounds: RTCP statistics, the score they make, and levels."""

import math
from dataclasses import dataclass
from typing import Any

from .emodel import mean_opinion_score
from .protocol import LegQuality, Levels
from .sip_call import Leg

PACKET_AND_CODEC_MS = 40.0
"""One packet of 20 ms, and as much again for the sound cards' buffers on both sides."""

SILENCE_DBFS = -96.0
FULL_SCALE = 32_768.0
LOUDEST = 127
MU_LAW_BIAS = 0x84


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since the stream began.  `sent_lost` is what the far end reports by RTCP."""

    sent: int = 0
    sent_lost: int = 0
    received: int = 0
    received_lost: int = 0


class QualityMeter:
    """Losses are of the interval since the report before."""

    def __init__(self) -> None:
        self._last = Counters()

    def report(self, leg: Leg) -> LegQuality:
        statistics = leg.call.getStreamStat(leg.media.index)
        rtcp, buffer = statistics.rtcp, statistics.jbuf
        counters = Counters(
            sent=rtcp.txStat.pkt,
            sent_lost=rtcp.txStat.loss,
            received=rtcp.rxStat.pkt,
            received_lost=rtcp.rxStat.loss + buffer.discard,
        )
        last, self._last = self._last, counters
        lost = loss(counters.received - last.received, counters.received_lost - last.received_lost)
        one_way_ms = rtcp.rttUsec.last / 2000 + buffer.avgDelayMsec + PACKET_AND_CODEC_MS
        heard = counters.received > last.received
        return LegQuality(
            leg=leg.number,
            round_trip_us=max(0, rtcp.rttUsec.last),
            jitter_us=max(0, rtcp.rxStat.jitterUsec.last),
            loss_sent=loss(counters.sent - last.sent, counters.sent_lost - last.sent_lost),
            loss_received=lost,
            packets_sent=counters.sent,
            packets_received=counters.received,
            reports_received=rtcp.txStat.updateCount,
            mos=round(mean_opinion_score(leg.media.codec, one_way_ms, lost), 2) if heard else 0.0,
        )


def loss(arrived: int, lost: int) -> float:
    """Share of packets lost, 0.0-1.0; a stream that began anew counts from nought."""
    arrived, lost = max(0, arrived), max(0, lost)
    return round(lost / (arrived + lost), 4) if lost else 0.0


def read_levels(leg: Leg) -> Levels:
    media = leg.call.getAudioMedia(leg.media.index)
    # pjsua2 names them from the mixer's side: what it receives is what the mixer gave it to send.
    return Levels(
        leg=leg.number,
        sent_dbfs=level_dbfs(media.getRxLevel()),
        received_dbfs=level_dbfs(media.getTxLevel()),
    )


def level_dbfs(percent: int) -> float:
    """pjsua2's signal level in dBFS: the mean amplitude as a mu-law byte (ITU-T G.711), of which
    pjsua2 makes hundredths of 255."""
    level = min(max(round(percent * 255 / 100), 0), LOUDEST)
    amplitude = (((level & 0x0F) * 8 + MU_LAW_BIAS) << (level >> 4)) - MU_LAW_BIAS
    if amplitude <= 0:
        return SILENCE_DBFS
    return round(max(SILENCE_DBFS, 20 * math.log10(amplitude / FULL_SCALE)), 1)


def all_statistics(leg: Leg) -> dict[str, bool | int | float | str]:
    """Everything the stack knows, flat; names carry their units."""
    statistics = leg.call.getStreamStat(leg.media.index)
    rtcp, buffer = statistics.rtcp, statistics.jbuf
    stream = leg.call.getStreamInfo(leg.media.index)
    facts: dict[str, bool | int | float | str] = {
        "codec": leg.media.codec,
        "clock_rate": leg.media.clock_rate,
        "encryption": leg.media.encryption,
        "jitter_buffer_minimum_ms": stream.jbMinPre,
        "jitter_buffer_maximum_ms": stream.jbMaxPre,
        "round_trip_us": rtcp.rttUsec.last,
        "round_trip_mean_us": rtcp.rttUsec.mean,
        "round_trip_max_us": rtcp.rttUsec.max,
    }
    for name, stream in (("sent", rtcp.txStat), ("received", rtcp.rxStat)):
        facts |= _stream_facts(name, stream)
    for name in ("avgDelayMsec", "minDelayMsec", "maxDelayMsec", "devDelayMsec"):
        facts[f"jitter_buffer_{name[:3]}_delay_ms"] = getattr(buffer, name)
    for name in ("size", "lost", "discard", "empty"):
        facts[f"jitter_buffer_{name}_frames"] = getattr(buffer, name)
    return facts


def _stream_facts(name: str, stream: Any) -> dict[str, int]:
    return {
        f"{name}_packets": stream.pkt,
        f"{name}_bytes": stream.bytes,
        f"{name}_lost_packets": stream.loss,
        f"{name}_discarded_packets": stream.discard,
        f"{name}_reordered_packets": stream.reorder,
        f"{name}_duplicate_packets": stream.dup,
        f"{name}_jitter_us": stream.jitterUsec.last,
        f"{name}_jitter_mean_us": stream.jitterUsec.mean,
        f"{name}_jitter_max_us": stream.jitterUsec.max,
    }
