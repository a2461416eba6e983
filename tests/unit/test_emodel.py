# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.emodel import BEST_MOS, WORST_MOS, mean_opinion_score, rating


def test_perfect_call_has_the_basic_rating() -> None:
    assert rating("PCMA", 0, 0.0) == pytest.approx(93.2)
    assert mean_opinion_score("PCMA", 0, 0.0) == pytest.approx(4.41, abs=0.01)


@pytest.mark.parametrize(
    ("codec", "one_way_ms", "loss", "mos"),
    [
        # G.113 table I.1 and the worked examples that go with it: Ie alone costs this much.
        ("GSM", 0, 0.0, 3.72),
        ("iLBC", 0, 0.0, 4.09),
        ("PCMU", 150, 0.0, 4.33),
        ("PCMU", 400, 0.0, 3.10),
        ("PCMU", 0, 0.05, 3.82),
    ],
)
def test_known_impairments(codec: str, one_way_ms: float, loss: float, mos: float) -> None:
    assert mean_opinion_score(codec, one_way_ms, loss) == pytest.approx(mos, abs=0.12)


def test_score_falls_with_delay_and_with_loss() -> None:
    delays = [mean_opinion_score("G722", delay, 0.0) for delay in range(0, 1000, 50)]
    losses = [mean_opinion_score("G722", 50, loss / 50) for loss in range(51)]
    assert delays == sorted(delays, reverse=True)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("loss", [-1.0, 0.0, 1.0, 7.0])
@pytest.mark.parametrize("one_way_ms", [0, 60_000])
def test_score_stays_in_its_range(one_way_ms: float, loss: float) -> None:
    assert WORST_MOS <= mean_opinion_score("GSM", one_way_ms, loss) <= BEST_MOS


def test_unknown_codec_is_taken_for_g711() -> None:
    assert rating("codec2", 80, 0.01) == rating("PCMA", 80, 0.01)
