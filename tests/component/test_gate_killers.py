# SPDX-License-Identifier: GPL-2.0-or-later
"""Each message ends an engine without the gate; with it, the engine goes on.

The first half keeps the second honest: where it fails, this build of the SIP stack has been mended
and the rule may go.
"""

import signal

import pytest

from tests.support.bare_engine import Outcome, run

KILLERS = [
    "hidden_route",
    "ack_without_tag",
    "empty_refer_to",
    "foreign_contact",
    "answer_without_tag",
    "tuple_without_id",
    "tuple_without_status",
    "invite_flood",
    "connection_flood",
]


def program(name: str, gated: str) -> Outcome:
    return run("tests.component.engine_killers", name, gated)


@pytest.mark.parametrize("name", [*KILLERS, "short_dtmf"])
def test_engine_without_the_gate_dies_of(name: str) -> None:
    assert program(name, "bare").status in (-signal.SIGABRT, -signal.SIGSEGV)


@pytest.mark.parametrize("name", KILLERS)
def test_engine_behind_the_gate_survives(name: str) -> None:
    outcome = program(name, "gated")
    assert outcome.status == 0, outcome.errors
    assert outcome.value is True


def test_dtmf_without_line_end_is_mended_and_arrives() -> None:
    outcome = program("short_dtmf", "gated")
    assert outcome.status == 0, outcome.errors
    assert outcome.value == ["5"]


def test_sound_presence_passes_the_gate() -> None:
    outcome = program("sound_tuple", "gated")
    assert outcome.status == 0, outcome.errors
    assert "broken-presence" not in outcome.errors
