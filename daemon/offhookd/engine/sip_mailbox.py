# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server says of an account's voice mail box, asked or unasked."""

from .message_summary import parse_summary
from .protocol import MailboxTold
from .sip_headers import clean

EVENT = "message-summary"
MIME = "application/simple-message-summary"


def mailbox_told(account: str, body: bytes) -> MailboxTold | None:
    """None when the body is no summary."""
    summary = parse_summary(body.decode("utf-8", "replace"))
    if summary is None:
        return None
    return MailboxTold(
        account=account,
        waiting=summary.waiting,
        new=summary.new,
        old=summary.old,
        uri=clean(summary.account),
    )
