# SPDX-License-Identifier: GPL-2.0-or-later
"""What can capture and play sound on this machine, as the sound server tells it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from offhookd.sound.volume import level_of

_SYSFS_KEYS = ("sysfs.path", "device.sysfs.path")
_CARD_KEYS = ("alsa.card", "api.alsa.pcm.card", "api.alsa.card")


class Side(StrEnum):
    CAPTURE = "capture"
    PLAYBACK = "playback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A source or a sink of the sound server.

    `name` is the server's own, stable over restarts and re-plugging.  `available` is False while
    its jack is empty.  `monitor`: not a microphone but what a loudspeaker plays.  `sysfs_path`
    ("/sys/devices/...") leads to the hardware, "" where there is none; two endpoints and the keys
    of one USB device share the part up to the USB device.  `level`: see `volume`.
    """

    name: str
    description: str
    side: Side
    available: bool
    monitor: bool
    muted: bool
    level: float
    sysfs_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything at one moment; `problem` is a sentence while there is no sound server."""

    endpoints: tuple[Endpoint, ...] = ()
    default_capture: str = ""
    default_playback: str = ""
    problem: str = ""

    def find(self, side: Side, name: str) -> Endpoint | None:
        for endpoint in self.endpoints:
            if endpoint.name == name and endpoint.side is side:
                return endpoint
        return None

    def default(self, side: Side) -> str:
        """Name of the server's own choice, "" when it has none."""
        return self.default_capture if side is Side.CAPTURE else self.default_playback

    def without_monitors(self) -> tuple[Endpoint, ...]:
        """The endpoints to show; a monitor is used only where a person names it."""
        return tuple(endpoint for endpoint in self.endpoints if not endpoint.monitor)


def inventory(sinks: Iterable[Any], sources: Iterable[Any], server: Any) -> Inventory:
    """From pulsectl's PulseSinkInfo, PulseSourceInfo and PulseServerInfo."""
    return Inventory(
        endpoints=(
            *(_endpoint(Side.PLAYBACK, sink, monitor=False) for sink in sinks),
            *(_endpoint(Side.CAPTURE, source, _is_monitor(source)) for source in sources),
        ),
        default_capture=server.default_source_name or "",
        default_playback=server.default_sink_name or "",
    )


def _endpoint(side: Side, info: Any, monitor: bool) -> Endpoint:
    return Endpoint(
        name=info.name,
        description=info.description or info.name,
        side=side,
        # "unknown" is what most devices say.
        available=info.port_active is None or info.port_active.available_state != "no",
        monitor=monitor,
        muted=bool(info.mute),
        level=level_of(info.volume.values),
        sysfs_path=_sysfs_path(info.proplist),
    )


def _is_monitor(source: Any) -> bool:
    return bool(source.monitor_of_sink_name) or source.proplist.get("device.class") == "monitor"


def _sysfs_path(properties: Mapping[str, str]) -> str:
    """PulseAudio tells the path without "/sys", PipeWire with it or only the ALSA card."""
    for key in _SYSFS_KEYS:
        if path := properties.get(key):
            return path if path.startswith("/sys/") else f"/sys{path}"
    for key in _CARD_KEYS:
        card = Path(f"/sys/class/sound/card{properties.get(key, '')}")
        if properties.get(key, "").isdecimal() and card.exists():
            return str(card.resolve())
    return ""
