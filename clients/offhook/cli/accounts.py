# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook accounts``."""

import argparse
import time

from offhook.account import Account
from offhook.aio import Phone

from .forward import forwards
from .output import USEC, Table, print_json, print_table
from .session import find_account, with_phone


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        match options.act:
            case "list" if options.json:
                print_json({account.path: account.interfaces for account in phone.accounts})
            case "list":
                print_accounts(phone)
            case "register":
                await find_account(phone, options.id).register()
            case "enable" | "disable":
                await find_account(phone, options.id).enable(options.act == "enable")
            case "default":
                await phone.set_default_account(find_account(phone, options.id))
        return 0

    return with_phone(act)


def print_accounts(phone: Phone) -> None:
    """A line for each; the one that dials by default has a star."""
    if not phone.accounts:
        print("No account is configured: offhook account add makes one")
    print_table(*account_table(phone))


def account_table(phone: Phone) -> Table:
    return (
        ("", "ACCOUNT", "STATE", "ADDRESS", ""),
        [
            (
                "*" if account.path == phone.default_account else "",
                account.id,
                account.state,
                account.uri,
                _detail(account),
            )
            for account in phone.accounts
        ],
    )


def _detail(account: Account) -> str:
    """Why it is as it is, and when that may change."""
    status = f"{account.state_code or ''} {account.state_text}".strip()
    facts = [account.transport, account.state_reason, status]
    if account.state == "failed" and account.next_attempt:
        wait_s = max(0, account.next_attempt // USEC - int(time.time()))
        facts.append(f"next attempt in {wait_s} s")
    if account.do_not_disturb:
        facts.append("do not disturb")
    facts += [f"forwarded {when}: {to}" for when, to in forwards(account).items()]
    return ", ".join(filter(None, facts))
