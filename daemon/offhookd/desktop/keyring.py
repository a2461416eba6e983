# SPDX-License-Identifier: GPL-2.0-or-later
"""A password from the desktop's keyring (freedesktop.org Secret Service API).

Searched by a process of its own, ``python -m offhookd.desktop.keyring ATTRIBUTE NAME``: the library
takes 11 MB, waits for each answer, and can wait for ever.
"""

import contextlib
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

NOBODY = (
    "no password is configured and no keyring runs on the session bus; start one "
    "(GNOME Keyring, KWallet, KeePassXC) or use password_command or password_file"
)

NOT_FOUND = 3
"""Exit status; Python itself has 1 and 2."""


class KeyringError(Exception):
    """There is no password to be had from the keyring; one sentence with what to do."""


class Item(NamedTuple):
    """How a secret is found: by one attribute, "offhook-account", "offhook-directory",
    "offhook-desk-phone" or "offhook-turn"."""

    attribute: str
    name: str


def search(item: Item) -> Sequence[str]:
    """The program that looks for the secret: it prints it in hexadecimal digits, or ends with the
    status `NOT_FOUND` and a sentence on standard error."""
    return (sys.executable, "-I", "-m", __name__, *item)


def main(item: Item) -> int:
    try:
        sys.stdout.write(secret_of(item).hex())
    except KeyringError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_FOUND
    return 0


def secret_of(item: Item) -> bytes:
    """It never unlocks anything: a daemon that opens windows at login is a nuisance.

    May wait for ever for a keyring that does not answer.
    """
    import secretstorage  # noqa: PLC0415 - only in a process of its own: 11 MB for a password
    from jeepney import DBusErrorResponse  # noqa: PLC0415 - likewise

    try:
        return _find(secretstorage, item)
    except secretstorage.ItemNotFoundException:
        raise KeyringError(_absent(item)) from None
    except secretstorage.SecretServiceNotAvailableException:
        raise KeyringError(NOBODY) from None
    except (
        secretstorage.SecretStorageException,
        DBusErrorResponse,
        OSError,
        ValueError,
        AssertionError,  # how the library checks what the service answers
    ) as error:
        raise KeyringError(f"the keyring failed: {type(error).__name__}: {error}") from None


def _find(secretstorage: Any, item: Item) -> bytes:
    try:
        on_bus = secretstorage.dbus_init()
    except (secretstorage.SecretServiceNotAvailableException, RuntimeError, OSError):
        raise KeyringError(NOBODY) from None
    with contextlib.closing(on_bus) as connection:
        items = list(secretstorage.search_items(connection, dict([item])))
        for found in items:
            if not found.is_locked():
                return bytes(found.get_secret())
        # Some services show nothing of a locked keyring, not even that there is such an item.
        if items or secretstorage.get_any_collection(connection).is_locked():
            raise KeyringError("the keyring is locked; unlock it, then reload")
    raise KeyringError(_absent(item))


def _absent(item: Item) -> str:
    return (
        "the keyring has no password for it; store it with: "
        f"secret-tool store --label='offhook {item.name}' {item.attribute} {item.name}"
    )


if __name__ == "__main__":
    sys.exit(main(Item(*sys.argv[1:])))
