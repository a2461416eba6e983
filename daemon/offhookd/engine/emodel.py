# SPDX-License-Identifier: GPL-2.0-or-later
"""Mean opinion score of a call by the E-model (ITU-T G.107), from what RTCP tells."""

from dataclasses import dataclass

BASIC_RATING = 93.2
"""R of a call without delay or loss at the default values of G.107, table 3."""

NOTICED_DELAY_MS = 177.3
"""One-way delay from which conversation suffers (the knee of G.107's Idd, linearised)."""

WORST_MOS = 1.0
BEST_MOS = 4.5


@dataclass(frozen=True, slots=True)
class Codec:
    """`impairment`: Ie; `robustness`: Bpl, per cent of random loss (ITU-T G.113, appendix I)."""

    impairment: float
    robustness: float


PLAIN_G711 = Codec(impairment=0.0, robustness=25.1)
"""G.711 with loss concealment, which pjmedia has; also what an unknown codec is taken for."""

CODECS = {
    "PCMA": PLAIN_G711,
    "PCMU": PLAIN_G711,
    "L16": PLAIN_G711,
    "opus": PLAIN_G711,
    # Not in G.113 on the narrowband scale.  64 kbit/s of wideband is heard as better than
    # G.711, never as worse; its concealment is repetition.
    "G722": Codec(impairment=0.0, robustness=10.0),
    "GSM": Codec(impairment=20.0, robustness=43.0),
    "iLBC": Codec(impairment=11.0, robustness=32.0),
    "speex": Codec(impairment=11.0, robustness=18.0),
}


def rating(codec_name: str, one_way_ms: float, loss: float) -> float:
    """R (0-100).  `loss` is 0.0-1.0, after the jitter buffer; `one_way_ms` mouth to ear."""
    codec = CODECS.get(codec_name, PLAIN_G711)
    loss_percent = 100.0 * min(max(loss, 0.0), 1.0)
    delay = 0.024 * one_way_ms + 0.11 * max(0.0, one_way_ms - NOTICED_DELAY_MS)
    equipment = codec.impairment + (95.0 - codec.impairment) * loss_percent / (
        loss_percent + codec.robustness
    )
    return min(100.0, max(0.0, BASIC_RATING - delay - equipment))


def mean_opinion_score(codec_name: str, one_way_ms: float, loss: float) -> float:
    """MOS-CQE, 1.0-4.5 (G.107, annex B)."""
    r = rating(codec_name, one_way_ms, loss)
    mos = 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r)
    return min(BEST_MOS, max(WORST_MOS, mos))
