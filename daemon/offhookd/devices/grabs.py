# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps what a set's keys do in its reports from being typed into windows as well.

The kernel makes an event node of the same keys: digits, mute, volume.  While the set is ours these
nodes are grabbed (EVIOCGRAB), which nobody else can read; closing them gives them back.  Nothing
is written to them, for their lamps would overwrite those of the set.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from offhookd.devices.evdev import grab
from offhookd.devices.udev import Node

KEY_MICMUTE = 248
KEY_NUMERIC_0, KEY_NUMERIC_POUND = 0x200, 0x20B
MEDIA_KEYS = (163, 164, 165)  # KEY_NEXTSONG, KEY_PLAYPAUSE, KEY_PREVIOUSSONG
_LONG_BITS = 64

logger = logging.getLogger(__name__)


class Grabs:
    """The event nodes of one device."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._held: dict[str, int] = {}

    def hold(self, nodes: Iterable[Node]) -> None:
        """Grab these; those held before stay."""
        for node in nodes:
            if node.path not in self._held:
                self._grab(node)

    def release(self) -> None:
        """Idempotent."""
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()

    def _grab(self, node: Node) -> None:
        try:
            fd = os.open(node.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            logger.info("keys of %s may type into windows: %s", self._name, error.strerror)
            return
        try:
            grab(fd)
        except OSError as error:
            os.close(fd)
            logger.info("keys of %s go to another program, too: %s", self._name, error.strerror)
        else:
            self._held[node.path] = fd


def doubles(nodes: Iterable[Node], hidraw: Iterable[Node]) -> list[Node]:
    """Those of the event `nodes` that say the same as reports of `hidraw`.

    Not a headset's keys for music, which are the desktop's, unless there are digits beside them.
    """
    ours = tuple(f"{node.sys_path.partition('/hidraw/')[0]}/input/" for node in hidraw)
    return [node for node in nodes if node.sys_path.startswith(ours) and _telephones(node)]


def _telephones(node: Node) -> bool:
    keys = _keys(Path(node.sys_path).parent / "capabilities" / "key")
    if _any(keys, range(KEY_NUMERIC_0, KEY_NUMERIC_POUND + 1)):
        return True
    return _any(keys, (KEY_MICMUTE,)) and not _any(keys, MEDIA_KEYS)


def _any(keys: int, codes: Iterable[int]) -> bool:
    return any(keys >> code & 1 for code in codes)


def _keys(path: Path) -> int:
    """Bits of the keys, as sysfs writes them: words in hexadecimal, the highest first."""
    try:
        words = path.read_text(encoding="ascii").split()
        return sum(int(word, 16) << _LONG_BITS * at for at, word in enumerate(reversed(words)))
    except (OSError, ValueError):
        return 0  # gone already
