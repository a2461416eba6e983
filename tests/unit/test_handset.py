# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of keys played against a telephone set without hardware, and the table they follow."""

from pathlib import Path

import pytest

from offhookd.phone.buttons import Button
from offhookd.phone.handset_table import TABLE, Action, Stage
from tests.support.situations import (
    Situation,
    consultation_rings,
    consulting,
    foreign,
    held,
    idle,
    released,
    ringing,
    summary,
    talking,
    two_calls,
    waiting,
)
from tests.support.telephone_sets import HEADSET, A, B, Desktop

HANDBOOK = Path(__file__).parents[2] / "docs" / "handset.md"


@pytest.fixture
def desk() -> Desktop:
    desk = Desktop()
    desk.plug(A, B, HEADSET)
    return desk


SCRIPTS: list[tuple[Situation, str, Stage, str]] = [
    # lifting
    (idle, "lift", Stage.DIAL_TONE, ""),
    (idle, "lift down", Stage.ON_HOOK, ""),
    (idle, "down", Stage.ON_HOOK, ""),
    (idle, "speaker", Stage.DIAL_TONE, ""),
    (idle, "speaker speaker", Stage.ON_HOOK, ""),
    (ringing, "lift", Stage.IN_CALL, "answered*"),
    (ringing, "speaker", Stage.IN_CALL, "answered*"),
    (ringing, "line:1", Stage.IN_CALL, "answered*"),
    (ringing, "lift down", Stage.ON_HOOK, ""),
    (ringing, "reject", Stage.ON_HOOK, ""),
    (ringing, "drop", Stage.ON_HOOK, ""),
    (ringing, "down", Stage.ON_HOOK, "incoming"),
    (ringing, "redial", Stage.ON_HOOK, "incoming"),
    (ringing, "flash", Stage.ON_HOOK, "incoming"),
    (ringing, "mute", Stage.ON_HOOK, "incoming"),
    # dialling
    (idle, "lift =123", Stage.DIALLING, ""),
    (idle, "lift =123#", Stage.IN_CALL, "dialing*"),
    (idle, "lift =123# down", Stage.ON_HOOK, ""),
    (idle, "lift =123 down lift", Stage.DIAL_TONE, ""),
    (idle, "=123", Stage.ON_HOOK, ""),
    (idle, "=123 lift", Stage.IN_CALL, "dialing*"),
    (idle, "=123 speaker", Stage.IN_CALL, "dialing*"),
    (idle, "lift =*21*5#", Stage.DIALLING, ""),
    (idle, "speed-dial:1", Stage.IN_CALL, "dialing*"),
    (idle, "voice-mail", Stage.IN_CALL, "dialing*"),
    (idle, "lift speed-dial:1", Stage.IN_CALL, "dialing*"),
    (idle, "lift =1 speed-dial:1", Stage.DIALLING, ""),
    (idle, "lift drop", Stage.RELEASED, ""),
    (idle, "line:1", Stage.DIAL_TONE, ""),
    (idle, "line:x", Stage.ON_HOOK, ""),
    (idle, "mute hold flash reject drop", Stage.ON_HOOK, ""),
    # talking
    (talking, "down", Stage.ON_HOOK, ""),
    (talking, "down down", Stage.ON_HOOK, ""),
    (talking, "drop", Stage.RELEASED, ""),
    (talking, "drop down", Stage.ON_HOOK, ""),
    (talking, "reject", Stage.IN_CALL, "active*"),
    (talking, "redial speed-dial:1", Stage.IN_CALL, "active*"),
    (talking, "mute", Stage.IN_CALL, "active*!"),
    (talking, "mute mute", Stage.IN_CALL, "active*"),
    (talking, "hold", Stage.IN_CALL, "active*-"),
    (talking, "hold hold", Stage.IN_CALL, "active*"),
    (talking, "flash", Stage.DIAL_TONE, "active*-"),
    (talking, "flash flash", Stage.IN_CALL, "active*"),
    (talking, "flash hold", Stage.IN_CALL, "active*"),
    (talking, "line:1", Stage.IN_CALL, "active*"),
    (talking, "line:2", Stage.DIAL_TONE, "active*-"),
    (talking, "line:2 line:1", Stage.IN_CALL, "active*"),
    (talking, "speaker down", Stage.IN_CALL, "active*"),
    (talking, "speaker down speaker", Stage.ON_HOOK, ""),
    (talking, "speaker speaker down", Stage.ON_HOOK, ""),
    (talking, "speaker down lift down", Stage.ON_HOOK, ""),
    (talking, "busy", Stage.IN_CALL, "active*"),
    # a second call rings
    (waiting, "flash", Stage.IN_CALL, "active- answered*"),
    (waiting, "line:2", Stage.IN_CALL, "active- answered*"),
    (waiting, "reject", Stage.IN_CALL, "active*"),
    (waiting, "drop", Stage.IN_CALL, "active*"),
    (waiting, "drop drop", Stage.RELEASED, ""),
    (waiting, "down", Stage.ON_HOOK, "incoming"),
    (waiting, "down lift", Stage.IN_CALL, "answered*"),
    # a call on hold
    (held, "hold", Stage.IN_CALL, "active*"),
    (held, "flash", Stage.IN_CALL, "active*"),
    (held, "line:1", Stage.IN_CALL, "active*"),
    (held, "down", Stage.ON_HOOK, "active*-"),
    (held, "down lift", Stage.IN_CALL, "active*"),
    (held, "down hold", Stage.IN_CALL, "active*"),
    (held, "down down", Stage.ON_HOOK, "active*-"),
    (held, "drop", Stage.RELEASED, ""),
    (held, "=1", Stage.IN_CALL, "active*-"),
    (held, "down =12 lift", Stage.IN_CALL, "active- dialing*"),
    # two calls
    (two_calls, "flash", Stage.SWAPPED, "active* active-"),
    (two_calls, "flash flash", Stage.SWAPPED, "active- active*"),
    (two_calls, "flash flash flash", Stage.SWAPPED, "active* active-"),
    (two_calls, "line:1", Stage.IN_CALL, "active* active-"),
    (two_calls, "line:2", Stage.IN_CALL, "active- active*"),
    (two_calls, "hold", Stage.IN_CALL, "active- active*-"),
    (two_calls, "down", Stage.ON_HOOK, "active-"),
    (two_calls, "down lift", Stage.IN_CALL, "active*"),
    (two_calls, "drop flash", Stage.IN_CALL, "active*"),
    # a consultation call
    (consulting, "=2#", Stage.IN_CALL, "active- dialing*"),
    (consulting, "down", Stage.ON_HOOK, "active*-"),
    (consulting, "down lift", Stage.IN_CALL, "active*"),
    (consulting, "redial", Stage.RELEASED, "active*-"),
    (consulting, "speed-dial:1", Stage.IN_CALL, "active- dialing*"),
    (consulting, "=2 flash", Stage.IN_CALL, "active*"),
    (consultation_rings, "flash", Stage.IN_CALL, "active*"),
    (consultation_rings, "down", Stage.ON_HOOK, "active-"),
    (consultation_rings, "line:1", Stage.IN_CALL, "active* dialing"),
    # another program has the set
    (foreign, "lift", Stage.LINE_BUSY, ""),
    (foreign, "down =123 redial mute", Stage.LINE_BUSY, ""),
    (foreign, "free", Stage.ON_HOOK, ""),
    (foreign, "free lift", Stage.DIAL_TONE, ""),
    # the far end has gone
    (released, "", Stage.RELEASED, ""),
    (released, "down", Stage.ON_HOOK, ""),
    (released, "=123", Stage.RELEASED, ""),
    (released, "speed-dial:1", Stage.IN_CALL, "dialing*"),
    (released, "line:1", Stage.DIAL_TONE, ""),
]


@pytest.mark.parametrize(
    ("situation", "script", "stage", "calls"),
    SCRIPTS,
    ids=[f"{one[0].__name__}: {one[1]}" for one in SCRIPTS],
)
def test_keys_do_what_people_expect(
    desk: Desktop, situation: Situation, script: str, stage: Stage, calls: str
) -> None:
    situation(desk, A)
    desk.do(A, script)
    until_ended = summary(desk).replace("-*", "*-")
    # The focus stays with a call that is being ended until it is over.
    for call in desk.calls:
        if call.ending:
            desk.end(call, "local")
    assert desk.stage(A) is stage
    if calls.count("*"):
        assert summary(desk).replace("-*", "*-") == calls
    else:
        assert until_ended.replace("*", "") == calls


def test_the_documented_table_is_the_one_that_is_followed() -> None:
    documented = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in HANDBOOK.read_text(encoding="utf-8").splitlines()
        if line.count("|") == 4 and not line.startswith(("| Stage", "|--"))
    ]
    followed = [
        (str(stage), str(key), "; else ".join(actions))
        for stage, row in TABLE.items()
        for key, actions in row.items()
        if actions
    ]
    assert documented == followed


def test_every_action_and_every_button_has_its_place_in_the_table(desk: Desktop) -> None:
    assert {act for row in TABLE.values() for acts in row.values() for act in acts} == set(Action)
    for button in Button:
        desk.press(A, button)
