# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows for a history under test."""

from offhookd.phone.values import AccountId, CallId, Direction
from offhookd.store.history import History


def begin(
    history: History, account: AccountId, direction: Direction, uri: str, name: str, at_us: int
) -> CallId:
    """A stored call, and its identity."""
    call = history.reserve()
    history.begin(call, account, direction, uri, name, at_us)
    return call
