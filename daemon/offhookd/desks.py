# SPDX-License-Identifier: GPL-2.0-or-later
"""Desk phones of the running phone: the core's part, and a carrier for each that is configured."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from offhookd.config.schema import Config, DeskPhoneConfig
from offhookd.desktop import secrets
from offhookd.phone.calls import Calls
from offhookd.phone.desk_calls import DeskCalls, DeskCarrier
from offhookd.phone.parties import user_and_host
from offhookd.phone.ports import Clock
from offhookd.phone.values import AccountId


class Desks:
    """`calls`: what the core knows of calls through them."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self.calls = DeskCalls(calls, clock)
        self._configs: Mapping[str, DeskPhoneConfig] = {}
        self._carriers: dict[str, DeskCarrier] = {}
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

    def _made(self, phone: DeskPhoneConfig, config: Config) -> DeskCarrier:
        # Loaded with the first desk phone: TLS and what goes with it are 10 ms of a start.
        from offhookd.desk.asterisk import AsteriskPhone  # noqa: PLC0415

        domains = {one.id: user_and_host(one.uri)[1] for one in config.accounts.values()}
        home = domains.get(AccountId(phone.account))
        homes = frozenset({phone.host, *([home] if home else domains.values())})
        made = AsteriskPhone(phone, homes, self.calls, secrets.desk_password_for)
        self._stops.append(made.stop)
        return made
