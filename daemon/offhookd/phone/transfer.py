# SPDX-License-Identifier: GPL-2.0-or-later
"""The states of a transfer, as one table; docs/call-states.md draws it."""

from collections.abc import Mapping

from .values import TransferState

RINGING, FIRST_FINAL, FIRST_REFUSAL = 180, 200, 300

NEXT_TRANSFER: Mapping[TransferState, frozenset[TransferState]] = {
    TransferState.NONE: frozenset({TransferState.TRYING}),
    TransferState.TRYING: frozenset(
        {TransferState.RINGING, TransferState.DONE, TransferState.FAILED}
    ),
    TransferState.RINGING: frozenset({TransferState.DONE, TransferState.FAILED}),
    TransferState.DONE: frozenset(),
    # The user may try another target.
    TransferState.FAILED: frozenset({TransferState.TRYING}),
}

UNDER_WAY = frozenset({TransferState.TRYING, TransferState.RINGING})


def state_of(code: int, *, final: bool) -> TransferState:
    """What the SIP status of the new call (RFC 3515 section 2.4.5) says of the transfer.

    A report that ends without an outcome is a failure: nobody knows of a new call.
    """
    if FIRST_FINAL <= code < FIRST_REFUSAL:
        return TransferState.DONE
    if code >= FIRST_REFUSAL or final:
        return TransferState.FAILED
    return TransferState.RINGING if code >= RINGING else TransferState.TRYING
