# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook audio``: devices, volumes and tests."""

import argparse
import sys

from offhook.aio import Phone
from offhook.audio import AUDIO, PATHS, Audio

from .output import clean, print_json, print_table
from .session import with_phone

DEFAULT = "default"
"""The sound server's own choice: always a name, never an endpoint."""


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        await _act(phone.audio, options)
        return 0

    return with_phone(act)


async def _act(audio: Audio, options: argparse.Namespace) -> None:
    match options.act:
        case "list" if options.json:
            print_json(audio.interfaces[AUDIO])
        case "list":
            _show(audio)
        case "use":
            await audio.prefer(options.path, options.names)
            _say_unknown(audio, options.names)
        case "volume":
            await audio.set_volume(options.path, options.level)
        case "test":
            peak = await audio.test(options.path, options.seconds)
            if options.path == "capture":
                print(f"highest level {peak:.0f} dBFS")


def _show(audio: Audio) -> None:
    print_table(
        ("PATH", "VOLUME", "IN USE", "PREFERRED"),
        [
            (
                path,
                f"{audio.volume(path):.0%}",
                audio.active(path) or "-",
                ", ".join(audio.preferences(path)),
            )
            for path in PATHS
        ],
    )
    if audio.endpoints:
        print()
    print_table(
        ("DIRECTION", "AVAILABLE", "NAME", "DESCRIPTION"),
        sorted(
            (one["direction"], "yes" if one["available"] else "no", name, one["description"])
            for name, one in audio.endpoints.items()
        ),
    )


def _say_unknown(audio: Audio, names: list[str]) -> None:
    """A device may be named before it is plugged in; a misspelt one should not stay unseen."""
    for name in names:
        if name != DEFAULT and name not in audio.endpoints:
            note = f"{name} is not there now; it is used as soon as it appears"
            print(f"offhook: {clean(note)}", file=sys.stderr)
