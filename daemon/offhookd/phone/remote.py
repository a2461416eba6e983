# SPDX-License-Identifier: GPL-2.0-or-later
"""What the keys do that an exchange presses on this phone (NOTIFY talk and hold)."""

import logging
from functools import partial

from .call import Call
from .calls import Calls
from .errors import PhoneError
from .values import AccountId, CallId, CallState

logger = logging.getLogger(__name__)


def press(calls: Calls, account: AccountId, key: str, call_id: CallId) -> None:
    """Press `key` for a call, or with 0 for the one of the account that fits.

    "talk" answers the call that rings, else resumes the one on hold; "hold" holds.
    """
    named = [call for call in calls if call.id == call_id] if call_id else calls
    mine = [call for call in named if call.account == account and call.up]
    found = _to_talk(mine) if key == "talk" else _to_hold(mine)
    if found is None:
        logger.info("the server of %s pressed %s, and no call fits", account, key)
        return
    done = partial(_done, key, found)
    try:
        if key == "hold":
            calls.hold(found, True, done)
        elif found.asks:
            calls.answer(found, done)
        else:
            calls.hold(found, False, done)
    except PhoneError as error:
        done(error)


def _to_talk(calls: list[Call]) -> Call | None:
    ringing = [call for call in calls if call.asks]
    held = [call for call in calls if call.state is CallState.ACTIVE and call.local_hold]
    return next(iter(ringing + held), None)


def _to_hold(calls: list[Call]) -> Call | None:
    return next((call for call in calls if call.on_line and not call.local_hold), None)


def _done(key: str, call: Call, error: PhoneError | None) -> None:
    logger.info("the server pressed %s: %s", key, error or "done", extra={"call": call.id})
