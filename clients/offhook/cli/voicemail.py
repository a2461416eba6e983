# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook voicemail``: call the mail box, or see what waits in it."""

import argparse

from offhook.account import ACCOUNT, Account
from offhook.aio import Phone

from .output import clean, only, print_json, print_table
from .refusal import RefusedError
from .session import find_account, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        if options.list or options.json:
            _list(phone, as_json=options.json)
            return 0
        account = find_account(phone, options.account) if options.account else mailbox(phone)
        if account is None or not account.voicemail_uri:
            raise RefusedError(
                "No address of a voice mail box is known: the server has not told one;"
                " set voicemail: in the account's configuration"
            )
        call = await phone.dial(account.voicemail_uri, account=account)
        print(f"{call.name}  {clean(call.peer_uri)}")
        return 0

    return with_phone(act)


def mailbox(phone: Phone) -> Account | None:
    """The account whose box is called when none is named: where something waits, else the default
    one, else any that has a box."""
    boxes = [account for account in phone.accounts if account.voicemail_uri]
    boxes.sort(
        key=lambda one: (one.messages_new == 0, one.path != phone.default_account),
    )
    return boxes[0] if boxes else None


def _list(phone: Phone, *, as_json: bool) -> None:
    if as_json:
        shown = ("MessagesNew", "MessagesOld", "VoicemailUri")
        print_json({one.path: only(one.interfaces[ACCOUNT], *shown) for one in phone.accounts})
        return
    print_table(
        ("ACCOUNT", "NEW", "OLD", "MAIL BOX"),
        [
            (one.id, str(one.messages_new), str(one.messages_old), one.voicemail_uri)
            for one in phone.accounts
        ],
    )
