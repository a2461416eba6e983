# SPDX-License-Identifier: GPL-2.0-or-later
"""A key of the far end's is told once, whatever ways it comes."""

import pytest

from offhookd.engine.audio.dtmf import Tone
from offhookd.engine.schedule import Schedule
from offhookd.engine.sip_keys import DOUBLE_S, IS_END, IS_UPDATE, LOST_END_S, DtmfReceiver


class Far:
    """A far end, and what is told of its keys."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.told: list[tuple[str, int]] = []
        self.schedule = Schedule(lambda: self.now_s)
        self.receiver = DtmfReceiver(self.schedule, lambda tone, ms: self.told.append((tone, ms)))

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.schedule.run_due()

    def event(self, tone: str, ms: int = 100) -> None:
        """As RFC 4733 has it: a beginning, a middle, an end three times told once by the stack."""
        self.receiver.signalled(tone, 20, 0)
        self.receiver.signalled(tone, ms // 2, IS_UPDATE)
        self.receiver.signalled(tone, ms, IS_UPDATE | IS_END)

    def info(self, tone: str, ms: int = 160) -> None:
        self.receiver.signalled(tone, ms, 0)

    def sound(self, tone: str, ms: int = 90) -> None:
        self.receiver.heard(Tone(tone, ms))


@pytest.fixture
def far() -> Far:
    return Far()


def test_event_is_told_at_its_end(far: Far) -> None:
    far.receiver.signalled("5", 20, 0)
    assert far.told == []
    far.receiver.signalled("5", 120, IS_UPDATE | IS_END)
    assert far.told == [("5", 120)]


def test_end_that_is_lost_does_not_hide_the_key(far: Far) -> None:
    far.receiver.signalled("5", 60, 0)
    far.wait(LOST_END_S)
    assert far.told == [("5", 60)]


def test_key_in_the_sound_is_told(far: Far) -> None:
    far.sound("1")
    far.sound("1")
    assert far.told == [("1", 90), ("1", 90)]


def test_message_about_a_key_that_was_heard_is_not_told_again(far: Far) -> None:
    far.sound("4")
    far.info("4")
    far.wait(LOST_END_S)
    assert far.told == [("4", 90)]


def test_who_sends_messages_is_not_listened_to_any_more(far: Far) -> None:
    far.event("4")
    far.sound("4")
    far.event("4")
    far.sound("4")
    assert far.told == [("4", 100), ("4", 100)]


def test_message_about_another_key_or_much_later_is_another_press(far: Far) -> None:
    far.sound("4")
    far.event("5")
    far.event("4")
    assert [tone for tone, _ in far.told] == ["4", "5", "4"]
    late = Far()
    late.sound("4")
    late.wait(DOUBLE_S)
    late.event("4")
    assert [tone for tone, _ in late.told] == ["4", "4"]
