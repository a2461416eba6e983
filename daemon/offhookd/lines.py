# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps accounts, configuration and engine in step.

Before a REGISTER or an INVITE can go out, the engine has to know the account with its password
and the addresses of the servers: it neither asks DNS nor reads the configuration.  This is the
place that finds them out, each time anew, because both may have changed since the last attempt.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.hosts import Hosts, Resolve, host_part, server_of
from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.errors import EngineGoneError, NotRegisteredError, PhoneError
from offhookd.phone.ports import Clock, Done, RegistrationEngine
from offhookd.phone.problems import Problems
from offhookd.phone.values import AcceptFrom, AccountId, AccountState, StateReason, Transport

FIRST_LOOK_UPS_S = 0.05
"""Longer than a name that is known locally takes; others go on in the background."""

logger = logging.getLogger(__name__)

PasswordFor = Callable[[AccountConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""

Complete = Callable[[AccountId, str], str]
"""The URI that an account dials for what the user wrote; raises a `PhoneError`."""


class Tell(Protocol):
    """Sends a command to the engine; `done` hears whether it was taken."""

    def __call__(self, command: p.Command, done: Done | None = None) -> None: ...


class Lines(RegistrationEngine):
    """All accounts: what is configured, what the engine has been told, what it can reach."""

    def __init__(
        self,
        accounts: Accounts,
        calls: Calls,
        problems: Problems,
        clock: Clock,
        tell: Tell,
        resolve: Resolve,
        password_for: PasswordFor,
        complete: Complete,
        random: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._calls = calls
        self._problems = problems
        self._clock = clock
        self._tell = tell
        self._hosts = Hosts(tell, resolve)
        self._password_for = password_for
        self._complete = complete
        self._random = random
        self._configs: dict[AccountId, AccountConfig] = {}
        self._passwords: dict[AccountId, str] = {}
        self._told: dict[AccountId, p.SetAccount] = {}
        self._work: dict[AccountId, asyncio.Task[None]] = {}
        self._removals: dict[AccountId, asyncio.Event] = {}
        self._engine_up = False
        self.guests: list[Callable[[], Iterable[str]]] = []
        """Who else is to be reached, beside servers and the far ends of calls: URIs."""
        accounts.changed.connect(self._judge)
        calls.removed.connect(lambda _: self._tell_hosts())

    # ------------------------------------------------------------ configuration

    def apply(
        self, configs: Mapping[AccountId, AccountConfig], chosen: Mapping[AccountId, bool | None]
    ) -> None:
        """Make the accounts those of `configs`; only those whose registration is another one begin
        anew.

        `chosen`: whether the user enabled them at run time, which outweighs the configuration;
        None where that decides.
        """
        for account in self._accounts:
            successor = configs.get(account.id)
            if successor and _registration(successor) == _registration(self._configs[account.id]):
                self._amend(account, successor)
            else:
                self._remove(account, successor)
        for account_id, config in configs.items():
            if account_id not in self._configs:
                choice = chosen.get(account_id)
                self._add(config, enabled=config.enabled if choice is None else choice)
        self._accounts.sort(tuple(configs))

    def _add(self, config: AccountConfig, *, enabled: bool) -> None:
        self._configs[config.id] = config
        account = Account(self._facts(config), self, self._clock, self._random, enabled=enabled)
        self._accounts.add(account)
        if self._engine_up:
            account.engine_ready()  # asks for `register`, below

    def _amend(self, account: Account, config: AccountConfig) -> None:
        """What the registrar does not know of: how the account is called, dials, sounds..."""
        if self._configs[account.id] == config:
            return
        self._configs[account.id] = config
        account.describe(self._facts(config))
        if account.id in self._work:
            self.register(account.id)  # it may have looked at the old one
        elif told := self._told.get(account.id):
            self._tell_account(account, command_for(config, told.password, told.servers))

    def _facts(self, config: AccountConfig) -> AccountFacts:
        return AccountFacts(
            id=config.id,
            label=config.label,
            uri=config.uri,
            registers=bool(config.registrar),
            transport=config.transport,
            voicemail=self._voicemail(config),
        )

    def _voicemail(self, config: AccountConfig) -> str:
        try:
            return self._complete(config.id, config.voicemail) if config.voicemail else ""
        except PhoneError as error:
            logger.warning("account %s: voicemail cannot be dialled: %s", config.id, error)
            return ""

    def _remove(self, account: Account, successor: AccountConfig | None) -> None:
        """Take an account away.  In the engine it stays for a `successor` of the same name as far
        as it can, because its calls would go with it."""
        old = self._configs.pop(account.id)
        self._drop_work(account.id)
        same_binding = successor is not None and _binding(old) == _binding(successor)
        in_use = any(call.account == account.id for call in self._calls)
        if not same_binding:
            account.unregister()
        account.close()
        self._accounts.remove(account)
        self._passwords.pop(account.id, None)
        self._problems.clear_subject(subject_of(account.id))
        if successor is None or not (same_binding or in_use):
            self._remove_from_engine(account.id)

    def _remove_from_engine(self, account: AccountId) -> None:
        if self._told.pop(account, None):
            gone = self._removals[account] = asyncio.Event()
            self._tell(p.RemoveAccount(account=account), lambda _: gone.set())

    # ------------------------------------------------------------ the engine comes and goes

    def engine_started(self) -> None:
        """A new engine knows nothing: tell it everything."""
        self._told.clear()
        self._hosts.engine_started()
        self._removals.clear()
        self._engine_up = True
        for account in self._accounts:
            account.engine_ready()

    def engine_lost(self) -> None:
        self._engine_up = False
        for account in tuple(self._work):
            self._drop_work(account)

    def register(self, account: AccountId) -> None:
        found = self._accounts.get(account)
        if found is None:
            return
        self._drop_work(account)
        task = asyncio.create_task(self._register(found), name=f"register {account}")
        self._work[account] = task
        task.add_done_callback(partial(self._work_done, account))

    async def _register(self, account: Account) -> None:
        if not await self._prepare(account):
            return
        if account.facts.registers:
            self._tell(p.Register(account=account.id), partial(self._sent, account))
        else:
            account.result(Answer(200, "no registrar: direct calls"))

    def unregister(self, account: AccountId) -> None:
        self._drop_work(account)
        self._tell(p.Unregister(account=account), partial(self._left, account))

    def _sent(self, account: Account, error: PhoneError | None) -> None:
        if _refused(error):
            account.result(Answer(0, str(error), cause=StateReason.NETWORK))

    def _left(self, account_id: AccountId, error: PhoneError | None) -> None:
        """Whom the engine does not know, it need not unregister."""
        account = self._accounts.get(account_id)
        if error is not None and account and account.state is AccountState.UNREGISTERING:
            account.result(Answer(0, str(error), cause=StateReason.NETWORK))

    def _drop_work(self, account: AccountId) -> None:
        if task := self._work.pop(account, None):
            task.cancel()

    def _work_done(self, account: AccountId, task: asyncio.Task[None]) -> None:
        if self._work.get(account) is task:
            del self._work[account]

    async def _prepare(self, account: Account) -> bool:
        """Let the engine know the account as it is now; False when that is impossible."""
        config = self._configs[account.id]
        if going := self._removals.get(account.id):
            await going.wait()  # else it would take the new one with it
        try:
            servers = await self._find_servers(config, failed=account.has_met_silence)
        except PhoneError as error:
            account.result(Answer(0, str(error), cause=StateReason.DNS))
            return False
        try:
            password = await self._password(config)
        except PhoneError as error:
            account.result(Answer(0, str(error), cause=StateReason.AUTH))
            return False
        self._tell_account(account, command_for(config, password, servers))
        return True

    def _tell_account(self, account: Account, wanted: p.SetAccount) -> None:
        if self._told.get(account.id) != wanted:
            self._told[account.id] = wanted
            self._tell(wanted, partial(self._taken, account))

    def _taken(self, account: Account, error: PhoneError | None) -> None:
        if _refused(error):
            self._told.pop(account.id, None)
            account.result(Answer(0, str(error), cause=StateReason.REJECTED))

    async def _password(self, config: AccountConfig) -> str:
        """Asked for once: a program that shows a window must not do so at every refresh."""
        password = self._passwords.get(config.id)
        if password is None:
            password = self._passwords[config.id] = await self._password_for(config)
        return password

    async def _find_servers(self, config: AccountConfig, *, failed: bool) -> tuple[str, ...]:
        """IP addresses of the proxy and the registrar; the names become known to the engine.
        `failed`: those of the last time were of no use."""
        found: list[str] = []
        for uri in filter(None, (config.proxy, config.registrar)):
            server = server_of(uri, config.transport)
            if failed:
                self._hosts.failed(server)
            addresses = await self._hosts.look_up(server)
            found += (host_part(address) for address in addresses)
            if uri == config.proxy:
                # Everything goes there; the registrar's name may not even be public.
                break
        self._tell_hosts()
        return tuple(dict.fromkeys(found))

    # ------------------------------------------------------------ calls

    def reachable(self, account: AccountId, target: str) -> bool:
        """Whether a call to `target` can go out now, without anything to find out first."""
        config = self._configs.get(account)
        if account not in self._told:
            return False
        if config is None or config.proxy:
            return True
        return self._hosts.told(server_of(target, config.transport))

    async def reach(self, account: AccountId, target: str) -> None:
        """Let the engine know where `target` is; raises a `PhoneError` with a sentence."""
        if account not in self._told:
            await self._introduction(account)
        config = self._configs.get(account)
        if config is not None and not config.proxy:
            await self._hosts.look_up(server_of(target, config.transport))
            self._tell_hosts()

    async def _introduction(self, account: AccountId) -> None:
        """Wait until the engine knows the account, which takes a name server or a password."""
        if task := self._work.get(account):
            await asyncio.wait([task])
        if account not in self._told:
            raise NotRegisteredError(f"Account '{account}' is not ready; see its StateText")

    def guests_changed(self) -> None:
        """Some of them need not be reached any more."""
        self._tell_hosts()

    def _tell_hosts(self) -> None:
        """Strangers are let through the socket filter only as long as a call with them lasts."""
        needed = {
            server_of(uri, config.transport).host
            for config in self._configs.values()
            for uri in (config.proxy, config.registrar)
            if uri
        }
        needed |= {server_of(call.peer_uri, Transport.UDP).host for call in self._calls}
        needed |= {server_of(uri, Transport.UDP).host for find in self.guests for uri in find()}
        self._hosts.tell(needed)

    # ------------------------------------------------------------ what people should know

    def _judge(self, account: Account) -> None:
        subject = subject_of(account.id)
        for reason in StateReason:
            if reason and not (account.state is AccountState.FAILED and reason is account.reason):
                self._problems.clear(f"account-{reason}", subject)
        if account.reason is StateReason.AUTH:
            self._passwords.pop(account.id, None)  # it may have been changed where it is kept
        if account.state is AccountState.FAILED:
            status = f"{account.code} {account.text}" if account.code else account.text
            status = status.rstrip(".")
            text = f"Account {account.id} is not registered: {status}. {REMEDIES[account.reason]}"
            self._problems.raise_(f"account-{account.reason}", text, subject)

    async def settled(self) -> None:
        """Wait for the accounts that need no registrar, and let the others begin."""
        direct = [task for name, task in self._work.items() if not self._configs[name].registrar]
        if self._work:
            await asyncio.wait(self._work.values(), timeout=FIRST_LOOK_UPS_S)
        if direct:
            await asyncio.wait(direct)

    async def stop(self) -> None:
        tasks = tuple(self._work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


REMEDIES: Mapping[StateReason, str] = {
    StateReason.NONE: "",
    StateReason.AUTH: "Check user name and password, then `offhook accounts register`.",
    StateReason.DNS: "Check the server's name in offhook.yaml and the network's name server.",
    StateReason.TIMEOUT: "The server does not answer; it is tried again by itself.",
    StateReason.TLS: "Check the server's certificate, its name, and sip.ca_file.",
    StateReason.NETWORK: "It is tried again by itself.",
    StateReason.REJECTED: "The server refuses this account; its operator can say why.",
}


def subject_of(account: AccountId) -> str:
    return f"accounts/{account}"


def _refused(error: PhoneError | None) -> bool:
    """Not so by an engine that has gone: the next one is asked again."""
    return error is not None and not isinstance(error, EngineGoneError)


def _binding(config: AccountConfig) -> tuple[object, ...]:
    """What the registrar knows us by; when it changes, the old one is to be given back."""
    return (config.uri, config.registrar, config.proxy, config.transport, config.username)


def _registration(config: AccountConfig) -> tuple[object, ...]:
    """What a REGISTER says, and whether and how often there is one."""
    password = (config.password, config.password_file, config.password_command)
    often = (config.register_seconds, config.keepalive_seconds)
    return (*_binding(config), config.enabled, *password, *often)


def command_for(config: AccountConfig, password: str, servers: tuple[str, ...]) -> p.SetAccount:
    return p.SetAccount(
        account=config.id,
        uri=config.uri,
        display_name=config.display_name,
        username=config.username,
        password=password,
        registrar=config.registrar,
        proxy=config.proxy,
        transport=config.transport,
        srtp=config.srtp,
        codecs=config.codecs,
        register_seconds=config.register_seconds,
        keepalive_seconds=config.keepalive_seconds,
        servers=servers,
        dtmf=config.dtmf,
        flash=config.flash,
        remote_control=config.remote_control,
        accept_anyone=config.accept_from is AcceptFrom.ANYONE,
        ice=config.ice,
    )
