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

    @property
    def kind(self) -> str:
        """The last word of the name, such as "NotRegistered" or "Ambiguous"."""
        return self.name.rpartition(".")[2]


class NoDaemonError(OffhookError):
    """There is no daemon to talk to, or it went away; `message` says which, `remedy` what helps."""

    remedy = "start it with: systemctl --user start offhookd"

    def __init__(self, message: str) -> None:
        super().__init__("org.freedesktop.DBus.Error.ServiceUnknown", message)


class NoBusError(NoDaemonError):
    """There is not even a session bus to look for the daemon on."""

    remedy = "log in to a desktop session, or start a bus with dbus-run-session"
