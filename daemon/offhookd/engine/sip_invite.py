# SPDX-License-Identifier: GPL-2.0-or-later
"""The INVITE of a call that is dialled here: what it says, where it goes, how often it is sent."""

from contextlib import ExitStack
from typing import Any

import pjsua2 as pj

from .protocol import Dial
from .refusal import check_range, check_uri
from .sip_account import Account
from .sip_headers import MAX_FORWARDS
from .sip_hops import passing
from .sip_options import hide_caller, set_headers
from .sip_retry import Retry


class Invite:
    """As the daemon's command wants it; raises `Refused` where that makes no sense.

    `retry`: whether it is sent once more after a refusal.
    """

    def __init__(self, account: Account, command: Dial) -> None:
        check_range("max_forwards", command.max_forwards, 1, MAX_FORWARDS)
        self.retry = Retry(account)
        self._account = account
        self._max_forwards = command.max_forwards
        self._options = pj.CallOpParam(True)
        set_headers(self._options.txOption, command.headers)
        if command.anonymous:
            hide_caller(self._options.txOption, account.settings.uri)
        self.go_to(command.target)

    def go_to(self, target: str) -> None:
        """Be sent to the URI `target` from now on.  Raises `Refused` when it is none."""
        self._target = self._account.route(check_uri("The target", target))

    def send(self, call: Any) -> None:
        """Make `call`, a pjsua2 call.  Raises `pj.Error`, and `Refused` when the stack cannot be
        told how far the call may go."""
        self._account.prepare()
        with ExitStack() as around:
            if self.retry.insists or self._account.settings.srtp == "required":
                around.enter_context(self._account.insisting())
            around.enter_context(passing(self._max_forwards))
            call.makeCall(self._target, self._options)
