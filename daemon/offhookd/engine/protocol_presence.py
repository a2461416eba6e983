# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemon and engine say to each other about presence; see `protocol`.

The daemon numbers its subscriptions upwards from 1, never twice in the life of an engine, and has
one request of each under way at most.  The engine keeps dialogs and answers NOTIFY; when to ask
again is decided by the daemon alone.
"""

from collections.abc import Mapping

from .codec import Command, Event


class Subscribe(Command, kind="subscribe"):
    """Send one SUBSCRIBE (RFC 6665), in the dialog of `subscription` when it has one.  `event`:
    "presence", "dialog" or "message-summary".  The outcome is a `SubscriptionAnswer`."""

    subscription: int
    account: str
    target: str
    event: str
    expires: int


class Unsubscribe(Command, kind="unsubscribe"):
    """End it; nothing more is heard of it.  One that is gone is no error."""

    subscription: int


class SetPublication(Command, kind="set-publication"):
    """Send one PUBLISH (RFC 3903); the outcome is a `PublicationAnswer`.  `etag` "" begins a
    publication; `expires` 0 ends it; `basic` "" (or `expires` 0) sends no document, which
    refreshes.  `activities`: RPID's names."""

    account: str
    basic: str
    activities: tuple[str, ...]
    note: str
    expires: int
    etag: str


class ServePresence(Command, kind="serve-presence"):
    """Tell this to whoever subscribes to the account; `basic` "" refuses them, as at first."""

    account: str
    basic: str
    activities: tuple[str, ...]
    note: str


class SubscriptionAnswer(Event, kind="subscription-answer"):
    """`code` 0 when nobody answered: `cause` then is "timeout" or "network".  `expires`: seconds
    granted; `retry_after`, `min_expires`: of the answer, or 0."""

    subscription: int
    code: int
    text: str
    expires: int
    retry_after: int
    min_expires: int
    cause: str


class Notified(Event, kind="notified"):
    """A NOTIFY's Subscription-State; what its document says has been sent just before it.
    `state`: "active", "pending", "terminated" or another.  `empty`: it had no document."""

    subscription: int
    state: str
    reason: str
    expires: int
    retry_after: int
    empty: bool


class PresenceTold(Event, kind="presence-told"):
    """`basic`: "open", "closed" or ""; `activities`: RPID's names and what others made of them."""

    subscription: int
    basic: str
    activities: tuple[str, ...]
    note: str


class DialogsTold(Event, kind="dialogs-told"):
    """`dialogs`: by their id: state, direction, Call-ID, local tag, remote tag, remote URI, remote
    target, remote name, and "held" or "".  Tags are as the watched phone sees them."""

    subscription: int
    version: int
    full: bool
    dialogs: Mapping[str, tuple[str, ...]]


class PublicationAnswer(Event, kind="publication-answer"):
    """As `SubscriptionAnswer`; `etag` names what is published now."""

    account: str
    code: int
    text: str
    etag: str
    expires: int
    retry_after: int
    min_expires: int
    cause: str
