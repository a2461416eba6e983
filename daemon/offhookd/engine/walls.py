# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts up what stands between strangers and the SIP stack, and keeps it to the accounts."""

import socket
import time
from collections.abc import Mapping
from types import MappingProxyType

from .addresses import Address, pack
from .filter import MAX_ADDRESSES, deafen_listeners, restrict_signalling
from .gate import Claim, Gate, Source
from .gatehook import GateHook
from .protocol import GateReport
from .refusal import Refused
from .resolver import Resolver
from .schedule import Alarm
from .sip_endpoint import SipEndpoint
from .sip_headers import clean, host_of
from .sip_thread import WARNING, SipThread

REPORT_EVERY_S = 60.0
"""A flood must not become a flood of reports."""

FIRST_REPORT_S = 0.1

MOST_DIALLED = 16
"""Addresses that were dialled as such and stay admitted, so that their calls can go on."""


LAST_REPEAT_S = 32.0
"""A far end that has not heard our answer to its BYE repeats it for 64*T1 (RFC 3261, 17.1.2.2)."""


class Walls:
    """`admit` follows every change of accounts and hosts."""

    def __init__(self, thread: SipThread, endpoint: SipEndpoint) -> None:
        self._thread = thread
        self._endpoint = endpoint
        self._resolver = Resolver()
        self._servers: set[str] | None = set()
        self._dialled: tuple[str, ...] = ()
        self._peers: dict[int | str, str] = {}
        self._addresses: frozenset[str] | None = frozenset()
        self._gate = Gate(self._may_send, time.monotonic)
        self._hook = GateHook(self._gate, self._dropped)
        self._report_due: Alarm | None = None
        self._reported_at_s = -REPORT_EVERY_S
        self._last_source = ""

    def install(self) -> list[str]:
        """Faults as sentences; what each is about is off."""
        host = self._endpoint.bind
        local = "127.0.0.1" if host in ("", "0.0.0.0") else host  # noqa: S104 - compared only
        handle = self._endpoint.handle_events
        faults = [
            self._hook.install(handle, (local, self._endpoint.udp_port())),
            self._resolver.install(),
            self._filter(),
        ]
        return [fault for fault in faults if fault]

    def close(self) -> None:
        self._hook.close()

    @property
    def claim(self) -> Claim:
        """Asked about each message that an admitted source sent; see `Gate.claim`."""
        return self._gate.claim

    @claim.setter
    def claim(self, claim: Claim) -> None:
        self._gate.claim = claim

    def answer(self, code: int, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Answer the request that `claim` is being asked about."""
        self._hook.answer(code, headers)

    def set_hosts(self, hosts: Mapping[str, tuple[str, ...]]) -> None:
        try:
            self._resolver.set_hosts(hosts)
        except ValueError as error:
            raise Refused(f"The list of hosts holds what is no address: {error}.") from None

    def knows(self, uri: str) -> bool:
        """Whether the engine has an address for the host of `uri`."""
        host = host_of(uri)
        return host in self._resolver.hosts or pack(host) is not None

    def admit(self, servers: set[str] | None) -> None:
        """Hear these servers and the known hosts only; None: hear anyone."""
        self._servers = servers
        self._addresses = (
            None
            if servers is None
            else frozenset(
                {*servers, *self._known_addresses(), *self._dialled, *self._peers.values()}
            )
        )
        fault = self._filter()
        if fault:
            self._thread.log(WARNING, fault)

    def deafen(self) -> None:
        """After a TCP or TLS transport was opened: nobody connects to a phone."""
        fault = deafen_listeners()
        if fault:
            self._thread.log(WARNING, fault)

    def admit_target(self, uri: str) -> None:
        """Hear the host that is being called, where it is given as an address."""
        host = host_of(uri)
        if self._addresses is None or pack(host) is None or host in self._addresses:
            return
        self._dialled = (*self._dialled[1 - MOST_DIALLED :], host)
        self.admit(self._servers)

    def admit_peer(self, dialog: int | str, host: str) -> None:
        """Hear the far end of a leg or of another dialog, at an address that a server named, until
        it is dismissed.

        What it sends outside of it is refused like anybody else's.
        """
        if host == self._peers.get(dialog, "") or pack(host) is None:
            return
        self._peers[dialog] = host
        if self._addresses is not None and host not in self._addresses:
            self.admit(self._servers)

    def dismiss_peer(self, dialog: int | str) -> None:
        """It has ended; its last messages are still heard."""
        if dialog in self._peers:
            self._thread.schedule.after(LAST_REPEAT_S, lambda: self._forget_peer(dialog))

    def _forget_peer(self, dialog: int | str) -> None:
        if self._peers.pop(dialog, ""):
            self.admit(self._servers)

    def _filter(self) -> str:
        allowed = self._addresses
        if allowed is not None and len(allowed) > MAX_ADDRESSES:
            allowed = None  # the gate checks the same, only later
        return restrict_signalling(self._endpoint.udp_port(), allowed)

    def _may_send(self, source: Source) -> bool:
        return self._addresses is None or source[0] in self._addresses

    def _known_addresses(self) -> set[str]:
        found = (address for group in self._resolver.hosts.values() for address in group)
        return {ip_text(address) for address in found}

    # ------------------------------------------------------------ reports

    def _dropped(self, _rule: str, source: Source) -> None:
        self._last_source = f"{source[0]}:{source[1]}"
        if self._report_due is None:
            now_s = time.monotonic()
            wait_s = max(FIRST_REPORT_S, self._reported_at_s + REPORT_EVERY_S - now_s)
            self._report_due = self._thread.schedule.after(wait_s, self._report)

    def _report(self) -> None:
        self._report_due = None
        self._reported_at_s = time.monotonic()
        counts = {clean(rule, 64): count for rule, count in self._gate.counts.most_common(64)}
        self._thread.send(GateReport(dropped=counts, last_source=self._last_source))


def ip_text(address: Address) -> str:
    return socket.inet_ntop(socket.AF_INET6 if address.ipv6 else socket.AF_INET, address.packed)
