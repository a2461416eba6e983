# SPDX-License-Identifier: GPL-2.0-or-later
"""Which endpoint is used, out of those a person prefers and those that are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offhookd.sound.endpoints import Endpoint, Inventory, Side

DEFAULT = "default"
"""In a preference list: the sound server's own choice, whatever that is at the moment."""

_NOUN = {Side.CAPTURE: "microphone", Side.PLAYBACK: "loudspeaker"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The outcome.

    `device` is for the engine: a name, or "" to follow the server's default.  `active` is the
    name in use, "" when there is none; `reason` then says in one sentence why.
    """

    device: str = ""
    active: str = ""
    reason: str = ""


def route(side: Side, preferences: Sequence[str], inventory: Inventory) -> Route:
    """The first preference that can be used; no preferences mean the default."""
    wishes = tuple(preferences) or (DEFAULT,)
    if inventory.problem:
        return Route(reason=inventory.problem)
    for wish in wishes:
        endpoint = inventory.find(side, _name(side, wish, inventory))
        if endpoint is not None and not _objection(wish, endpoint):
            return Route(device="" if wish == DEFAULT else wish, active=endpoint.name)
    why = "; ".join(_objections(side, wishes, inventory))
    return Route(
        reason=f"No {_NOUN[side]} can be used ({why}): plug one in, or choose one of"
        " `offhook audio`."
    )


def _name(side: Side, wish: str, inventory: Inventory) -> str:
    return inventory.default(side) if wish == DEFAULT else wish


def _objection(wish: str, endpoint: Endpoint | None) -> str:
    if endpoint is None:
        return "is not there"
    if not endpoint.available:
        return "is not plugged in"
    if endpoint.monitor and wish == DEFAULT:
        # Servers without a microphone fall back on this: the far end would hear the desktop.
        return "is no microphone but what a loudspeaker plays"
    return ""


def _objections(side: Side, wishes: Sequence[str], inventory: Inventory) -> Iterator[str]:
    for wish in wishes:
        name = _name(side, wish, inventory)
        label = f"the default {name}".rstrip() if wish == DEFAULT else name
        yield f"{label} {_objection(wish, inventory.find(side, name))}"
