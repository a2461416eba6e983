# SPDX-License-Identifier: GPL-2.0-or-later
"""When the audio thread looks, and the clock that goes on without a device."""

from offhookd.engine.audio.clock import FrameClock, Pacer

PERIOD_S = 0.02


def test_the_clock_ticks_once_a_period_without_creeping() -> None:
    clock = FrameClock(PERIOD_S)
    clock.restart(100.0)
    moments = [100.0 + 0.001 * i for i in range(1, 1002)]
    assert sum(clock.tick(now) for now in moments) == 50


def test_a_clock_that_was_held_up_does_not_catch_up_in_a_burst() -> None:
    clock = FrameClock(PERIOD_S)
    clock.restart(0.0)
    assert clock.tick(5.0)
    assert not clock.tick(5.001)
    assert clock.tick(5.02)


def run(pacer: Pacer, arrivals: list[float]) -> tuple[int, float]:
    """How often the thread woke up for these frames, and how late it took the last ones."""
    wakeups, late_s = 0, 0.0
    for index, arrival in enumerate(arrivals):
        wakeups += 1
        too_early = arrival > pacer.look_at
        now = max(arrival, pacer.look_at)
        wakeups += too_early
        pacer.arrived(now, too_early)
        if index > 10:
            late_s = max(late_s, now - arrival)
    return wakeups, late_s


def test_a_steady_microphone_costs_one_wakeup_a_frame_and_a_millisecond() -> None:
    wakeups, late_s = run(Pacer(PERIOD_S), [10 + i * PERIOD_S for i in range(1000)])
    assert wakeups < 1000 * 1.03
    assert late_s < 0.0011


def test_frames_that_come_in_uneven_pieces_are_taken_evenly() -> None:
    """PipeWire delivers 10.67 ms at a time."""
    piece = 512 / 48_000
    arrivals = [10 + piece * -(-i * PERIOD_S // piece) for i in range(1000)]
    wakeups, late_s = run(Pacer(PERIOD_S), arrivals)
    assert wakeups < 1000 * 1.1
    assert late_s <= piece + 0.001


def test_a_faster_and_a_slower_microphone_are_followed() -> None:
    for ppm in (-300, 300):
        period = PERIOD_S * (1 + ppm / 1e6)
        _, late_s = run(Pacer(PERIOD_S), [10 + i * period for i in range(20_000)])
        assert late_s < 0.002
