# SPDX-License-Identifier: GPL-2.0-or-later
"""All accounts of the engine, and which of them a request is for."""

from collections.abc import Iterator

from .protocol import SetAccount
from .refusal import Refused
from .sip_account import Account, IncomingCall
from .sip_endpoint import SipEndpoint
from .sip_headers import Headers, headers_of, user_of
from .sip_offer import best_codec
from .sip_relays import Relays
from .sip_thread import SipThread

MOST_ACCOUNTS = 8
"""PJSUA_MAX_ACC; one more aborts the process."""


class Accounts:
    """By the daemon's name."""

    def __init__(
        self, thread: SipThread, endpoint: SipEndpoint, relays: Relays, on_incoming: IncomingCall
    ) -> None:
        self.relays = relays
        self._thread = thread
        self._endpoint = endpoint
        self._on_incoming = on_incoming
        self._accounts: dict[str, Account] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._accounts.values()))

    def find(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise Refused(f"There is no account {name[:64]!r}.")
        return account

    def apply(self, settings: SetAccount) -> None:
        account = self._accounts.get(settings.account)
        if account:
            account.change(settings)
            return
        if len(self._accounts) >= MOST_ACCOUNTS:
            raise Refused(f"There are {MOST_ACCOUNTS} accounts already; the SIP stack has no more.")
        account = Account(self._thread, self._endpoint, self.relays, settings, self._on_incoming)
        self._accounts[settings.account] = account

    def remove(self, account: Account) -> None:
        """No call of it may be left in the stack."""
        del self._accounts[account.id]
        account.close()

    def close(self) -> None:
        for account in self:
            self.remove(account)

    def select(self, source: str, message: str) -> int | None:
        """pjsua's id of the account that a request from `source` is for; None: no opinion.

        The server it came through says more than the user it names: two providers may know the
        same person by the same number.
        """
        address = source.rpartition(":")[0].strip("[]")
        headers = headers_of(message)
        users = (_requested_user(headers), user_of(headers.name_addr("To")[1]))
        best = self.best_for(address, users)
        if best is None:
            return None
        codecs = best.settings.codecs
        common = best_codec(message, codecs, best.settings.srtp)
        self._endpoint.offer_codecs(common or codecs)
        best.meet(message)
        if headers.start_line.startswith("INVITE "):
            best.prepare()
        return best.pj_id

    def best_for(self, address: str, users: tuple[str, str]) -> Account | None:
        """The account that a request from `address` is for, which names `users` in its URI and
        its To; None when no account hears that address."""
        best, best_score = None, 0
        for account in self:
            score = _score(account, address, users)
            if score > best_score:
                best, best_score = account, score
        return best

    def servers(self) -> set[str] | None:
        """Addresses that may send to us; None when an account takes requests from anyone."""
        if any(account.settings.accept_anyone for account in self):
            return None
        return {address for account in self for address in account.settings.servers}


def _requested_user(headers: Headers) -> str:
    words = headers.start_line.split(" ")
    return user_of(words[1]) if len(words) > 1 else ""


def _score(account: Account, address: str, users: tuple[str, str]) -> int:
    if not account.accepts(address):
        return 0
    score = 1 + 8 * (address in account.settings.servers)
    return score + 4 * account.is_named(users[0]) + 2 * account.is_named(users[1])
