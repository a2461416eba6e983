# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemon and engine say to each other about text messages and voice mail, and what servers ask
of the phone; see `protocol`."""

from typing import Annotated

from .codec import LINES, Command, Event


class SendMessage(Command, kind="send-message"):
    """Send one MESSAGE (RFC 3428); `text` may have line breaks.  Replied when the far end has
    answered; `code` is then its status, and `error` begins with it."""

    account: str
    target: str
    text: str


class MessageReceived(Event, kind="message-received"):
    """A MESSAGE that said something; copies of one request have the same `sip_id`."""

    account: str
    sip_id: str
    peer_uri: str
    peer_name: str
    text: Annotated[str, LINES]


class RemotePress(Event, kind="remote-press"):
    """A server presses a key, which the account allows: "talk" or "hold"; `leg` 0 names none."""

    account: str
    leg: int
    key: str


class MailboxTold(Event, kind="mailbox-told"):
    """A server of the account describes its voice mail box (RFC 3842); `uri` is where it is
    called, or ""."""

    account: str
    waiting: bool
    new: int
    old: int
    uri: str
