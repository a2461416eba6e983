# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of TURN servers for the sound of calls, where no straight way is found.

The stack asks a server for them before it sends or answers an INVITE, and waits 7.9 s for one that
is gone (measured).  So the daemon names servers that answer; each call asks once more, for
`ANSWER_LIMIT_S` at the longest; and one that does not answer, or gives no address, is not asked
again until the daemon has named it again.
"""

from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from .addresses import Address, parse_address
from .filter import guard_media, guard_relay
from .protocol import SetTurn, TurnLost
from .refusal import Refused, check_text
from .sdp_address import host_ports, is_relayed, own_ports
from .sip_endpoint import SipEndpoint
from .sip_headers import clean
from .sip_thread import INFO, WARNING, SipThread
from .sockets import udp_ports
from .turn_check import answers

_LONG_TERM = 0
"""The password as it is, `PJ_STUN_PASSWD_PLAIN`."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A TURN server, and how it knows the account."""

    server: str
    username: str
    password: str

    @property
    def address(self) -> Address:
        return parse_address(self.server)

    def configure(self, nat: Any) -> None:
        """Write it into an `AccountNatConfig`."""
        nat.turnEnabled = True
        nat.turnServer = self.server
        # With PJ_TURN_TP_TCP the engine dies of SIGSEGV at the end of one call in thirty, and with
        # PJ_TURN_TP_TLS no certificate is verified.
        nat.turnConnType = pj.PJ_TURN_TP_UDP
        nat.turnUserName = self.username
        nat.turnPasswordType = _LONG_TERM
        nat.turnPassword = self.password


class Relays:
    """TURN servers by account, and the sockets of the legs that use one."""

    def __init__(self, thread: SipThread, endpoint: SipEndpoint) -> None:
        self._thread = thread
        self._endpoint = endpoint
        self._relays: dict[str, Relay] = {}
        self._ports: dict[int, frozenset[int]] = {}
        """All of a leg, by its number."""

    def use(self, command: SetTurn) -> None:
        """Raises `Refused`."""
        if command.server:
            self._relays[command.account] = _checked(command)
        else:
            self._relays.pop(command.account, None)

    def alive(self, account: str) -> Relay | None:
        """The server of `account`, if it answers now."""
        relay = self._relays.get(account)
        if relay and not answers(relay.address):
            self._lose(account)
            return None
        return relay

    def publish(self, leg: int, account: str, sdp: str) -> None:
        """The description that the stack has made for a leg; the first one shows whether there is
        an address that relays."""
        relay = self._relays.get(account)
        if relay is None or leg in self._ports:
            return
        ports = udp_ports()
        if not _is_relayed(sdp, ports):
            self._lose(account)
            return
        self._thread.log(INFO, f"leg {leg}: the sound may be relayed by {relay.server}")
        others = frozenset().union(*self._ports.values(), {self._endpoint.udp_port()})
        self._ports[leg] = ports - others
        self._guard(self._ports[leg], host_ports(sdp), relay)

    def guards(self, leg: int) -> bool:
        """Whether the sockets of the leg have their filter; only the server knows their ports."""
        return leg in self._ports

    def forget(self, leg: int) -> None:
        self._ports.pop(leg, None)

    def _guard(self, all_ports: frozenset[int], hosts: frozenset[int], relay: Relay) -> None:
        """A far end that knows no ICE sends to the server alone; then no other socket is used."""
        faults = [guard_media(hosts, ice=True) if hosts else ""]
        faults.append(guard_relay(all_ports - hosts, relay.address))
        for fault in filter(None, faults):
            self._thread.log(WARNING, fault)

    def _lose(self, account: str) -> None:
        del self._relays[account]
        self._thread.send(TurnLost(account=account))


def _checked(command: SetTurn) -> Relay:
    check_text("The TURN user name", command.username, 512)
    check_text("The TURN password", command.password, 512)
    relay = Relay(command.server, command.username, command.password)
    try:
        address = relay.address
    except ValueError:
        raise Refused(f"The TURN server {clean(command.server, 64)!r} is no address.") from None
    if address.ipv6 or not address.port:
        server = clean(command.server, 64)
        raise Refused(f"The TURN server {server!r} is no IPv4 address with a port.")
    return relay


def _is_relayed(sdp: str, ports: frozenset[int]) -> bool:
    """Whether the server's address is in it: among candidates or, for a far end without ICE, as
    the only one, whose port is none of ours."""
    own = own_ports(sdp)
    return is_relayed(sdp) or (own is not None and own.rtp not in ports)
