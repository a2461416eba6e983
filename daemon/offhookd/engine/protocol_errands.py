# SPDX-License-Identifier: GPL-2.0-or-later
"""What daemon and engine say to each other about telephones that make calls for us; see
`protocol`."""

from .codec import Command, Event


class AskToCall(Command, kind="ask-to-call"):
    """Ask the telephone `phone` to call `target`: one REFER outside a dialog (RFC 3515).  What
    comes of it is told as `ErrandTold`, until one of them is `final`."""

    errand: int
    account: str
    phone: str
    target: str


class LeaveErrand(Command, kind="leave-errand"):
    """Nothing more is to be heard of it; one that is gone is no error."""

    errand: int


class ErrandTold(Event, kind="errand-told"):
    """`code`: how the call there goes, as a SIP status, 0 when that is not said.  `taken`: the
    telephone has begun; before, `code` is its answer to the request.  `cause`: "timeout" or
    "network" when it gave none.  `expires`: seconds for which it will go on telling; 0 where it has
    not begun."""

    errand: int
    code: int
    text: str
    taken: bool
    final: bool
    cause: str
    expires: int = 0
