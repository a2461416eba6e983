# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an INVITE that was refused is sent once more, with what was missing."""

from .sip_account import CHALLENGES, MOST_REALM_RETRIES, Account
from .sip_headers import Headers
from .sip_status import NOT_ACCEPTABLE_HERE

NOT_ACCEPTABLE = (NOT_ACCEPTABLE_HERE, 606)


class Retry:
    """`insists`: the next INVITE demands encryption."""

    def __init__(self, account: Account) -> None:
        self.insists = False
        self._account = account
        self._realm_retries = 0

    def wanted(self, code: int, message: str, source: str) -> bool:
        """`message`: the answer with status `code`, from the IP address `source`."""
        if code in CHALLENGES:
            return self._may_answer(message, source)
        return code in NOT_ACCEPTABLE and self._may_insist()

    def _may_answer(self, message: str, source: str) -> bool:
        """Whether to call with credentials for a realm not seen before.

        Only a server of the account is told anything: whoever knows an answer to a challenge can
        try passwords on it.
        """
        if self._realm_retries >= MOST_REALM_RETRIES:
            return False
        if source not in self._account.settings.servers:
            return False
        self._realm_retries += 1
        return self._account.learn_realms(Headers(message).realms())

    def _may_insist(self) -> bool:
        """There are phones that know encryption as a demand alone, and not the offer that leaves
        it open; RFC 3264 has no way to say "if you can"."""
        if self.insists or self._account.settings.srtp != "optional":
            return False
        self.insists = True
        return True
