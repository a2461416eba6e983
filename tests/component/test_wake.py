# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

from tests.support.bare_engine import run


def program(name: str) -> Any:
    outcome = run("tests.component.engine_wake", name)
    assert outcome.status == 0, outcome.errors
    return outcome.value


def test_self_test_finds_no_fault_in_this_module() -> None:
    assert program("self_test") == ""


def test_byte_reaches_the_callback_within_a_millisecond() -> None:
    assert program("latency_us") < 1000


def test_idle_engine_with_a_watch_sleeps() -> None:
    assert program("idle_switches") <= 6


def test_end_of_stream_is_noticed_and_watch_may_close_in_its_callback() -> None:
    assert program("end_of_stream") == [True, True]


def test_watch_survives_an_exception_of_its_owner() -> None:
    assert program("exception_in_callback") == 2
