# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemon and engine say to each other about text messages and voice mail; see `protocol`."""

from dataclasses import dataclass, field

from .codec import LINES, Command, Event, message


@message("send-message")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(Command):
    """Send one MESSAGE (RFC 3428); `text` may have line breaks.  Replied when the far end has
    answered; `code` is then its status, and `error` begins with it."""

    account: str
    target: str
    text: str


@message("message-received")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """A MESSAGE that said something; copies of one request have the same `sip_id`."""

    account: str
    sip_id: str
    peer_uri: str
    peer_name: str
    text: str = field(metadata=LINES)


@message("mailbox-told")
@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxTold(Event):
    """A server of the account describes its voice mail box (RFC 3842); `uri` is where it is
    called, or ""."""

    account: str
    waiting: bool
    new: int
    old: int
    uri: str
