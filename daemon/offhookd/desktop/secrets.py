# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an account's password comes from: the configuration, a file, a program or the keyring.

A password goes to the engine and nowhere else: no sentence made here contains one.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offhookd.config import files
from offhookd.config.problems import shown
from offhookd.desktop import keyring, program
from offhookd.phone.errors import PhoneError

if TYPE_CHECKING:
    from offhookd.config.schema import AccountConfig, BookConfig, DeskPhoneConfig, TurnConfig
    from offhookd.phone.values import AccountId

# Long enough to type a passphrase into the window that the program may open.
COMMAND_SECONDS = 15.0

# A keyring that has to be started first takes one or two seconds at login.
KEYRING_SECONDS = 10.0

# Of the password's line, and of what is kept of a program's output.
MAX_SECRET_BYTES = 1024

# A password file may have notes below the first line.
MAX_FILE_BYTES = 65_536


class SecretError(PhoneError):
    """The password cannot be had; the message says why, where, and what to do."""


async def password_for(
    account: "AccountConfig",
    *,
    command_seconds: float = COMMAND_SECONDS,
    keyring_seconds: float = KEYRING_SECONDS,
) -> str:
    """The password of `account`, asked for anew at each call; "" for an account of direct calls
    that names none.  `SecretError` if it cannot be had.  Never blocks the loop."""
    key = f"accounts.{account.id}"
    configured = await _configured(account, key, command_seconds)
    if configured is not None or not account.registrar:
        return configured or ""
    item = keyring.Item("offhook-account", account.id)
    return _password(await _kept(item, key, keyring_seconds), f"{key}: the keyring")


async def book_password_for(book: "BookConfig") -> str:
    """The same for an address book; "" for one without a user."""
    key = f"directory.sources.{book.id}"
    configured = await _configured(book, key, COMMAND_SECONDS)
    if configured is not None or not book.username:
        return configured or ""
    item = keyring.Item("offhook-directory", book.id)
    return _password(await _kept(item, key, KEYRING_SECONDS), f"{key}: the keyring")


async def desk_password_for(phone: "DeskPhoneConfig") -> str:
    """The same for the exchange that serves a desk phone."""
    key = f"desk_phones.{phone.id}"
    configured = await _configured(phone, key, COMMAND_SECONDS)
    if configured is not None:
        return configured
    item = keyring.Item("offhook-desk-phone", phone.id)
    return _password(await _kept(item, key, KEYRING_SECONDS), f"{key}: the keyring")


async def turn_password_for(account: "AccountId", turn: "TurnConfig") -> str:
    """The same for the TURN server of an account."""
    key = f"accounts.{account}.turn"
    configured = await _configured(turn, key, COMMAND_SECONDS)
    if configured is not None:
        return configured
    item = keyring.Item("offhook-turn", account)
    return _password(await _kept(item, key, KEYRING_SECONDS), f"{key}: the keyring")


async def _configured(
    holder: "AccountConfig | BookConfig | DeskPhoneConfig | TurnConfig",
    key: str,
    command_seconds: float,
) -> str | None:
    """From the key that the configuration has for it; None when it has none."""
    if holder.password is not None:
        return holder.password.reveal()
    if holder.password_file is not None:
        line = await asyncio.to_thread(_first_line_of, holder.password_file, key)
        return _password(line, f"{key}.password_file: {holder.password_file}")
    if holder.password_command:
        line = await _printed_by(holder.password_command, key, command_seconds)
        return _password(line, f"{key}.password_command: {holder.password_command[0]}")
    return None


def _password(line: bytes, where: str) -> str:
    """`line` as a password, if a keyboard could have written it."""
    if len(line) > MAX_SECRET_BYTES:
        raise SecretError(f"{where} gives a first line of more than {MAX_SECRET_BYTES} bytes")
    try:
        text = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise SecretError(f"{where} gives a password that is not UTF-8 text") from None
    if not text:
        raise SecretError(f"{where} gives an empty password; its first line must be the password")
    if not text.isprintable():
        raise SecretError(f"{where} gives a password with control characters in it")
    return text


def _first_line_of(path: Path, key: str) -> bytes:
    """Checked again here: the file may have changed since the configuration was read."""
    where = f"{key}.password_file: {path}"
    try:
        file = files.read(path, MAX_FILE_BYTES)
    except files.UnreadableError as error:
        raise SecretError(f"{where} {error}") from None
    if exposed := files.exposure(file.mode):
        raise SecretError(f"{where}: {exposed}")
    return file.text.partition("\n")[0].encode()


async def _printed_by(command: Sequence[str], key: str, seconds: float) -> bytes:
    """First line of the program's output.  Its arguments may be secret and are not shown."""
    where = f"{key}.password_command: {command[0]}"
    try:
        answer = await program.answer(command, seconds, MAX_SECRET_BYTES)
    except TimeoutError:
        raise SecretError(f"{where} took longer than {seconds:g} s and was ended") from None
    except OSError as error:
        raise SecretError(f"{where} cannot be started: {error.strerror}") from None
    if answer.status != 0:
        said = shown(answer.complaint.decode(errors="replace"), 200) or "nothing on standard error"
        raise SecretError(f"{where} failed with status {answer.status}: {said}")
    return answer.line


async def _kept(item: keyring.Item, key: str, seconds: float) -> bytes:
    """From the Secret Service."""
    try:
        answer = await program.answer(keyring.search(item), seconds, 2 * MAX_SECRET_BYTES + 2)
    except TimeoutError:
        raise SecretError(
            f"{key}: the keyring did not answer within {seconds:g} s; "
            "see whether it waits for you to unlock it, then reload"
        ) from None
    except OSError as error:
        raise SecretError(f"{key}: the keyring cannot be asked: {error.strerror}") from None
    if answer.status == keyring.NOT_FOUND:
        raise SecretError(f"{key}: {shown(answer.complaint.decode(errors='replace'), 400)}")
    if answer.status != 0:
        raise SecretError(f"{key}: the search of the keyring ended with status {answer.status}")
    return bytes.fromhex(answer.line[: 2 * MAX_SECRET_BYTES + 2].decode())
