# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of a watched telephone, put together from documents that tell all or only changes."""

from collections.abc import Mapping
from dataclasses import dataclass

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
        if full:
            self._dialogs.clear()
        for name, dialog in dialogs.items():
            if dialog.state == TERMINATED:
                self._dialogs.pop(name, None)
            elif name in self._dialogs or len(self._dialogs) < MOST_DIALOGS:
                self._dialogs[name] = dialog
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

    @property
    def ringing(self) -> RemoteDialog | None:
        """The call that rings there, the oldest of several."""
        return next((one for one in self._dialogs.values() if one.rings), None)
