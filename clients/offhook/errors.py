# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client can meet instead of an answer."""


class OffhookError(Exception):
    """An operation was not done.

    `name` is the D-Bus error (``org.offhook.Phone1.Error.Ambiguous``), `message` one sentence for
    a person.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


class NoDaemonError(OffhookError):
    """There is no daemon to talk to, or it went away; `message` says which."""

    def __init__(self, message: str) -> None:
        super().__init__("org.freedesktop.DBus.Error.ServiceUnknown", message)
