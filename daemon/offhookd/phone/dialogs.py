# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of a watched telephone, put together from documents that tell all or only changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .presence import DialogState

MOST_DIALOGS = 64
"""Of one telephone; a switchboard shows a few."""

TRYING, PROCEEDING, EARLY, CONFIRMED, TERMINATED = (
    "trying",
    "proceeding",
    "early",
    "confirmed",
    "terminated",
)
RECIPIENT = "recipient"
INITIATOR = "initiator"


class ShownState(StrEnum):
    """One call of a telephone, in words for people."""

    DIALING = "dialing"
    RINGING = "ringing"
    CONFIRMED = "confirmed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class RemoteDialog:
    """One dialog (RFC 4235 section 4.1).  Tags are as the watched telephone sees them."""

    state: str
    direction: str = ""
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    remote_uri: str = ""
    remote_target: str = ""
    remote_name: str = ""
    held: bool = False

    @property
    def rings(self) -> bool:
        """Whether somebody calls there.  Who does not say which way a call goes means this."""
        return self.state == EARLY and self.direction in ("", RECIPIENT)

    @property
    def talks(self) -> bool:
        """Whether its user is in the call, or waits in it for the far end."""
        return self.state == CONFIRMED or (self.direction == INITIATOR and self.state != TERMINATED)

    @property
    def shown(self) -> ShownState:
        if self.state == CONFIRMED:
            return ShownState.HELD if self.held else ShownState.CONFIRMED
        return ShownState.DIALING if self.direction == INITIATOR else ShownState.RINGING

    def after(self, before: "RemoteDialog | None") -> "RemoteDialog":
        """With the far end that was told `before`: many tell it only while a telephone rings."""
        if before is None or self.state != CONFIRMED or self.remote_uri:
            return self
        return replace(
            self,
            direction=self.direction or before.direction,
            remote_uri=before.remote_uri,
            remote_name=before.remote_name,
        )


class DialogTable:
    """`version` is that of the last document taken in, -1 before the first."""

    def __init__(self) -> None:
        self.version = -1
        self._dialogs: dict[str, RemoteDialog] = {}

    def take(self, version: int, dialogs: Mapping[str, RemoteDialog], *, full: bool) -> bool:
        """Take in a document; False when one before it has been missed (RFC 4235, 4.3).

        Then a full one has to be asked for.  Changes that come twice are passed over; a full
        document is always good, as some servers do not count.
        """
        if not full and version <= self.version:
            return True
        missed = not full and version != self.version + 1
        self.version = version
        before = dict(self._dialogs)
        if full:
            self._dialogs.clear()
        for name, dialog in dialogs.items():
            if dialog.state == TERMINATED:
                self._dialogs.pop(name, None)
            elif name in self._dialogs or len(self._dialogs) < MOST_DIALOGS:
                self._dialogs[name] = dialog.after(before.get(name))
        return not missed

    def forget(self) -> None:
        """Another subscription counts anew."""
        self.version = -1
        self._dialogs.clear()

    @property
    def state(self) -> DialogState:
        """Of the telephone as a whole: what rings comes first, then who talks."""
        if self.version < 0:
            return DialogState.UNKNOWN
        if self.ringing:
            return DialogState.RINGING
        busy = [one for one in self._dialogs.values() if one.state != TERMINATED]
        if not busy:
            return DialogState.IDLE
        held = all(one.held for one in busy)
        return DialogState.HELD if held else DialogState.CONFIRMED

    def __iter__(self) -> Iterator[RemoteDialog]:
        """Those that are not over, the oldest first."""
        return iter(self._dialogs.values())

    @property
    def talking(self) -> bool:
        """Whether its user is in a call."""
        return any(one.talks for one in self)

    @property
    def ringing(self) -> RemoteDialog | None:
        """The call that rings there, the oldest of several."""
        return next((one for one in self._dialogs.values() if one.rings), None)
