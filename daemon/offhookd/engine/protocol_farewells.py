# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemon and engine say to each other so that calls of an engine that dies are ended by the
next one; see `protocol`."""

from .codec import Command, Event


class DialogMade(Event, kind="dialog-made"):
    """The dialog of a leg that was answered (RFC 3261, 12).  `local` and `remote` are name-addrs
    without their tags, `routes` the route set in order."""

    leg: int
    account: str
    call_id: str
    local: str
    local_tag: str
    remote: str
    remote_tag: str
    target: str
    routes: tuple[str, ...]


class EndDialog(Command, kind="end-dialog"):
    """Send a BYE in the dialog of an engine that is gone; the fields are those of `DialogMade`."""

    account: str
    call_id: str
    local: str
    local_tag: str
    remote: str
    remote_tag: str
    target: str
    routes: tuple[str, ...]
