# SPDX-License-Identifier: GPL-2.0-or-later
"""The servers that the engine may know: it asks no name server, and its socket filter lets
nobody else through."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from offhookd.engine import protocol as p
from offhookd.phone.numbers import domain_of
from offhookd.phone.values import Transport

Resolve = Callable[[str, int, Transport], Awaitable[Sequence[str]]]
"""Host, port (0 when the URI names none), transport -> addresses "ip:port", best first; raises a
`PhoneError` with a sentence."""

MOST_FAILED = 16
"""More addresses of one name than anybody has."""

_PORT = re.compile(r"([^:]*|\[.*\]):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a SIP URI leads; `port` 0 when it names none."""

    host: str
    port: int
    transport: Transport


class Hosts:
    """Names with their addresses, as far as they were looked up, and what the engine was told."""

    def __init__(self, tell: Callable[[p.Command], None], resolve: Resolve) -> None:
        self._tell = tell
        self._resolve = resolve
        self._known: dict[str, tuple[str, ...]] = {}
        self._told: Mapping[str, tuple[str, ...]] = {}
        self._failed: dict[str, list[str]] = {}

    def told(self, server: Server) -> bool:
        """Whether the engine knows the way."""
        return server.host in self._told

    def engine_started(self) -> None:
        """A new engine knows nobody."""
        self._told = {}

    async def look_up(self, server: Server) -> tuple[str, ...]:
        """Its addresses; the engine hears of them in `tell`.  Raises a `PhoneError`."""
        found = await self._resolve(server.host, server.port, server.transport)
        failed = self._failed.get(server.host, [])
        addresses = tuple(sorted(found, key=lambda one: failed.index(one) if one in failed else -1))
        self._known[server.host] = addresses
        return addresses

    def failed(self, server: Server) -> None:
        """The first of its addresses, the only one that the engine tries, was of no use: from now
        on it comes last (RFC 3263 section 4.3)."""
        for address in self._known.get(server.host, ())[:1]:
            failed = self._failed.setdefault(server.host, [])
            failed[:] = [*(one for one in failed if one != address), address][-MOST_FAILED:]

    def tell(self, needed: Collection[str]) -> None:
        """Let the engine know the `needed` hosts, and nobody else any more."""
        self._known = {host: known for host, known in self._known.items() if host in needed}
        if self._known != self._told:
            self._told = dict(self._known)
            self._tell(p.SetHosts(hosts=self._told))


def server_of(uri: str, transport: Transport) -> Server:
    """Host, port and transport of a SIP URI; the account's `transport` where it names none."""
    scheme = uri.partition(":")[0].lower()
    for parameter in uri.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name == "transport" and value in set(Transport):
            transport = Transport(value)
    if scheme == "sips":
        transport = Transport.TLS
    host, port = split_port(domain_of(uri))
    return Server(host.lower(), port, transport)


def host_part(address: str) -> str:
    """ "192.0.2.1:5060" without its port, "[2001:db8::1]:5060" also without brackets."""
    return split_port(address)[0].strip("[]")


def split_port(text: str) -> tuple[str, int]:
    """ "host:port" in two, 0 for no port.  `text` may be what a stranger wrote: what is no port is
    left where it is."""
    match = _PORT.fullmatch(text)
    return (match[1], int(match[2])) if match else (text, 0)
