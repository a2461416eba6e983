# SPDX-License-Identifier: GPL-2.0-or-later
"""What others are to see of the user: the user's own word, else what the phone notices."""

from collections.abc import Callable
from dataclasses import dataclass

from .choices import Availability
from .errors import InvalidArgumentError
from .events import Signal

LONGEST_NOTE = 256
"""Characters; telephones show a few words."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is published: `basic` is "open" or "closed" (RFC 3863), `activities` are RPID's
    (RFC 4480), and "dnd", for which RPID has no word."""

    basic: str
    activities: tuple[str, ...] = ()
    note: str = ""


_CHOSEN = {
    Availability.BUSY: Portrait("open", ("busy",)),
    Availability.AWAY: Portrait("open", ("away",)),
    Availability.DND: Portrait("open", ("busy", "dnd")),
    Availability.OFFLINE: Portrait("closed"),
}
_ON_THE_PHONE = Portrait("open", ("on-the-phone",))
_IDLE = Portrait("open", ("away",))
_AVAILABLE = Portrait("open")


class OwnAvailability:
    """`keep` stores the user's choice and note; `changed` fires when anything here did.

    "available" leaves it to the phone to say more: on the phone in a call, away while nobody
    touches the desktop.  Any other choice stands as it is.
    """

    def __init__(
        self, chosen: Availability, note: str, keep: Callable[[Availability, str], None]
    ) -> None:
        self.chosen = chosen
        self.note = note
        self.changed: Signal[[]] = Signal()
        self._keep = keep
        self._in_call = False
        self._idle = False

    @property
    def portrait(self) -> Portrait:
        """What others see now."""
        seen = _CHOSEN.get(self.chosen) or self._noticed()
        return Portrait(seen.basic, seen.activities, self.note)

    def choose(self, name: str) -> None:
        """Raises `InvalidArgumentError` for what is no availability."""
        if name not in set(Availability):
            known = ", ".join(Availability)
            raise InvalidArgumentError(f"Availability is one of {known}, not {name[:40]!r}")
        self._use(Availability(name), self.note)

    def set_note(self, note: str) -> None:
        """One line that is published with it; "" for none."""
        if len(note) > LONGEST_NOTE or not note.isprintable():
            raise InvalidArgumentError(f"The note is one line of {LONGEST_NOTE} characters at most")
        self._use(self.chosen, note)

    def in_call(self, in_call: bool) -> None:
        """Whether a call is up."""
        if in_call != self._in_call:
            self._in_call = in_call
            self.changed()

    def idle(self, idle: bool) -> None:
        """Whether the desktop says that nobody uses it."""
        if idle != self._idle:
            self._idle = idle
            self.changed()

    def _noticed(self) -> Portrait:
        # Whoever talks is there, whatever the mouse does.
        if self._in_call:
            return _ON_THE_PHONE
        return _IDLE if self._idle else _AVAILABLE

    def _use(self, chosen: Availability, note: str) -> None:
        if (chosen, note) != (self.chosen, self.note):
            self.chosen, self.note = chosen, note
            self._keep(chosen, note)
            self.changed()
