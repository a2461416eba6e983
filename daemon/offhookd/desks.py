# SPDX-License-Identifier: GPL-2.0-or-later
"""Desk phones of the running phone: the core's part, and a carrier for each that is configured."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

from offhookd.config.schema import Config, DeskPhoneConfig
from offhookd.desktop import secrets
from offhookd.engine import protocol as p
from offhookd.engine.client import Routes
from offhookd.engine.desk_caller import CalledPhone, Reserve
from offhookd.engine.desk_client import ReferredPhone
from offhookd.phone.calls import Calls
from offhookd.phone.desk import AUTO_ANSWER, DeskWay
from offhookd.phone.desk_calls import DeskCalls, DeskCarrier
from offhookd.phone.parties import user_and_host
from offhookd.phone.ports import CallEngine, Clock, Done
from offhookd.phone.values import AccountId, CallId


class Desks:
    """`calls`: what the core knows of calls through them."""

    def __init__(
        self,
        calls: Calls,
        clock: Clock,
        engine: CallEngine,
        tell: Callable[[p.Command, Done], None],
        routes: Routes,
        reserve: Reserve,
    ) -> None:
        self.calls = DeskCalls(calls, clock)
        self._tell = tell
        self._routes = routes
        self._engine = engine
        self._reserve = reserve
        self._called: list[CalledPhone] = []
        self._configs: Mapping[str, DeskPhoneConfig] = {}
        self._carriers: dict[str, DeskCarrier] = {}
        self._referred: list[ReferredPhone] = []
        self._stops: list[Callable[[], Awaitable[None]]] = []

    def configure(self, config: Config) -> None:
        """As configured; a phone that is as it was keeps its calls, and one that is not lets them
        go on with whom they are."""
        self._carriers = {
            name: (
                self._carriers[name]
                if name in self._carriers and self._configs[name] == phone
                else self._made(phone, config)
            )
            for name, phone in config.desk_phones.items()
        }
        self._configs = config.desk_phones
        preferred = {one.id: one.through for one in config.accounts.values()}
        self.calls.configure(self._carriers, preferred)

    async def stop(self) -> None:
        """Calls go on, and nobody follows them any more."""
        self.calls.stop()
        await asyncio.gather(*(stop() for stop in self._stops))

    @property
    def awaited(self) -> Iterator[str]:
        """SIP addresses of telephones that are making a call for us."""
        return (address for phone in self._asked for address in phone.awaited)

    @property
    def _asked(self) -> Iterator[ReferredPhone | CalledPhone]:
        yield from self._referred
        yield from self._called

    def told(self, event: p.ErrandTold) -> None:
        """By the engine."""
        any(phone.told(event) for phone in self._referred)

    def leg_told(self, leg: CallId, event: p.LegState | p.TransferProgress) -> None:
        """By the engine."""
        for phone in self._called:
            phone.leg_told(leg, event)

    def engine_lost(self, text: str) -> None:
        for phone in self._asked:
            phone.engine_lost(text)

    def _made(self, phone: DeskPhoneConfig, config: Config) -> DeskCarrier:
        if phone.way is DeskWay.REFER:
            referred = ReferredPhone(
                phone.phone, AccountId(phone.account), self.calls, self._tell, self._routes
            )
            self._referred.append(referred)
            self._stops.append(referred.stop)
            return referred
        if phone.way is DeskWay.CALL:
            return self._made_caller(phone)
        # Loaded with the first desk phone: TLS and what goes with it are 10 ms of a start.
        from offhookd.desk.asterisk import AsteriskPhone  # noqa: PLC0415

        domains = {one.id: user_and_host(one.uri)[1] for one in config.accounts.values()}
        home = domains.get(AccountId(phone.account))
        homes = frozenset({phone.host, *([home] if home else domains.values())})
        made = AsteriskPhone(phone, homes, self.calls, secrets.desk_password_for)
        self._stops.append(made.stop)
        return made

    def _made_caller(self, phone: DeskPhoneConfig) -> DeskCarrier:
        called = CalledPhone(
            phone.phone,
            AccountId(phone.account),
            AUTO_ANSWER[phone.auto_answer],
            self.calls,
            self._engine,
            self._routes,
            self._reserve,
        )
        called.ring_s = phone.ring_seconds
        self._called.append(called)
        self._stops.append(called.stop)
        return called
