# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of the phone as the rest of the daemon sees it: routes and volumes."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from offhookd.phone.errors import AudioUnavailableError, InvalidArgumentError
from offhookd.sound.endpoints import Inventory, Side
from offhookd.sound.routing import Route, route
from offhookd.sound.server import SoundServer
from offhookd.sound.volume import FULL


class Role(StrEnum):
    CAPTURE = "capture"
    PLAYBACK = "playback"
    RINGER = "ringer"

    @property
    def side(self) -> Side:
        return Side.CAPTURE if self is Role.CAPTURE else Side.PLAYBACK


class SoundControl:
    """Endpoints, routes and volumes; `on_change` is called after any of them changed.

    Everything but `set_volume` answers at once from what is known.  `address` is a PulseAudio
    server string, None for the user's own server.
    """

    def __init__(self, on_change: Callable[[], None], address: str | None = None) -> None:
        self._on_change = on_change
        self._server = SoundServer(self._update, address)
        self._preferences: dict[Role, tuple[str, ...]] = dict.fromkeys(Role, ())
        self._routes = self._decide()

    async def start(self) -> None:
        """Connect in the background; a missing server is no error."""
        self._server.start()

    async def stop(self) -> None:
        """Routes lead nowhere afterwards; `on_change` is not called for that."""
        await self._server.stop()
        self._routes = self._decide()

    @property
    def inventory(self) -> Inventory:
        return self._server.inventory

    def route(self, role: Role) -> Route:
        """What is used for `role` now, or why nothing."""
        return self._routes[role]

    def preferences(self, role: Role) -> tuple[str, ...]:
        return self._preferences[role]

    def prefer(self, role: Role, names: Sequence[str]) -> None:
        """Best first; "default" is the server's choice, and so is an empty list.

        A name that is not there now may come, so any name is accepted.
        """
        if tuple(names) != self._preferences[role]:
            self._preferences[role] = tuple(names)
            self._update()

    def retry_now(self) -> None:
        """Sound is wanted: look for an absent server now."""
        self._server.retry_now()

    def volume(self, role: Role) -> float:
        """0.0 to 1.0 (see `volume`); 0.0 when no device is in use."""
        if role is Role.RINGER:
            return self._server.ringer.level
        endpoint = self.inventory.find(role.side, self._routes[role].active)
        return endpoint.level if endpoint else 0.0

    async def set_volume(self, role: Role, level: float) -> None:
        """Of the device in use, or of the ringing; known to `volume` when this returns.

        Raises `InvalidArgumentError`, `AudioUnavailableError`.
        """
        _check(level)
        if role is Role.RINGER:
            await self._set_ringer_volume(level)
            return
        used = self._routes[role]
        if not used.active:
            raise AudioUnavailableError(used.reason)
        await self._server.set_device_level(role.side, used.active, level)

    async def set_device_volume(self, role: Role, name: str, level: float) -> None:
        """Of any endpoint, in use or not.  Raises as `set_volume`."""
        _check(level)
        await self._server.set_device_level(role.side, name, level)

    async def turn_device(self, role: Role, name: str, by: float) -> None:
        """Any endpoint up or down.  Raises `AudioUnavailableError`."""
        await self._server.turn_device(role.side, name, by)

    async def turn_ringer(self, by: float) -> None:
        """The ringing up or down.  Raises `AudioUnavailableError`."""
        await self._set_ringer_volume(min(FULL, max(0.0, self._server.ringer.level + by)))

    async def _set_ringer_volume(self, level: float) -> None:
        changed = level != self._server.ringer.level
        await self._server.set_ringer_level(level)
        if changed:
            self._on_change()

    def _update(self) -> None:
        self._routes = self._decide()
        self._on_change()

    def _decide(self) -> dict[Role, Route]:
        return {
            role: route(role.side, self._preferences[role], self._server.inventory) for role in Role
        }


def _check(level: float) -> None:
    if not 0.0 <= level <= FULL:
        raise InvalidArgumentError(f"A volume is between 0.0 and 1.0, not {level}.")
