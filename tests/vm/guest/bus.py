# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks D-Bus for the tests, as the user: with GLib, which shares no code with the phone.

One program that stays connected, because starting `busctl` takes an emulated processor as long as
most of what the tests wait for.  Requests and answers are lines of JSON.
"""

import json
import sys
from typing import Any

from gi.repository import Gio, GLib  # type: ignore[import-not-found]  # of the system's Python

WATCHED = "org.offhook.Phone1"
CALL_LIMIT_MS = 100_000


class Bus:
    def __init__(self) -> None:
        self._connection = Gio.bus_get_sync(Gio.BusType.SESSION)
        self._news = False
        self._connection.signal_subscribe(
            WATCHED, None, None, None, None, Gio.DBusSignalFlags.NONE, self._signalled
        )

    def do_call(
        self, name: str, path: str, interface: str, method: str, arguments: list[str]
    ) -> dict[str, Any]:
        """The values that the method answers with, without their types."""
        given = GLib.Variant.new_tuple(*map(GLib.Variant.new_string, arguments))
        answer = self._connection.call_sync(
            *(name, path, interface, method, given, None),
            *(Gio.DBusCallFlags.NONE, CALL_LIMIT_MS, None),
        )
        return {"values": answer.unpack()}

    def do_await_news(self, limit_s: float) -> dict[str, Any]:
        """Until the phone has sent a signal since the last time this was asked."""
        context = GLib.MainContext.default()
        late: list[bool] = []
        timer = GLib.timeout_add(int(limit_s * 1000), late.append, True)
        while not self._news and not late:
            context.iteration(True)
        if not late:
            GLib.source_remove(timer)
        self._news = False
        return {}

    def _signalled(self, *_: object) -> None:
        self._news = True


def main() -> None:
    bus = Bus()
    for line in sys.stdin:
        request = json.loads(line)
        do = getattr(bus, f"do_{request.pop('do')}")
        try:
            answer = do(**request)
        except GLib.Error as error:
            answer = {"error": error.message}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
