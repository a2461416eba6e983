# SPDX-License-Identifier: GPL-2.0-or-later
"""What is heard and sent in a call between two engines on silent sound devices."""

from collections.abc import Callable, Iterator

import pytest

from offhookd.engine.protocol import (
    Answer,
    Dial,
    Focus,
    GetStatistics,
    Hangup,
    Hold,
    Incoming,
    LegDtmf,
    LegMedia,
    LegQuality,
    LegState,
    Levels,
    Loop,
    MonitorLevels,
    Mute,
    PlayTone,
    SendDtmf,
    SetAudio,
)
from tests.support.engine import EngineProcess, two_engines

LOUD_DBFS = -40.0
SILENT = SetAudio(backend="silent", capture="", playback="", on_unplug="hold")

Engines = tuple[EngineProcess, EngineProcess]


@pytest.fixture
def engines() -> Iterator[Engines]:
    with two_engines() as both:
        yield both


def talk(engines: Engines, number: int = 1, *, focus: bool = True) -> None:
    """A call that is up on both sides: leg `number` of the one, -`number` of the other."""
    alice, bob = engines
    target = f"sip:bob@127.0.0.1:{bob.port}"
    alice.ask(
        Dial(leg=number, account="alice", target=target, headers={}, anonymous=False, muted=False)
    )
    bob.wait_for(Incoming, lambda e: e.leg == -number)
    bob.ask(Answer(leg=-number))
    for engine, leg in ((alice, number), (bob, -number)):
        engine.wait_state(leg, "active")
        engine.wait_for(LegMedia, lambda e, leg=leg: e.leg == leg)  # type: ignore[misc]  # mypy 17470
        if focus:
            engine.ask(Focus(leg=leg))


def wait_media(engine: EngineProcess, test: Callable[[LegMedia], bool]) -> LegMedia:
    return engine.wait_for(LegMedia, test)


def loudest(engine: EngineProcess, leg: int, count: int = 10) -> float:
    """The highest level received in the next `count` reports, 50 ms apart."""
    seen = len(engine.events)
    engine.ask(MonitorLevels(leg=leg, interval_ms=50))
    while len([e for e in engine.events[seen:] if isinstance(e, Levels)]) < count:
        engine.read(1.0)
    engine.ask(MonitorLevels(leg=leg, interval_ms=0))
    return max(e.received_dbfs for e in engine.events[seen:] if isinstance(e, Levels))


# ---------------------------------------------------------------- hold


def test_hold_and_resume_are_seen_on_both_sides(engines: Engines) -> None:
    alice, bob = engines
    talk(engines)
    alice.ask(Hold(leg=1, held=True))
    wait_media(alice, lambda e: e.local_hold)
    wait_media(bob, lambda e: e.remote_hold)
    held = len(alice.events), len(bob.events)
    alice.ask(Hold(leg=1, held=False))
    alice.wait_for(LegMedia, lambda e: e.flow == "both" and not e.local_hold, after=held[0])
    bob.wait_for(LegMedia, lambda e: e.flow == "both" and not e.remote_hold, after=held[1])


def test_hold_of_a_leg_that_is_held_already_is_done_at_once(engines: Engines) -> None:
    alice, _ = engines
    talk(engines)
    alice.ask(Hold(leg=1, held=True))
    wait_media(alice, lambda e: e.local_hold)
    alice.ask(Hold(leg=1, held=True))


def test_hold_before_the_answer_is_refused(engines: Engines) -> None:
    alice, bob = engines
    target = f"sip:bob@127.0.0.1:{bob.port}"
    alice.ask(Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False))
    assert alice.try_to(Hold(leg=1, held=True)).error == "Call 1 is not active."


def test_hang_up_right_after_hold_and_the_next_call_work(engines: Engines) -> None:
    """The library has aborted when a slot was used again with a re-INVITE open."""
    alice, bob = engines
    for leg in range(1, 9):
        target = f"sip:bob@127.0.0.1:{bob.port}"
        alice.ask(
            Dial(leg=leg, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        bob.wait_for(Incoming, lambda e, leg=leg: e.leg == -leg)  # type: ignore[misc]  # mypy 17470
        bob.ask(Answer(leg=-leg))
        alice.wait_state(leg, "active")
        alice.ask(Hold(leg=leg, held=True))
        alice.ask(Hangup(leg=leg))
        bob.wait_state(-leg, "ended")


# ---------------------------------------------------------------- sound


def test_tone_of_the_sender_is_heard_and_echoed_by_a_loop(engines: Engines) -> None:
    alice, bob = engines
    talk(engines)
    bob.ask(Loop(leg=-1, enabled=True))
    alice.ask(SendDtmf(leg=1, tones="5", method="inband", duration_ms=1500))
    assert loudest(bob, -1) > LOUD_DBFS
    assert loudest(alice, 1) > LOUD_DBFS


def test_packets_go_on_while_the_leg_is_muted_or_has_no_focus(engines: Engines) -> None:
    alice, bob = engines
    talk(engines, focus=False)
    alice.ask(Mute(leg=1, muted=True))
    received = [int(str(bob.ask(GetStatistics(leg=-1)).data["received_packets"]))]
    loudest(bob, -1)
    received.append(int(str(bob.ask(GetStatistics(leg=-1)).data["received_packets"])))
    assert received[1] > received[0] + 15


def test_quality_is_reported_every_five_seconds(engines: Engines) -> None:
    alice, _ = engines
    talk(engines)
    quality = alice.wait_for(LegQuality)
    assert quality.mos > 4.0
    assert quality.loss_received == 0.0
    assert 200 < quality.packets_received < 300


def test_jitter_buffer_waits_as_long_as_it_is_told_from_the_next_call_on(engines: Engines) -> None:
    alice, bob = engines
    talk(engines)
    assert delay_ms(bob, -1, packets=40) <= 40
    bob.ask(SILENT.but(jitter_min_ms=160, jitter_max_ms=300))
    assert delay_ms(bob, -1, packets=80) <= 40, "the call is an old one"
    alice.ask(Hangup(leg=1))
    bob.wait_state(-1, "ended")
    talk(engines, 2)
    assert 120 < delay_ms(bob, -2, packets=120) <= 300
    facts = bob.ask(GetStatistics(leg=-2)).data
    assert (facts["jitter_buffer_minimum_ms"], facts["jitter_buffer_maximum_ms"]) == (160, 300)


def test_jitter_buffer_that_makes_no_sense_is_refused(engines: Engines) -> None:
    for least, most in ((10, 400), (20, 5000), (300, 200)):
        assert engines[0].try_to(SILENT.but(jitter_min_ms=least, jitter_max_ms=most)).error


def delay_ms(engine: EngineProcess, leg: int, packets: int) -> int:
    """Of the jitter buffer on the average, once that many packets have arrived."""
    for _ in range(100):
        facts = engine.ask(GetStatistics(leg=leg)).data
        if int(str(facts["received_packets"])) >= packets:
            return int(str(facts["jitter_buffer_avg_delay_ms"]))
        engine.read(0.1)
    raise AssertionError(f"only {facts['received_packets']} packets have arrived")


def test_call_progress_tone_starts_and_stops_and_unknown_ones_are_refused(
    engines: Engines,
) -> None:
    alice, _ = engines
    alice.ask(PlayTone(tone="ringback", seconds=0))
    alice.ask(PlayTone(tone="busy", seconds=0.2))
    alice.ask(PlayTone(tone="", seconds=0))
    assert "no tone" in alice.try_to(PlayTone(tone="jazz", seconds=0)).error


# ---------------------------------------------------------------- DTMF


@pytest.mark.parametrize("method", ["", "rfc4733", "info"])
def test_dtmf_arrives_digit_by_digit(engines: Engines, method: str) -> None:
    alice, bob = engines
    talk(engines)
    alice.ask(SendDtmf(leg=1, tones="1#A", method=method, duration_ms=100))
    bob.wait_for(LegDtmf, lambda e: e.tone == "A")
    assert [e.tone for e in bob.of(LegDtmf)] == ["1", "#", "A"]
    assert all(80 <= e.duration_ms <= 400 for e in bob.of(LegDtmf))


def test_dtmf_is_sent_by_a_muted_leg_too(engines: Engines) -> None:
    alice, bob = engines
    talk(engines)
    alice.ask(Mute(leg=1, muted=True))
    alice.ask(SendDtmf(leg=1, tones="7", method="rfc4733", duration_ms=100))
    assert bob.wait_for(LegDtmf).tone == "7"


def test_comma_is_a_pause_between_the_tones(engines: Engines) -> None:
    alice, bob = engines
    talk(engines)
    alice.ask(SendDtmf(leg=1, tones="1,2", method="", duration_ms=80))
    bob.wait_for(LegDtmf, lambda e: e.tone == "2")


@pytest.mark.parametrize(
    ("tones", "method", "duration_ms"),
    [
        ("", "", 100),
        ("12x", "", 100),
        ("1\n", "", 100),
        ("1", "morse", 100),
        ("1", "", 10),
        ("1" * 65, "", 100),
    ],
)
def test_dtmf_that_makes_no_sense_is_refused(
    engines: Engines, tones: str, method: str, duration_ms: int
) -> None:
    alice, _ = engines
    talk(engines)
    command = SendDtmf(leg=1, tones=tones, method=method, duration_ms=duration_ms)
    assert alice.try_to(command).error


# ---------------------------------------------------------------- encryption


def test_call_between_accounts_that_require_srtp_is_encrypted(engines: Engines) -> None:
    alice, bob = engines
    alice.add_account("alice", srtp="required")
    bob.add_account("bob", srtp="required")
    talk(engines)
    assert {engine.of(LegMedia)[-1].encryption for engine in engines} == {"sdes"}


def test_optional_srtp_meets_a_plain_account_in_plaintext(engines: Engines) -> None:
    alice, _ = engines
    alice.add_account("alice", srtp="optional")
    talk(engines)
    assert {engine.of(LegMedia)[-1].encryption for engine in engines} == {"none"}


def test_required_srtp_is_not_talked_down(engines: Engines) -> None:
    alice, bob = engines
    alice.add_account("alice", srtp="required")
    target = f"sip:bob@127.0.0.1:{bob.port}"
    alice.ask(Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False))
    ended = alice.wait_for(LegState, lambda e: e.state == "ended")
    assert ended.code == 488
