# SPDX-License-Identifier: GPL-2.0-or-later
"""What address the far end of a leg is told: the one by which a STUN server sees our sound.

The daemon names servers that answer.  One that does not answer a leg is not asked again until the
daemon has named it again: only one call ever waits for a server that has just gone.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from .addresses import Address, parse_address
from .protocol import StunLost
from .reflexive import ask, remind
from .refusal import Refused
from .schedule import Alarm
from .sdp_address import OwnPorts, has_candidates, own_ports, publish
from .sip_headers import clean
from .sip_thread import INFO, SipThread
from .stun import Mapped

REMIND_EVERY_S = 15.0
"""While it rings nothing is sent from the sockets, and there are routers that forget after 30 s;
RFC 4787, REQ-5, asks for two minutes."""


@dataclass(slots=True)
class _Place:
    """The sockets of a leg, and as what RTP and RTCP are seen; None when nobody told."""

    own: OwnPorts
    seen: tuple[Mapped, Mapped] | None
    reminder: Alarm | None = None


class Nat:
    """Addresses by the number of the leg; STUN servers by account."""

    def __init__(self, thread: SipThread) -> None:
        self._thread = thread
        self._servers: dict[str, str] = {}
        self._places: dict[int, _Place] = {}

    def use(self, servers: Mapping[str, str]) -> None:
        """Account -> "ip:port" of IPv4.  Raises `Refused`."""
        for server in servers.values():
            _check(server)
        self._servers = dict(servers)

    def publish(self, leg: int, account: str, sdp: str, *, ice_decides: bool) -> str:
        """The `sdp` to send, inside a callback; what ICE has found out by itself stays."""
        own = own_ports(sdp)
        if own is None or (ice_decides and has_candidates(sdp)):
            return sdp
        place = self._places.get(leg)
        if place is None or place.own != own:
            # Once in the life of a socket: later its packets are the call's.
            self.forget(leg)
            place = self._places[leg] = self._find(leg, self._servers.get(account, ""), own)
        return publish(sdp, *place.seen) if place.seen else sdp

    def forget(self, leg: int) -> None:
        place = self._places.pop(leg, None)
        if place and place.reminder:
            place.reminder.cancel()

    def _find(self, leg: int, name: str, own: OwnPorts) -> _Place:
        place = _Place(own, None)
        if not name:
            return place
        server = parse_address(name)
        began_s = time.monotonic()
        seen = ask(server, {own.rtp, own.rtcp})
        rtp, rtcp = seen.get(own.rtp), seen.get(own.rtcp)
        if rtp and rtcp:
            place.seen = rtp, rtcp
            took_ms = (time.monotonic() - began_s) * 1000
            self._thread.log(INFO, f"leg {leg}: the sound is seen at {rtp} ({took_ms:.0f} ms)")
            self._remind(place, server)
        elif seen:
            self._lose(name)
        return place

    def _remind(self, place: _Place, server: Address) -> None:
        def again() -> None:
            if remind(server, {place.own.rtp, place.own.rtcp}):
                self._remind(place, server)

        place.reminder = self._thread.schedule.after(REMIND_EVERY_S, again)

    def _lose(self, server: str) -> None:
        self._servers = {name: one for name, one in self._servers.items() if one != server}
        self._thread.send(StunLost(server=server))


def _check(server: str) -> None:
    try:
        address = parse_address(server)
    except ValueError:
        raise Refused(f"The STUN server {clean(server, 64)!r} is no address.") from None
    if address.ipv6 or not address.port:
        raise Refused(f"The STUN server {clean(server, 64)!r} is no IPv4 address with a port.")
