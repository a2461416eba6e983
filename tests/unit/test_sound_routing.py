# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace

import pytest

from offhookd.sound.endpoints import Endpoint, Inventory, Side
from offhookd.sound.routing import Route, route
from offhookd.sound.volume import at_level, level_of


def sink(name: str, available: bool = True) -> Endpoint:
    return Endpoint(
        name=name,
        description=name.title(),
        side=Side.PLAYBACK,
        available=available,
        monitor=False,
        muted=False,
        level=1.0,
        sysfs_path="",
    )


def source(name: str, available: bool = True, monitor: bool = False) -> Endpoint:
    return replace(sink(name, available), side=Side.CAPTURE, monitor=monitor)


DESK = Inventory(
    endpoints=(
        sink("speaker"),
        sink("usb"),
        sink("jack", available=False),
        source("usb"),
        source("speaker.monitor", monitor=True),
    ),
    default_playback="speaker",
    default_capture="usb",
)


@pytest.mark.parametrize(
    ("preferences", "expected"),
    [
        ([], Route(device="", active="speaker")),
        (["default"], Route(device="", active="speaker")),
        (["usb", "default"], Route(device="usb", active="usb")),
        (["speaker"], Route(device="speaker", active="speaker")),
        (["gone", "jack", "default"], Route(device="", active="speaker")),
        (["default", "usb"], Route(device="", active="speaker")),
    ],
)
def test_the_first_usable_preference_is_taken(preferences: list[str], expected: Route) -> None:
    assert route(Side.PLAYBACK, preferences, DESK) == expected


def test_the_reason_names_every_preference_and_what_to_do() -> None:
    found = route(Side.PLAYBACK, ["gone", "jack"], DESK)
    assert (found.device, found.active) == ("", "")
    assert found.reason == (
        "No loudspeaker can be used (gone is not there; jack is not plugged in):"
        " plug one in, or choose one of `offhook audio`."
    )


def test_a_sink_is_no_microphone_though_it_has_the_name() -> None:
    assert route(Side.CAPTURE, ["speaker"], DESK).active == ""
    assert route(Side.CAPTURE, ["usb"], DESK).active == "usb"


def test_a_monitor_is_heard_only_when_a_person_names_it() -> None:
    deaf = replace(DESK, default_capture="speaker.monitor")
    assert "no microphone" in route(Side.CAPTURE, [], deaf).reason
    assert route(Side.CAPTURE, ["speaker.monitor"], deaf).device == "speaker.monitor"
    assert [endpoint.name for endpoint in deaf.without_monitors()] == [
        "speaker",
        "usb",
        "jack",
        "usb",
    ]


def test_a_server_without_a_default_is_told_as_such() -> None:
    assert "the default is not there" in route(Side.CAPTURE, [], Inventory()).reason


def test_without_a_server_its_sentence_is_the_reason() -> None:
    assert route(Side.CAPTURE, ["usb"], Inventory(problem="Nobody.")) == Route(reason="Nobody.")


@pytest.mark.parametrize(
    ("channels", "level"), [([0.5], 0.5), ([0.2, 0.8], 0.8), ([1.5, 1.2], 1.0), ([], 0.0)]
)
def test_the_level_is_that_of_the_loudest_channel(channels: list[float], level: float) -> None:
    assert level_of(channels) == level


def test_a_new_level_keeps_the_balance() -> None:
    assert at_level([0.5, 1.0], 0.5) == [0.25, 0.5]
    assert at_level([0.0, 0.0], 0.5) == [0.5, 0.5]
    assert at_level([0.5, 1.0], 0.0) == [0.0, 0.0]
