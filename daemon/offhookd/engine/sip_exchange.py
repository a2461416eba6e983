# SPDX-License-Identifier: GPL-2.0-or-later
"""What a leg tells to whoever knows all legs."""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .sip_call import Leg


class Exchange(Protocol):
    """Knows all legs."""

    def changed(self, leg: "Leg", *, new_media: bool = False, code: int = 0) -> None:
        """After every change of state (by the SIP status `code`) or media, in or out of a
        callback."""

    def invited(self, leg: "Leg") -> None:
        """The stack has said 100 to the INVITE of `leg`, inside the callback; until then it may
        refuse one by itself (422, 488, ...)."""

    def vacate(self) -> None:
        """Before the stack gives out a call slot: nothing of a call that was there may be left."""

    def agreed(self, leg: "Leg", answer: str) -> None:
        """The 200 of `leg` has been sent or received: there is a dialog."""

    def heard(self, leg: "Leg", source: str, message: str) -> None:
        """An INVITE or UPDATE of the far end, or its answer to one, inside the callback."""

    def referred(self, leg: "Leg", event: Any) -> None:
        """A REFER of the far end, inside the callback."""

    def replacement(self, leg: "Leg", source: str, message: str) -> "Leg | int":
        """The leg of an INVITE that takes the place of `leg`, or the status that refuses it."""

    def arrived(self, leg: "Leg", replaces: int) -> None:
        """`leg` takes the place of another one now."""

    def publish(self, leg: "Leg", sdp: str) -> str:
        """What is sent in the place of an `sdp` of `leg`, inside the callback."""
