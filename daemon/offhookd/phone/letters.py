# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages (RFC 3428) as the phone remembers them, and what it needs to send and keep them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from .ports import Done
from .values import AccountId, Direction

MessageId = NewType("MessageId", int)
"""Row of the message in the store; never used again for another one."""


class MessageStatus(StrEnum):
    """`ACCEPTED`: the far end, or a server that keeps messages for it, has taken it (2xx)."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message without its place in the store.

    `sip_id` is the same in every copy of one request (RFC 3261 section 8.2.2.2), "" for those
    sent here.
    """

    account: AccountId
    direction: Direction
    peer_uri: str
    peer_name: str
    text: str
    sip_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message that is kept.  `reason` says why it failed, "" otherwise."""

    id: MessageId
    account: AccountId
    direction: Direction
    peer_uri: str
    peer_name: str
    text: str
    at_us: int
    status: MessageStatus
    reason: str
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which rows are wanted; None and "" leave a criterion out.

    `since_us` is included, `until_us` is not.  `peer` is a whole URI, or a number or user name,
    which finds ``sip:PEER@anywhere`` and ``tel:PEER``.  `text` is any part of the text, the name
    or the URI, whatever its case.
    """

    since_us: int | None = None
    until_us: int | None = None
    account: str = ""
    direction: Direction | None = None
    unread: bool | None = None
    peer: str = ""
    text: str = ""


class MessageStore(ABC):
    """Every message, newest first; nothing here fails because of the disc."""

    @abstractmethod
    def add(self, letter: Letter, at_us: int) -> MessageId | None:
        """Keep it, as pending or as received and unread; None when it is kept already."""

    @abstractmethod
    def settle(self, message: MessageId, status: MessageStatus, reason: str) -> None:
        """What came of a message that was sent."""

    @abstractmethod
    def get(self, message: int) -> MessageRow:
        """Raises `NotFoundError`."""

    @abstractmethod
    def query(
        self, wanted: MessageFilter, cursor: str, limit: int
    ) -> tuple[Sequence[MessageRow], str]:
        """A page, newest first, and the cursor of the next one, "" after the last."""

    @abstractmethod
    def unread(self) -> int: ...

    @abstractmethod
    def mark_read(self, up_to_id: int) -> None: ...

    @abstractmethod
    def fail_orphans(self, reason: str) -> None:
        """Messages that a daemon sent whose end was quicker than the answer."""


class MessageEngine(ABC):
    """The engine as the messages see it."""

    @abstractmethod
    def send_message(self, account: AccountId, target: str, text: str, done: Done) -> None:
        """Done when the far end has accepted the message or refused it."""
