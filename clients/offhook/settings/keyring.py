# SPDX-License-Identifier: GPL-2.0-or-later
"""Passwords of accounts in the desktop's keyring, where offhookd finds them."""

import contextlib
from collections.abc import Iterator
from typing import Any

from .errors import UnchangedError

ATTRIBUTE = "offhook-account"
INSTEAD = "use a password command, which names a program that prints it"


def store(account: str, password: str) -> None:
    """Keep the password, in place of one that is there; a locked keyring asks to be unlocked.
    UnchangedError when there is no keyring, or nobody unlocks it."""
    with _collection() as collection:
        if collection.is_locked() and collection.unlock():
            raise UnchangedError(f"The keyring stays locked. Unlock it, or {INSTEAD}")
        attributes = {ATTRIBUTE: account}
        collection.create_item(f"offhook {account}", attributes, password.encode(), replace=True)


def forget(account: str) -> None:
    """Delete the password, where there is one."""
    with contextlib.suppress(UnchangedError), _collection() as collection:
        for item in collection.search_items({ATTRIBUTE: account}):
            item.delete()


@contextlib.contextmanager
def _collection() -> Iterator[Any]:
    # Only here: 40 ms that no other command needs.
    import secretstorage  # noqa: PLC0415
    from jeepney import DBusErrorResponse  # noqa: PLC0415

    try:
        with contextlib.closing(secretstorage.dbus_init()) as connection:
            yield secretstorage.get_default_collection(connection)
    except (secretstorage.SecretStorageException, DBusErrorResponse, OSError) as error:
        said = str(error) or type(error).__name__
        raise UnchangedError(f"The keyring is not to be had ({said}): {INSTEAD}") from None
