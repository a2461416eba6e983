# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook dnd, forward``: how calls are taken while nobody wants to be called."""

import argparse

from offhook.account import ACCOUNT, FORWARDS, Account
from offhook.aio import MANAGER, Phone

from .output import clean, only, print_json, print_table
from .refusal import RefusedError
from .session import find_account, with_phone

DND = "dnd"
OFF = "off"


def run(options: argparse.Namespace) -> int:
    async def act(phone: Phone) -> int:
        if options.command == "dnd":
            await _dnd(phone, options)
        else:
            await _forward(phone, options)
        return 0

    return with_phone(act)


async def _dnd(phone: Phone, options: argparse.Namespace) -> None:
    wanted = options.switch == "on"
    if not options.switch:
        _show_dnd(phone, options)
    elif options.account:
        await find_account(phone, options.account).set_do_not_disturb(wanted)
    elif wanted or phone.availability == DND:  # whoever is away stays so
        await phone.set_availability(DND if wanted else "available")


def _show_dnd(phone: Phone, options: argparse.Namespace) -> None:
    if options.json:
        of_phone = {phone.path: only(phone.interfaces[MANAGER], "Availability")}
        print_json(of_phone | _of_accounts(phone, "DoNotDisturb"))
        return
    print(f"Do not disturb: {'on' if phone.availability == DND else OFF}")
    for account in phone.accounts:
        if account.do_not_disturb:
            print(f"Do not disturb for {clean(account.id)}: on")


def _of_accounts(phone: Phone, *names: str) -> dict[str, object]:
    """These properties of each, for JSON."""
    return {one.path: only(one.interfaces[ACCOUNT], *names) for one in phone.accounts}


async def _forward(phone: Phone, options: argparse.Namespace) -> None:
    if not options.when:
        _show_forwards(phone, options)
        return
    if not options.target:
        raise RefusedError(f"Where to? Write offhook forward {options.when} NUMBER, or {OFF}")
    target = "" if options.target == OFF else options.target
    account = _account(phone, options.account)
    if options.seconds is not None:
        await account.forward_after(options.seconds)
    await account.forward(options.when, target)


def _account(phone: Phone, name: str) -> Account:
    """The named account, else the one that calls go out on."""
    if name:
        return find_account(phone, name)
    for account in phone.accounts:
        if account.path == phone.default_account:
            return account
    raise RefusedError("There is no account whose calls could be forwarded")


def _show_forwards(phone: Phone, options: argparse.Namespace) -> None:
    if options.json:
        print_json(_of_accounts(phone, *FORWARDS.values(), "ForwardNoAnswerSeconds"))
        return
    rows = [
        (account.id, when, to)
        for account in phone.accounts
        for when, to in forwards(account).items()
    ]
    if not rows:
        print("Nothing is forwarded")
    print_table(("ACCOUNT", "WHEN", "TO"), rows)


def forwards(account: Account) -> dict[str, str]:
    """Where its calls are sent, by the occasion; those that are off are left out."""
    targets = {
        "always": account.forward_always,
        "busy": account.forward_busy,
        f"no-answer ({account.forward_no_answer_seconds} s)": account.forward_no_answer,
    }
    return {when: target for when, target in targets.items() if target}
