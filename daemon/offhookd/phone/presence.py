# SPDX-License-Identifier: GPL-2.0-or-later
"""The words for what a colleague does, and what presence documents mean in them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .availability import Portrait
from .values import AccountId


class PresenceState(StrEnum):
    UNKNOWN = "unknown"
    AVAILABLE = "available"
    BUSY = "busy"
    AWAY = "away"
    DND = "dnd"
    OFFLINE = "offline"


class DialogState(StrEnum):
    """What somebody's telephone does (RFC 4235)."""

    UNKNOWN = "unknown"
    IDLE = "idle"
    RINGING = "ringing"
    CONFIRMED = "confirmed"
    HELD = "held"


class SubscriptionState(StrEnum):
    """`PENDING` also while it is asked for; `TERMINATED` and `FAILED` say that nothing is heard
    now: the other side ended it, or it could not be had."""

    PENDING = "pending"
    ACTIVE = "active"
    TERMINATED = "terminated"
    FAILED = "failed"


class Package(StrEnum):
    """What is subscribed to: a person's presence (RFC 3856), a telephone's dialogs (RFC 4235), a
    voice mail box (RFC 3842)."""

    PRESENCE = "presence"
    DIALOG = "dialog"
    SUMMARY = "message-summary"


WATCHED = (Package.PRESENCE, Package.DIALOG)
"""What is asked about colleagues."""


class PresenceEngine(ABC):
    """The engine as presence needs it; outcomes arrive as events."""

    @abstractmethod
    def subscribe(
        self, number: int, account: AccountId, target: str, package: Package, expires_s: int
    ) -> None: ...

    @abstractmethod
    def unsubscribe(self, number: int) -> None: ...

    @abstractmethod
    def publish(
        self, account: AccountId, portrait: Portrait | None, expires_s: int, etag: str
    ) -> None:
        """`portrait` None refreshes what `etag` names; `expires_s` 0 withdraws it."""

    @abstractmethod
    def serve(self, account: AccountId, portrait: Portrait | None) -> None:
        """Show this to whoever subscribes to the account directly; None refuses them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one SUBSCRIBE or PUBLISH.  `code` 0 when nobody answered, then `text` says why."""

    code: int
    text: str
    expires_s: int = 0
    retry_after_s: int = 0
    min_expires_s: int = 0
    etag: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.code < 300  # noqa: PLR2004 - RFC 3261 class of success

    @property
    def sentence(self) -> str:
        return f"{self.code} {self.text}".strip() if self.code else self.text


@dataclass(frozen=True, slots=True)
class Seen:
    """What a document says of somebody; `dialog` UNKNOWN when it says nothing of telephones."""

    state: PresenceState = PresenceState.UNKNOWN
    note: str = ""
    dialog: DialogState = DialogState.UNKNOWN


_DND = frozenset({"dnd", "do-not-disturb", "do not disturb", "donotdisturb"})
_ON_THE_PHONE = "on-the-phone"
_BUSY = frozenset(
    {_ON_THE_PHONE, "busy", "meeting", "appointment", "in-transit", "performance", "presentation"}
    | {"tv", "working", "steering"}
)
_AWAY = frozenset(
    {"away", "meal", "breakfast", "dinner", "lunch", "sleeping", "vacation", "holiday", "travel"}
    | {"permanent-absence", "shopping", "spectator", "worship", "looking-for-work", "playing"}
    | {"idle", "be right back", "brb"}
)

# Asterisk sends the state of an extension as a note beside "open" (res_pjsip_pidf_*).
_HINTS: Mapping[str, Seen] = {
    "ready": Seen(PresenceState.AVAILABLE, "", DialogState.IDLE),
    "on the phone": Seen(PresenceState.BUSY, "", DialogState.CONFIRMED),
    "ringing": Seen(PresenceState.BUSY, "", DialogState.RINGING),
    "on hold": Seen(PresenceState.BUSY, "", DialogState.HELD),
    "not online": Seen(PresenceState.OFFLINE, "", DialogState.IDLE),
    "unavailable": Seen(PresenceState.OFFLINE, "", DialogState.IDLE),
}


def read_presence(basic: str, activities: tuple[str, ...], note: str) -> Seen:
    """What a presence document says, in RPID's words (RFC 4480) or Asterisk's."""
    hint = _HINTS.get(note.strip().lower())
    if hint:
        return Seen(hint.state, note, hint.dialog)
    if basic == "closed":
        return Seen(PresenceState.OFFLINE, note)
    words = set(activities)
    if words & _DND or (words & _BUSY and note.strip().lower() in _DND):
        return Seen(PresenceState.DND, note)
    if words & _BUSY:
        dialog = DialogState.CONFIRMED if _ON_THE_PHONE in words else DialogState.UNKNOWN
        return Seen(PresenceState.BUSY, note, dialog)
    if words & _AWAY:
        return Seen(PresenceState.AWAY, note)
    return Seen(PresenceState.AVAILABLE if basic == "open" else PresenceState.UNKNOWN, note)
