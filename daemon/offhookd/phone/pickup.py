# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking over a call that rings at somebody else's telephone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import InvalidStateError
from .presence import DialogState
from .watch import Watch

EXTENSION = "{extension}"
"""Stands for the watched extension in a feature code, as in "*8{extension}"."""


@dataclass(frozen=True, slots=True)
class Pickup:
    """The call that takes it over.  `target`: as a person would enter it."""

    target: str
    headers: Mapping[str, str] = field(default_factory=dict)


def plan(watch: Watch, code: str) -> Pickup:
    """How to take over what rings at `watch`: by the exchange's feature `code`, or where there is
    none by replacing the caller's dialog (RFC 3891).

    Raises `InvalidStateError` when nothing rings there.
    """
    name = watch.label or watch.uri
    if watch.dialog not in (DialogState.RINGING, DialogState.UNKNOWN):
        raise InvalidStateError(f"Nothing rings at {name}")
    if code:
        extension = watch.uri.partition(":")[2].partition("@")[0].partition(";")[0]
        return Pickup(code.replace(EXTENSION, extension))
    ringing = watch.dialogs.ringing
    if ringing is None:
        raise InvalidStateError(f"Nothing is known to ring at {name}")
    target = ringing.remote_target or ringing.remote_uri
    if not (ringing.call_id and target):
        raise InvalidStateError(
            f"The exchange does not say which call rings at {name}; configure its feature code as"
            " presence.pickup"
        )
    # The tags are as the caller's telephone sees them, so the watched one's is the far one.
    tags = (("to-tag", ringing.remote_tag), ("from-tag", ringing.local_tag))
    known = "".join(f";{key}={tag}" for key, tag in tags if tag)
    replaces = f"{ringing.call_id}{known};early-only"
    # In brackets, what the exchange says is an address and never one of the user's speed dials.
    return Pickup(f"<{target}>", {"Replaces": replaces})
