# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook account add, remove``: the configuration, the password and the registration at once."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from offhook.account import Account
from offhook.aio import Phone
from offhook.errors import NoDaemonError
from offhook.settings import accounts, file, keyring

from .output import clean
from .refusal import RefusedError
from .session import with_phone

TRANSPORTS = ("udp", "tcp", "tls")
DEFAULT_NAME = "work"
NO_REGISTRAR = "none"

REGISTRATION_LIMIT_S = 40.0
"""RFC 3261, 17.1.2.2: a registrar that does not answer is given up after 32 s."""

OFFLINE_LIMIT_S = 20.0
"""A change of hosts renews the engine, and the account is offline for the second that takes, or
longer where much else goes on."""

APPEARANCE_LIMIT_S = 10.0
"""The account is there when the reload is over, or it never comes."""


def run(options: argparse.Namespace) -> int:
    return _remove(options.id) if options.act == "remove" else _add(options)


def _add(options: argparse.Namespace) -> int:
    name = options.id or _asked("Name of the account", DEFAULT_NAME)
    keys = _keys(options)
    path = file.user_file()
    with file.draft(path, lambda text: accounts.with_account(text, name, keys)) as take:
        if password := _password(options, keys):
            keyring.store(name, password)
        take()
    print(f"{name} is in {path}")
    return _applied(lambda phone: _registered(phone, name))


def _keys(options: argparse.Namespace) -> dict[str, str]:
    """Of the account in the configuration; what is not given is asked for."""
    uri = options.uri or _asked("Address (sip:user@server)")
    if not uri.startswith(("sip:", "sips:")):
        uri = f"sip:{uri}"
    transport = options.transport
    if not transport:
        usual = "tls" if uri.startswith("sips:") else TRANSPORTS[0]
        transport = usual if options.uri else _asked("Transport: udp, tcp or tls", usual)
    return {
        "uri": uri,
        "transport": transport,
        **{
            key: value
            for key in ("display_name", "username", "registrar", "proxy", "password_command")
            if (value := getattr(options, key))
        },
    }


def _password(options: argparse.Namespace, keys: Mapping[str, str]) -> str:
    """What the keyring is to hold; "" for nothing."""
    if "password_command" in keys or keys.get("registrar") == NO_REGISTRAR:
        return ""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    _must_be_terminal("--password-stdin or --password-command")
    try:
        return getpass.getpass("Password: ")
    except EOFError:
        raise RefusedError("Nothing was added") from None


def _asked(question: str, usual: str = "") -> str:
    _must_be_terminal("the account's name and --uri")
    hint = f" [{usual}]" if usual else ""
    try:
        answer = input(f"{question}{hint}: ").strip() or usual
    except EOFError:
        answer = ""
    if not answer:
        raise RefusedError("Nothing was added")
    return answer


def _must_be_terminal(instead: str) -> None:
    if not sys.stdin.isatty():
        raise RefusedError(f"There is no terminal to ask at: give {instead}")


def _remove(name: str) -> int:
    path = file.user_file()
    file.change(path, lambda text: accounts.without_account(text, name))
    keyring.forget(name)
    print(f"{name} is no longer in {path}")
    return _applied(_nothing_more)


async def _nothing_more(_: Phone) -> int:
    return 0


# ------------------------------------------------------------ the phone


def _applied(follow: Callable[[Phone], Awaitable[int]]) -> int:
    """Reload, then see what becomes of it; without a daemon there is nothing to reload."""

    async def act(phone: Phone) -> int:
        await phone.reload()
        return await follow(phone)

    try:
        return with_phone(act)
    except NoDaemonError as error:
        raise NoDaemonError(f"It is used when offhookd runs. {error.message}") from None


async def _registered(phone: Phone, name: str) -> int:
    account = await _appeared(phone, name)
    if account is None:
        raise RefusedError(f"offhookd reads another configuration, without {name}")
    with suppress(TimeoutError):
        async with asyncio.timeout(REGISTRATION_LIMIT_S):
            await _settled(account)
    if account.state == "registered":
        print(f"{name} is registered as {clean(account.uri)}")
        return 0
    told = [text for _, path, text in phone.problems if path == account.path]
    status = account.state_text or account.state
    said = told[0] if told else f"Account {name} is not registered: {status}"
    raise RefusedError(f"{said.rstrip('.')}. {_remedy(account)}")


async def _settled(account: Account) -> None:
    await account.until(lambda: account.state in ("registered", "failed", "offline"))
    if account.state == "offline":
        async with asyncio.timeout(OFFLINE_LIMIT_S):
            await account.until(lambda: account.state in ("registered", "failed"))


async def _appeared(phone: Phone, name: str) -> Account | None:
    def found() -> Account | None:
        return next((one for one in phone.accounts if one.id == name), None)

    with suppress(TimeoutError):
        async with asyncio.timeout(APPEARANCE_LIMIT_S):
            await phone.until(found)
    return found()


def _remedy(account: Account) -> str:
    again = f"offhook account remove {account.id}"
    return f"It is tried again by itself; to begin anew: {again}"
