# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a person enters to a call that can be placed: number, address, account.

Who dials, whether over D-Bus, with a key or from the history, asks here, so that the same number
means the same everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .accounts import Accounts
from .dial_plan import DialPlan
from .dialled import DialOptions
from .emergency import Emergency
from .errors import InvalidTargetError, NoAccountError, NotRegisteredError
from .numbering import Numbering
from .numbers import Target, domain_of, number_uri, parse_target
from .parties import Parties, user_and_host
from .values import AccountId

PLAIN = DialOptions()

SPEED_DIAL = "@"
"""Before the key of a speed dial: "@1", "@mum"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """How one account places calls.  `domain`: where bare numbers belong.  `use_for`: patterns of
    numbers that are its own to dial.  `headers` go out with every call."""

    domain: str = ""
    plan: DialPlan = field(default_factory=DialPlan)
    country: str = ""
    use_for: tuple[str, ...] = ()
    hide_caller_id: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that may be placed.  `number`: as it was entered, "" for an address."""

    uri: str
    display_name: str
    account: AccountId
    emergency: bool
    number: str


class Planner:
    """`speed_dials`: from a key's name to what it dials."""

    def __init__(self, accounts: Accounts, emergency: Emergency) -> None:
        self.speed_dials: Mapping[str, str] = {}
        self._accounts = accounts
        self._emergency = emergency
        self._outgoing: Mapping[AccountId, Outgoing] = {}

    def configure(
        self, outgoing: Mapping[AccountId, Outgoing], speed_dials: Mapping[str, str]
    ) -> None:
        self._outgoing, self.speed_dials = outgoing, speed_dials

    def plan(self, text: str, named: AccountId | None = None) -> Planned:
        """What dialling `text` does, on the account `named` or the one that fits best.

        Raises a `PhoneError`; nonsense is told before a missing account is.
        """
        text = self._speed_dial(text)
        entered = self._parse(text, named)
        number = entered.number or self._short_number(entered)
        if number and self._is_emergency(number, named):
            account = self._emergency.account(self._accounts, named)
            uri = number_uri(number, domain_of(account.facts.uri))
            return Planned(uri, entered.display_name, account.id, True, number)
        chosen = named or self._own(entered)
        account = self._accounts.choose(chosen)
        target = parse_target(text, domain_of(account.facts.uri))
        uri = self.complete(account.id, target)
        return Planned(uri, target.display_name, account.id, False, target.number)

    def preview(self, text: str) -> Planned:
        """The same without an account that can call now; `account` is "" when there is none."""
        try:
            return self.plan(text)
        except (NoAccountError, NotRegisteredError):
            default = self._accounts.default
            account = default.id if default else AccountId("")
            domain = domain_of(default.facts.uri) if default else ""
            target = parse_target(self._speed_dial(text), domain)
            number = target.number or self._short_number(target)
            emergency = bool(number) and self._is_emergency(number, account)
            uri = self.complete(account, target)
            return Planned(uri, target.display_name, account, emergency, number)

    def complete(self, account: AccountId, target: Target) -> str:
        """The URI that `account` sends for `target`, by its dial plan."""
        domain = self._domain(account)
        number = target.number or _full_number_at(target.uri, domain)
        if not number or not domain or self._is_emergency(number, account):
            return target.uri
        outgoing = self._of(account)
        written = outgoing.plan.apply(number, Numbering(outgoing.country))
        return parse_target(written, domain).uri

    def read(self, account: AccountId, text: str) -> Target:
        """What a person entered, with the URI that `account` sends for it, whether it can call
        now or not; raises `InvalidTargetError`."""
        target = parse_target(self._speed_dial(text), self._domain(account))
        return replace(target, uri=self.complete(account, target))

    def complete_text(self, account: AccountId, text: str) -> str:
        """The URI alone."""
        return self.read(account, text).uri

    def forward_target(self, account: AccountId, text: str) -> str:
        """The same for where calls are sent on to, which is never an emergency centre
        (RFC 6881, "Disabling of Features")."""
        target = parse_target(self._speed_dial(text), self._domain(account))
        number = target.number or self._short_number(target)
        if number and self._is_emergency(number, account):
            raise InvalidTargetError("Calls are not forwarded to an emergency number")
        return self.complete(account, target)

    def options(
        self, planned: Planned, given: DialOptions = PLAIN, hide: bool | None = None
    ) -> DialOptions:
        """`given` with what the account adds; `hide` None leaves the caller id to it.  Who calls
        for help is known to those who are to help."""
        outgoing = self._of(planned.account)
        hidden = outgoing.hide_caller_id if hide is None else hide
        return replace(
            given,
            emergency=planned.emergency,
            anonymous=hidden and not planned.emergency,
            headers={**outgoing.headers, **given.headers},
        )

    def is_risky(self, target: str) -> bool:
        """Whether only a person should have `target`, an address, dialled: it calls for help, is
        charged beyond the call, or changes how the line works ("*21*...#" forwards it)."""
        number, _ = user_and_host(target)
        if {"*", "#"} & set(number):
            return True
        bare = self._without_prefixes(number, self._outgoing)
        numbering = self._emergency.numbering
        return any(self._emergency.includes(one) or numbering.is_premium(one) for one in bare)

    def spellings(self, number: str) -> tuple[str, ...]:
        """Every way in which a server of ours may have written `number`, itself first."""
        found = self._emergency.numbering.spellings(number)
        if len(found) == 1:
            return found
        prefixes = {one.plan.outside_prefix for one in self._outgoing.values()}
        dialled = [prefix + one for prefix in sorted(prefixes) for one in found if one[0] != "+"]
        return tuple(dict.fromkeys((*found, *dialled)))

    def _of(self, account: AccountId) -> Outgoing:
        return self._outgoing.get(account) or Outgoing()

    def _domain(self, account: AccountId) -> str:
        """Known from the configuration before the account itself is there."""
        found = self._accounts.get(account)
        return domain_of(found.facts.uri) if found else self._of(account).domain

    def _short_number(self, target: Target) -> str:
        """The number of an address such as sip:112@pbx at a server of ours, as the history has
        it; "" for anything else."""
        user, host = user_and_host(target.uri)
        own = {user_and_host(one.facts.uri)[1] for one in self._accounts}
        return user if user.isdecimal() and host in own else ""

    def _is_emergency(self, number: str, account: AccountId | None) -> bool:
        """With or without the prefix of an outside line before it: fear forgets, or is used to
        it."""
        accounts = [account] if account else self._outgoing
        return any(map(self._emergency.includes, self._without_prefixes(number, accounts)))

    def _without_prefixes(self, number: str, accounts: Iterable[AccountId]) -> set[str]:
        """`number`, and what is left of it behind the prefix of an outside line."""
        prefixes = {self._of(one).plan.outside_prefix for one in accounts}
        return {number, *(number.removeprefix(prefix) for prefix in prefixes)}

    def _speed_dial(self, text: str) -> str:
        text = text.strip()
        if not text.startswith(SPEED_DIAL):
            return text
        label = text.removeprefix(SPEED_DIAL)
        if label not in self.speed_dials:
            known = ", ".join(self.speed_dials) or "none"
            raise InvalidTargetError(f"There is no speed dial '{label[:40]}'; there is: {known}")
        return self.speed_dials[label]

    def _parse(self, text: str, named: AccountId | None) -> Target:
        account = self._accounts.get(named) if named else self._accounts.default
        account = account or self._accounts.choose(named)
        return parse_target(text, domain_of(account.facts.uri))

    def _own(self, entered: Target) -> AccountId | None:
        """The account that a pattern gives the number to; the first that can call."""
        fitting: Sequence[AccountId] = [
            one.id
            for one in self._accounts
            if one.enabled
            and entered.uri
            in Parties(self._of(one.id).use_for, Numbering(self._of(one.id).country))
        ]
        for account in fitting:
            found = self._accounts.get(account)
            if found and found.can_call:
                return account
        if fitting:
            raise NotRegisteredError(f"Account '{fitting[0]}' is to dial this and cannot call now")
        return None


def _full_number_at(uri: str, domain: str) -> str:
    """The number of an address at the account's own server that is written in full ("+49..."):
    a caller in the history, a contact.  Anything else was meant as it stands."""
    user, host = user_and_host(uri)
    own_host = user_and_host(f"sip:{domain}")[1]
    return user if user.startswith("+") and user[1:].isdecimal() and host == own_host else ""
