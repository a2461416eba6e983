# SPDX-License-Identifier: GPL-2.0-or-later
"""Talking to two parties in turn."""

from .call import Call
from .calls import Calls
from .errors import InvalidStateError


def held_beside(calls: Calls) -> Call:
    """The call to turn to: the newest on hold that has not the focus."""
    held = [call for call in calls if call.on_line and call.to_be_held and not call.ending]
    others = [call for call in held if call is not calls.focus]
    if not others:
        raise InvalidStateError("There is no other call on hold to turn to")
    return others[-1]
