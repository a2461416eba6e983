# SPDX-License-Identifier: GPL-2.0-or-later
"""A password from the desktop's keyring (freedesktop.org Secret Service API)."""

import contextlib
import socket
from typing import Any, NamedTuple

from offhookd.config.problems import shown

NOBODY = (
    "no password is configured and no keyring runs on the session bus; start one "
    "(GNOME Keyring, KWallet, KeePassXC) or use password_command or password_file"
)


class KeyringError(Exception):
    """There is no password to be had from the keyring; one sentence with what to do."""


class Item(NamedTuple):
    """How a secret is found: by one attribute, "offhook-account", "offhook-directory" or
    "offhook-desk-phone"."""

    attribute: str
    name: str


class Lookup:
    """One search, made by `run` in a thread and ended early by `abandon` from another.

    It never unlocks anything: a daemon that opens windows at login is a nuisance.
    """

    def __init__(self, item: Item) -> None:
        self._item = item
        self._socket: socket.socket | None = None
        self._abandoned = False

    def run(self) -> bytes:
        """The secret of the item."""
        # Only here: 38 ms and 8 MB, which users of the other ways need not pay.
        import secretstorage  # noqa: PLC0415
        from jeepney import DBusErrorResponse  # noqa: PLC0415

        try:
            return self._search(secretstorage)
        except secretstorage.ItemNotFoundException:
            raise KeyringError(self._absent()) from None
        except secretstorage.SecretServiceNotAvailableException:
            raise KeyringError(NOBODY) from None
        except (
            secretstorage.SecretStorageException,
            DBusErrorResponse,
            OSError,
            ValueError,
            AssertionError,  # how the library checks what the service answers
        ) as error:
            said = f"{type(error).__name__}: {error}"
            raise KeyringError(f"the keyring failed: {shown(said, 200)}") from None

    def abandon(self) -> None:
        """Make `run` return soon; harmless when it has."""
        self._abandoned = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _search(self, secretstorage: Any) -> bytes:
        # Not secretstorage.dbus_init(), which can wait for ever before it returns what would have
        # to be closed to end the waiting.
        from jeepney.bus import get_bus  # noqa: PLC0415 - for the same reason as above
        from jeepney.io.blocking import DBusConnection, prep_socket  # noqa: PLC0415

        try:
            self._socket = prep_socket(get_bus("SESSION"))
        except (KeyError, RuntimeError, OSError, ValueError):
            raise KeyringError(NOBODY) from None
        with self._socket:
            if self._abandoned:
                raise KeyringError("the search was given up")
            with contextlib.closing(DBusConnection(self._socket)) as connection:
                return self._find(secretstorage, connection)

    def _find(self, secretstorage: Any, connection: Any) -> bytes:
        items = list(secretstorage.search_items(connection, dict([self._item])))
        for item in items:
            if not item.is_locked():
                return bytes(item.get_secret())
        # Some services show nothing of a locked keyring, not even that there is such an item.
        if items or secretstorage.get_any_collection(connection).is_locked():
            raise KeyringError("the keyring is locked; unlock it, then reload")
        raise KeyringError(self._absent())

    def _absent(self) -> str:
        attribute, name = self._item
        return (
            "the keyring has no password for it; store it with: "
            f"secret-tool store --label='offhook {name}' {attribute} {name}"
        )
