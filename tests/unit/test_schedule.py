# SPDX-License-Identifier: GPL-2.0-or-later
from offhookd.engine.schedule import Alarm, Schedule


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_alarms_fire_in_the_order_of_their_times_and_once() -> None:
    clock, fired = Clock(), list[str]()
    schedule = Schedule(clock)
    schedule.after(2.0, lambda: fired.append("late"))
    schedule.after(1.0, lambda: fired.append("early"))
    schedule.run_due()
    assert fired == []
    clock.now_s += 5.0
    schedule.run_due()
    schedule.run_due()
    assert fired == ["early", "late"]


def test_alarms_of_the_same_time_keep_their_order() -> None:
    clock, fired = Clock(), list[int]()
    schedule = Schedule(clock)
    for number in range(20):
        schedule.after(1.0, lambda number=number: fired.append(number))  # type: ignore[misc]  # mypy 17470
    clock.now_s += 1.0
    schedule.run_due()
    assert fired == list(range(20))


def test_sleep_ends_with_the_first_alarm_that_was_not_cancelled() -> None:
    clock = Clock()
    schedule = Schedule(clock)
    assert schedule.wait_s(60.0) == 60.0
    first = schedule.after(1.0, lambda: None)
    schedule.after(3.0, lambda: None)
    assert schedule.wait_s(60.0) == 1.0
    first.cancel()
    first.cancel()
    assert not first.pending
    assert schedule.wait_s(60.0) == 3.0
    clock.now_s += 10.0
    assert schedule.wait_s(60.0) == 0.0


def test_alarm_that_sets_itself_again_does_not_keep_the_turn() -> None:
    clock, fired = Clock(), list[float]()
    schedule = Schedule(clock)

    def again() -> None:
        fired.append(clock.now_s)
        schedule.after(0.0, again)

    schedule.after(0.0, again)
    schedule.run_due()
    assert fired == [100.0]
    schedule.run_due()
    assert fired == [100.0, 100.0]


def test_alarm_cancelled_by_an_earlier_one_of_the_same_turn_does_not_fire() -> None:
    clock, fired = Clock(), list[str]()
    schedule = Schedule(clock)
    later: list[Alarm] = []

    def cancel_the_other() -> None:
        later[0].cancel()

    schedule.after(1.0, cancel_the_other)
    later.append(schedule.after(1.0, lambda: fired.append("second")))
    clock.now_s += 1.0
    schedule.run_due()
    assert fired == []
