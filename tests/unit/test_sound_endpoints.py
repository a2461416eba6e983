# SPDX-License-Identifier: GPL-2.0-or-later
"""What the property lists of real devices on both servers are read as."""

from types import SimpleNamespace

import pytest

from offhookd.sound.endpoints import Side, inventory

SERVER = SimpleNamespace(default_sink_name="phone", default_source_name=None)


def info(**changes: object) -> SimpleNamespace:
    values: dict[str, object] = {
        "name": "phone",
        "description": "Desk Phone Mono",
        "mute": 0,
        "port_active": None,
        "volume": SimpleNamespace(values=[0.5]),
        "proplist": {},
        "monitor_of_sink_name": None,
    }
    return SimpleNamespace(**(values | changes))


def port(state: str) -> SimpleNamespace:
    return SimpleNamespace(available_state=state)


def test_an_endpoint_is_described_as_the_server_does() -> None:
    found = inventory([info()], [], SERVER)
    (endpoint,) = found.endpoints
    assert (endpoint.name, endpoint.description) == ("phone", "Desk Phone Mono")
    assert (endpoint.side, endpoint.level, endpoint.muted) == (Side.PLAYBACK, 0.5, False)
    assert (found.default_playback, found.default_capture) == ("phone", "")


@pytest.mark.parametrize(("state", "available"), [("no", False), ("yes", True), ("unknown", True)])
def test_only_an_empty_jack_is_unavailable(state: str, available: bool) -> None:
    (endpoint,) = inventory([info(port_active=port(state))], [], SERVER).endpoints
    assert endpoint.available is available


@pytest.mark.parametrize(
    ("changes", "monitor"),
    [
        ({}, False),
        ({"monitor_of_sink_name": "phone"}, True),
        ({"proplist": {"device.class": "monitor"}}, True),
    ],
)
def test_monitors_are_told_from_microphones(changes: dict[str, object], monitor: bool) -> None:
    (endpoint,) = inventory([], [info(**changes)], SERVER).endpoints
    assert endpoint.monitor is monitor


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"sysfs.path": "/devices/pci0000:00/usb1/1-2/1-2:1.0/sound/card1"}, "/sys/devices/"),
        ({"device.sysfs.path": "/sys/devices/pci0000:00/usb1/1-2"}, "/sys/devices/"),
        ({"alsa.card": "../../etc"}, ""),
        ({"alsa.card": "4242"}, ""),
        ({}, ""),
    ],
)
def test_the_hardware_is_found_in_either_servers_properties(
    properties: dict[str, str], path: str
) -> None:
    (endpoint,) = inventory([info(proplist=properties)], [], SERVER).endpoints
    assert endpoint.sysfs_path.startswith(path)
    assert bool(endpoint.sysfs_path) is bool(path)
