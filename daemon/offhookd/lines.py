# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps accounts, configuration and engine in step.

Before a REGISTER or an INVITE can go out, the engine has to know the account with its password
and the addresses of the servers: it neither asks DNS nor reads the configuration.  This is the
place that finds them out, each time anew, because both may have changed since the last attempt.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from offhookd.config.schema import AccountConfig
from offhookd.engine import protocol as p
from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.calls import Calls
from offhookd.phone.errors import PhoneError
from offhookd.phone.numbers import domain_of
from offhookd.phone.ports import Clock, Done, RegistrationEngine
from offhookd.phone.problems import Problems
from offhookd.phone.values import AcceptFrom, AccountId, AccountState, StateReason, Transport

logger = logging.getLogger(__name__)

Resolve = Callable[[str, int, Transport], Awaitable[Sequence[str]]]
"""Host, port (0 when the URI names none), transport -> addresses "ip:port", best first; raises a
`PhoneError` with a sentence."""

PasswordFor = Callable[[AccountConfig], Awaitable[str]]
"""Raises a `PhoneError` with a sentence."""


class Tell(Protocol):
    """Sends a command to the engine; `done` hears whether it was taken."""

    def __call__(self, command: p.Command, done: Done | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Server:
    """Where a SIP URI leads; `port` 0 when it names none."""

    host: str
    port: int
    transport: Transport


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
        random: Callable[[], float],
    ) -> None:
        self._accounts = accounts
        self._calls = calls
        self._problems = problems
        self._clock = clock
        self._tell = tell
        self._resolve = resolve
        self._password_for = password_for
        self._random = random
        self._configs: dict[AccountId, AccountConfig] = {}
        self._passwords: dict[AccountId, str] = {}
        self._told: dict[AccountId, p.SetAccount] = {}
        self._hosts: dict[str, tuple[str, ...]] = {}
        self._told_hosts: Mapping[str, tuple[str, ...]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._engine_up = False
        accounts.changed.connect(self._judge)

    # ------------------------------------------------------------ configuration

    def apply(
        self, configs: Mapping[AccountId, AccountConfig], chosen: Mapping[AccountId, bool | None]
    ) -> None:
        """Make the accounts those of `configs`; unchanged ones are not disturbed.

        `chosen`: whether the user enabled them at run time, which outweighs the configuration;
        None where that decides.
        """
        for account in self._accounts:
            if self._configs.get(account.id) != configs.get(account.id):
                self._remove(account)
        for account_id, config in configs.items():
            if account_id not in self._configs:
                choice = chosen.get(account_id)
                self._add(config, enabled=config.enabled if choice is None else choice)
        self._accounts.sort(tuple(configs))

    def _add(self, config: AccountConfig, *, enabled: bool) -> None:
        self._configs[config.id] = config
        facts = AccountFacts(
            id=config.id,
            label=config.label,
            uri=config.uri,
            registers=bool(config.registrar),
            transport=config.transport,
        )
        account = Account(facts, self, self._clock, self._random, enabled=enabled)
        self._accounts.add(account)
        if self._engine_up:
            self._bring_up(account)

    def _remove(self, account: Account) -> None:
        account.unregister()
        self._accounts.remove(account)
        del self._configs[account.id]
        self._passwords.pop(account.id, None)
        self._problems.clear_subject(subject_of(account.id))
        if self._told.pop(account.id, None):
            self._tell(p.RemoveAccount(account=account.id))

    # ------------------------------------------------------------ the engine comes and goes

    def engine_started(self) -> None:
        """A new engine knows nothing: tell it everything."""
        self._told.clear()
        self._told_hosts = {}
        self._engine_up = True
        for account in self._accounts:
            self._bring_up(account)

    def engine_lost(self) -> None:
        self._engine_up = False

    def _bring_up(self, account: Account) -> None:
        if account.facts.registers:
            account.engine_ready()  # asks for `register`, below
        else:
            self._spawn(self._bring_up_direct(account), f"account {account.id}")

    async def _bring_up_direct(self, account: Account) -> None:
        if await self._prepare(account):
            account.engine_ready()

    def register(self, account: AccountId) -> None:
        if found := self._accounts.get(account):
            self._spawn(self._register(found), f"register {account}")

    async def _register(self, account: Account) -> None:
        if await self._prepare(account):
            self._tell(p.Register(account=account.id))

    def unregister(self, account: AccountId) -> None:
        self._tell(p.Unregister(account=account))

    async def _prepare(self, account: Account) -> bool:
        """Let the engine know the account as it is now; False when that is impossible."""
        config = self._configs[account.id]
        try:
            servers = await self._find_servers(config)
        except PhoneError as error:
            account.result(Answer(0, str(error), cause=StateReason.DNS))
            return False
        try:
            password = await self._password(config)
        except PhoneError as error:
            account.result(Answer(0, str(error), cause=StateReason.AUTH))
            return False
        wanted = command_for(config, password, servers)
        if self._told.get(account.id) != wanted:
            self._told[account.id] = wanted
            self._tell(wanted, partial(self._taken, account))
        return True

    def _taken(self, account: Account, error: PhoneError | None) -> None:
        if error is not None and self._engine_up:
            self._told.pop(account.id, None)
            account.result(Answer(0, str(error), cause=StateReason.REJECTED))

    async def _password(self, config: AccountConfig) -> str:
        """Asked for once: a program that shows a window must not do so at every refresh."""
        password = self._passwords.get(config.id)
        if password is None:
            password = self._passwords[config.id] = await self._password_for(config)
        return password

    async def _find_servers(self, config: AccountConfig) -> tuple[str, ...]:
        """IP addresses of the proxy and the registrar; the names become known to the engine."""
        found: list[str] = []
        for uri in filter(None, (config.proxy, config.registrar)):
            addresses = await self._look_up(server_of(uri, config.transport))
            found += (host_part(address) for address in addresses)
            if uri == config.proxy:
                # Everything goes there; the registrar's name may not even be public.
                break
        self._tell_hosts()
        return tuple(dict.fromkeys(found))

    # ------------------------------------------------------------ calls

    def reachable(self, account: AccountId, target: str) -> bool:
        """Whether a call to `target` needs no look-up first."""
        config = self._configs.get(account)
        if config is None or config.proxy:
            return True
        return server_of(target, config.transport).host in self._told_hosts

    async def reach(self, account: AccountId, target: str) -> None:
        """Let the engine know where `target` is; raises a `PhoneError` with a sentence."""
        config = self._configs.get(account)
        if config is not None and not config.proxy:
            await self._look_up(server_of(target, config.transport))
            self._tell_hosts()

    async def _look_up(self, server: Server) -> tuple[str, ...]:
        addresses = tuple(await self._resolve(server.host, server.port, server.transport))
        self._hosts[server.host] = addresses
        return addresses

    def _tell_hosts(self) -> None:
        self._forget_hosts()
        if self._hosts != self._told_hosts:
            self._told_hosts = dict(self._hosts)
            self._tell(p.SetHosts(hosts=self._told_hosts))

    def _forget_hosts(self) -> None:
        """Strangers are let through the socket filter only as long as a call with them lasts."""
        needed = {
            server_of(uri, config.transport).host
            for config in self._configs.values()
            for uri in (config.proxy, config.registrar)
            if uri
        }
        needed |= {server_of(call.peer_uri, Transport.UDP).host for call in self._calls}
        self._hosts = {host: known for host, known in self._hosts.items() if host in needed}

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

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for the accounts that need no registrar: they are ready within milliseconds."""
        direct = [task for task in self._tasks if task.get_name().startswith("account ")]
        await asyncio.gather(*direct)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


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


def server_of(uri: str, transport: Transport) -> Server:
    """Host, port and transport of a SIP URI; the account's `transport` where it names none."""
    scheme = uri.partition(":")[0].lower()
    for parameter in uri.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name == "transport" and value in set(Transport):
            transport = Transport(value)
    if scheme == "sips":
        transport = Transport.TLS
    host, port = _split_port(domain_of(uri))
    return Server(host.lower(), port, transport)


def host_part(address: str) -> str:
    """ "192.0.2.1:5060" without its port, "[2001:db8::1]:5060" also without brackets."""
    return _split_port(address)[0].strip("[]")


def _split_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return host, int(port)
    return text, 0


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
        accept_anyone=config.accept_from is AcceptFrom.ANYONE,
    )
