# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone in the guest as anybody sees it: D-Bus, the sound server, the service manager."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.vm.channel import Guest
from tests.vm.debian import USER
from tests.vm.phones import Model

BUS_NAME = "org.offhook.Phone1"
ROOT_PATH = "/org/offhook/Phone1"
SERVICE = "offhookd.service"

SYSTEMD = "org.freedesktop.systemd1"
UNIT_PATH = "/org/freedesktop/systemd1/unit/offhookd_2eservice"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

LIMIT_S = 400.0
"""Emulated, everything takes ten times as long; beside other work, fifty times."""
POLL_S = 0.5
"""What the phone sends no signal about is looked at this often."""

Properties = dict[str, Any]


class Telephone:
    """Every reading is a fresh one."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest

    # ------------------------------------------------------------ D-Bus

    def call(
        self, path: str, interface: str, method: str, *arguments: str, name: str = BUS_NAME
    ) -> list[Any]:
        """The values a method answers with, and not their types."""
        words = {"name": name, "path": path, "interface": interface, "method": method}
        values: list[Any] = self._bus("call", **words, arguments=arguments)["values"]
        return values

    def get(self, interface: str, name: str) -> Any:
        (value,) = self.call(ROOT_PATH, PROPERTIES, "Get", f"{BUS_NAME}.{interface}", name)
        return value

    def _bus(self, do: str, **words: Any) -> Any:
        return self.guest.ask("bus", user=USER, request={"do": do, **words})

    def objects(self, interface: str) -> dict[str, Properties]:
        """Path -> properties, of the objects that have this interface of ours."""
        (found,) = self.call(ROOT_PATH, OBJECT_MANAGER, "GetManagedObjects")
        name = f"{BUS_NAME}.{interface}"
        return {path: one[name] for path, one in found.items() if name in one}

    def set(self, model: Model) -> Properties:
        """The Device of this set; empty when there is none."""
        sets = self.objects("Device").values()
        return next((one for one in sets if one["Id"] == model.id), {})

    @property
    def calls(self) -> list[Properties]:
        return list(self.objects("Call").values())

    @property
    def problems(self) -> dict[str, str]:
        """Code -> sentence."""
        return {code: text for code, _, text in self.get("Manager", "Problems")}

    # ------------------------------------------------------------ waiting

    def wait_for_set(self, model: Model, state: str = "ready", *, sound: bool = True) -> Properties:
        """In this state; and, if it is ready, with its sound."""

        def there() -> bool:
            one = self.set(model)
            silent = not (one.get("CaptureEndpoint") and one.get("PlaybackEndpoint"))
            return one.get("State") == state and not (sound and silent and state == "ready")

        self.wait(there, lambda: f"{model.name} to be {state}, not {self.set(model)}")
        return self.set(model)

    def wait_for_calls(self, *states: str) -> None:
        def found() -> list[str]:
            return sorted(call["State"] for call in self.calls)

        self.wait(lambda: found() == sorted(states), lambda: f"calls {states}, not {found()}")

    def wait(self, condition: Callable[[], object], what: Callable[[], str]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {LIMIT_S} s for {what()}")
            self._bus("await_news", limit_s=POLL_S)

    # ------------------------------------------------------------ the service

    def systemctl(self, *words: str) -> str:
        return self.guest.run("systemctl", "--user", *words)

    def unit(self, name: str) -> Any:
        """A property of the service, as systemd tells it."""
        part = "Unit" if name == "ActiveState" else "Service"
        words = (PROPERTIES, "Get", f"{SYSTEMD}.{part}", name)
        (value,) = self.call(UNIT_PATH, *words, name=SYSTEMD)
        return value

    @property
    def journal(self) -> str:
        """What the daemon and its service manager wrote."""
        words = ("--user", f"--unit={SERVICE}", "--output=cat", "--no-pager")
        return self.guest.run("journalctl", *words)

    # ------------------------------------------------------------ sound

    @property
    def sinks_in_use(self) -> list[str]:
        """Names of the sinks to which the phone plays now."""
        return self._in_use("sink-inputs", "sinks", "sink")

    @property
    def sources_in_use(self) -> list[str]:
        return self._in_use("source-outputs", "sources", "source")

    def _in_use(self, streams: str, devices: str, key: str) -> list[str]:
        names = {one["index"]: one["name"] for one in self._pactl(devices)}
        ours = [one for one in self._pactl(streams) if _is_ours(one["properties"])]
        return [names.get(one[key], "none") for one in ours if not one["corked"]]

    def _pactl(self, what: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(
            self.guest.run("pactl", "--format=json", "list", what)
        )
        return listed


def _is_ours(properties: dict[str, str]) -> bool:
    return "offhook" in properties.get("application.name", "").lower()
