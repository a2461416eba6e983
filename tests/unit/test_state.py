# SPDX-License-Identifier: GPL-2.0-or-later
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.phone.choices import (
    AccountChoices,
    AudioChoices,
    Availability,
    DeviceChoices,
    PhoneChoices,
)
from offhookd.phone.values import AccountId
from offhookd.store.state import State

WORK = AccountId("work")

VERSION_1 = {
    "version": 1,
    "phone": {"availability": "dnd", "note": "in a meeting", "default_account": "work"},
    "audio": {"capture": ["usb", "default"], "playback": [], "ringer": [], "ringer_volume": 0.5},
    "accounts": {
        "work": {
            "enabled": False,
            "do_not_disturb": True,
            "forward_always": "sip:2@x",
            "forward_busy": "",
            "forward_no_answer": "",
            "forward_no_answer_seconds": 15,
        }
    },
    "devices": {"usb-047f-c036-A1": {"enabled": False}},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "offhook" / "state.json"


def test_without_a_file_everything_is_at_its_default(path: Path) -> None:
    state = State(path, pytest.fail)
    assert state.phone == PhoneChoices()
    assert state.audio == AudioChoices()
    assert state.account(WORK) == AccountChoices()
    assert state.device("x") == DeviceChoices()
    assert not path.exists(), "nothing was chosen yet"


def test_choices_outlive_the_process_privately(path: Path) -> None:
    state = State(path, pytest.fail)
    state.phone = replace(state.phone, availability=Availability.AWAY)
    state.audio = AudioChoices(capture=("usb", "default"), ringer_volume=0.25)
    state.set_account(WORK, AccountChoices(forward_busy="sip:9@x", enabled=False))
    state.set_device("usb", DeviceChoices(enabled=False))
    again = State(path, pytest.fail)
    assert again.phone.availability is Availability.AWAY
    assert again.audio == state.audio
    assert again.account(WORK) == state.account(WORK)
    assert not again.device("usb").enabled
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_choosing_the_same_again_writes_nothing(path: Path) -> None:
    state = State(path, pytest.fail)
    state.phone = PhoneChoices(note="x")
    before = path.stat().st_ino
    state.phone = PhoneChoices(note="x")
    state.set_account(WORK, AccountChoices())
    assert path.stat().st_ino == before


def test_a_file_of_version_1_is_still_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(VERSION_1))
    state = State(path, pytest.fail)
    assert state.phone == PhoneChoices(
        availability=Availability.DND, note="in a meeting", default_account="work"
    )
    assert state.audio.capture == ("usb", "default")
    assert state.account(WORK).forward_no_answer_seconds == 15
    assert not state.device("usb-047f-c036-A1").enabled


def test_what_does_not_fit_is_left_at_its_default(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(
        '{"version": 2, "new": 1, "phone": {"availability": "sleeping", "note": "\\ud800"},'
        ' "audio": {"capture": ["a", 3], "ringer_volume": NaN},'
        ' "accounts": {"work": {"enabled": 1, "forward_no_answer_seconds": -1, "odd": []}},'
        ' "devices": []}'
    )
    state = State(path, pytest.fail)
    assert state.phone == PhoneChoices(availability=Availability.BUSY)
    assert state.audio == AudioChoices(capture=("a",))
    assert state.account(WORK) == AccountChoices()


def test_a_damaged_file_is_kept_and_told(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"version": 1, "phone"')
    problems: list[str] = []
    state = State(path, problems.append)
    assert state.phone == PhoneChoices()
    (aside,) = path.parent.glob("state.json.damaged-*")
    assert len(problems) == 1
    assert aside.name in problems[0]
    state.phone = PhoneChoices(note="x")
    assert State(path, pytest.fail).phone.note == "x"


def test_a_disc_that_refuses_is_told_once_over_and_forgotten(path: Path) -> None:
    path.parent.write_text("in the way")
    problems: list[str] = []
    state = State(path, problems.append)
    state.phone = PhoneChoices(note="x")
    assert state.phone.note == "x"
    assert "cannot be kept" in problems[-1]
    path.parent.unlink()
    state.phone = PhoneChoices(note="y")
    assert problems[-1] == ""
    assert State(path, pytest.fail).phone.note == "y"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
sections = st.dictionaries(
    st.sampled_from(["availability", "note", "capture", "ringer_volume", "enabled", "work"]),
    json_values,
)


@given(
    st.dictionaries(
        st.sampled_from(["phone", "audio", "accounts", "devices"]),
        json_values | sections | st.dictionaries(st.just("work"), sections),
    )
)
def test_no_content_of_the_file_breaks_the_start(
    tmp_path_factory: pytest.TempPathFactory, body: object
) -> None:
    path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_text(json.dumps(body))
    state = State(path, pytest.fail)
    assert isinstance(state.phone.availability, Availability)
    assert 0 <= state.audio.ringer_volume <= 1
    assert state.account(WORK).enabled in (True, False, None)


def test_a_pipe_in_its_place_is_told_and_not_waited_for(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    problems: list[str] = []
    assert State(path, problems.append).phone == PhoneChoices()
    assert problems == [f"The file of your settings {path} is not a regular file."]
