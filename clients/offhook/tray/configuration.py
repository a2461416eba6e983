# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration behind the settings: read, changed, and used by the phone at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from offhook.aio import Phone
from offhook.errors import NoDaemonError
from offhook.settings import accounts, file, keyring
from offhook.settings.errors import UnchangedError
from offhook.settings.text import with_value, without
from offhook.settings.tree import Plain, Value, at

from .words import tr

ELSEWHERE = ("password_command", "password_file", "password")
"""Keys of an account that has its password not in the keyring."""


class Configuration:
    """`told` is called when there is something else in the file than before."""

    def __init__(self, phone: Phone, told: Callable[[], None]) -> None:
        self.path = file.user_file()
        self._phone = phone
        self._told = told
        self._tree: Mapping[str, Plain] = {}
        self._mistakes: tuple[file.Mistake, ...] = ()
        self._changing = asyncio.Lock()

    def value(self, path: Sequence[str]) -> Plain:
        """What is written, in the user's file or in the system's; None for nothing."""
        return at(self._tree, path)

    @property
    def accounts(self) -> list[str]:
        """The names of those that are configured."""
        found = self._tree.get(accounts.SECTION)
        return list(found) if isinstance(found, dict) else []

    @property
    def mistakes(self) -> Sequence[file.Mistake]:
        """What the daemon would not take."""
        return self._mistakes

    async def read(self) -> None:
        """Look at the file again; somebody may have edited it."""
        found = await asyncio.to_thread(file.look, self.path)
        if found != (self._tree, self._mistakes):
            self._tree, self._mistakes = found
            self._told()

    async def begin(self) -> None:
        """Let there be a file, which only its user can read."""
        if not self.path.exists():
            await asyncio.to_thread(file.change, self.path, lambda text: text)

    async def set(self, path: Sequence[str], value: Value | None) -> None:
        """Write a key, or with None take it out; UnchangedError when that was not done."""
        if value is None:
            await self._change(partial(without, path=path))
        else:
            await self._change(partial(with_value, path=path, value=value))

    async def add_account(self, name: str, keys: Mapping[str, str], password: str) -> None:
        """Write it, with the password in the keyring."""
        await self._change(
            partial(accounts.with_account, name=name, keys=keys),
            partial(keyring.store, name, password) if password else None,
        )

    async def remove_account(self, name: str) -> None:
        """Take it out, and its password from the keyring."""
        await self._change(partial(accounts.without_account, name=name))
        await asyncio.to_thread(keyring.forget, name)

    async def keep_password(self, name: str, password: str) -> None:
        """Keep it in the keyring, and register with it; UnchangedError when the configuration says
        that the password is elsewhere."""
        for key in ELSEWHERE:
            if self.value((accounts.SECTION, name, key)):
                raise UnchangedError(tr("{} takes its password from {}").format(name, key))
        await asyncio.to_thread(keyring.store, name, password)
        for account in self._phone.accounts:
            if account.id == name:
                await account.register()

    async def _change(
        self, edit: Callable[[str], str], between: Callable[[], None] | None = None
    ) -> None:
        async with self._changing:
            await asyncio.to_thread(_write, self.path, edit, between)
            await self.read()
            if self._phone.present:
                await self._reload()

    async def _reload(self) -> None:
        try:
            await self._phone.reload()
        except NoDaemonError:
            return  # it reads the file when it comes back


def _write(path: Path, edit: Callable[[str], str], between: Callable[[], None] | None) -> None:
    """`between` is done when the draft is found in order, and may still refuse."""
    with file.draft(path, edit) as take:
        if between:
            between()
        take()
