# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps the machine from sleeping (systemd-logind, "Inhibitor Locks").

It blocks, for a thread; the lock is a file descriptor and ends when that is closed.
"""

import os

LOGIND = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"

WHAT = "sleep:idle"
"""Neither by itself nor when a lid is closed over a call with a headset."""
REPLY_LIMIT_S = 5.0
"""In a thread, and nobody waits for it: the lock may come late, but a call needs it."""


class NoLockError(Exception):
    """logind does not give one; the text says why."""


def inhibit(why: str) -> int:
    """The descriptor of a lock, which the caller closes; `why` is shown to people."""
    from jeepney import DBusAddress, MessageType, new_method_call  # noqa: PLC0415 - in calls only
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415 - as above

    manager = DBusAddress(PATH, LOGIND, MANAGER)
    message = new_method_call(manager, "Inhibit", "ssss", (WHAT, "offhook", why, "block"))
    try:
        with open_dbus_connection("SYSTEM", enable_fds=True, auth_timeout=REPLY_LIMIT_S) as bus:
            reply = bus.send_and_get_reply(message, timeout=REPLY_LIMIT_S)
    except (OSError, EOFError, ValueError, KeyError, RuntimeError) as error:
        raise NoLockError(str(error) or type(error).__name__) from None
    if reply.header.message_type is MessageType.error:
        raise NoLockError(" ".join(map(str, reply.body))[:200])
    return int(reply.body[0].to_raw_fd())


def release(lock: int) -> None:
    os.close(lock)
