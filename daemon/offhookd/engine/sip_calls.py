# SPDX-License-Identifier: GPL-2.0-or-later
"""All legs of the engine, and the rules that concern more than one of them."""

from collections import deque
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from .filter import guard_media
from .protocol import Dial, Incoming, LegMedia
from .refusal import Refused, check_headers, check_range
from .schedule import Alarm
from .sip_account import Account
from .sip_assertion import asserted_caller, asserted_privacy, called_instead
from .sip_call import Leg
from .sip_connected import ConnectedLines
from .sip_endpoint import SipEndpoint
from .sip_farewells import dialog_of
from .sip_headers import Headers, clean, diversions, headers_of, max_forwards
from .sip_listener import Listener
from .sip_mixer import Mixer, Sound
from .sip_monitor import Monitor
from .sip_nat import Nat
from .sip_player import Player
from .sip_recorder import Recorder
from .sip_referrals import Referrals
from .sip_relays import Relays
from .sip_ringback import Ringback
from .sip_state import State
from .sip_status import DECLINE, FIRST_FAILURE, FORBIDDEN, LAST_FINAL, NOT_ACCEPTABLE_HERE
from .sip_thread import INFO, WARNING, SipThread
from .walls import Walls

REFUSAL_GAP_S = 0.05
"""pjsip aborts after some 30 refusals in half a second; at this pace it took any number."""

LAST_LEG = 2**53
"""Above it some JSON readers lose digits."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Calls:
    """Legs by number: those dialled are positive, those that arrived negative."""

    def __init__(
        self,
        thread: SipThread,
        endpoint: SipEndpoint,
        sound: Sound,
        walls: Walls,
        relays: Relays,
        country: str,
    ) -> None:
        self.mixer = Mixer(thread, endpoint, sound, country, self.all)
        self.recorder = Recorder(thread, self.mixer)
        self.player = Player(thread, self.mixer)
        self.listener = Listener(thread, self.mixer)
        self._ringback = Ringback(self.mixer, country)
        self._thread = thread
        self._endpoint = endpoint
        self._walls = walls
        self._legs: dict[int, Leg] = {}
        self._arrived = 0
        self._unannounced: dict[int, Incoming] = {}
        self._invitations: dict[int, tuple[str, str]] = {}
        self._refusals: deque[tuple[Leg, int, str, Mapping[str, str]]] = deque()
        self._refusing: Alarm | None = None
        self.monitor = Monitor(thread)
        self._media: dict[int, LegMedia] = {}
        self._ended: list[Leg] = []
        self.referrals = Referrals(thread)
        self.nat = Nat(thread)
        self._connected = ConnectedLines(thread)
        self._relays = relays

    def all(self) -> list[Leg]:
        """Every leg that has not ended."""
        return list(self._legs.values())

    def find(self, number: int) -> Leg:
        leg = self._legs.get(number)
        if leg is None:
            raise Refused(f"There is no call {number}.")
        return leg

    # ------------------------------------------------------------ beginnings

    def dial(self, account: Account, command: Dial) -> None:
        check_range("leg", command.leg, 1, LAST_LEG)
        if command.leg in self._legs:
            raise Refused(f"There is a call {command.leg} already.")
        leg = self._new_leg(command.leg, account)
        try:
            self.referrals.carry_out(command.referral, leg)
            if command.relays:
                self.mixer.relay(leg, self.find(command.relays))
            leg.dial(command)
        except Refused:
            self.referrals.drop(leg)
            self._forget(leg)
            raise
        self.mixer.update_sound()

    def arrive(self, account: Account, call_id: int, source: str, message: str) -> None:
        """An INVITE, inside the callback: nothing may be answered here."""
        self._arrived -= 1
        leg = self._new_leg(self._arrived, account)
        headers = headers_of(message)
        leg.adopt(call_id, message, headers)
        address = source.rpartition(":")[0].strip("[]")
        if not account.accepts(address):
            self._thread.log(INFO, f"A call from the stranger {clean(source)} is refused.")
            self._queue_refusal(leg, FORBIDDEN, "")
            return
        if leg.offer.cannot_be_agreed_on:
            self._queue_refusal(leg, NOT_ACCEPTABLE_HERE, "")
            return
        trusted = address in account.settings.servers
        if trusted:
            self._connected.began(leg, message)
        self._unannounced[leg.number] = _incoming(leg, source, headers, trusted=trusted)
        # Where the media are made ready later, the stack has said 100 by now and says no more.
        self._thread.soon(partial(self.invited, leg))

    def invited(self, leg: Leg) -> None:
        event = self._unannounced.pop(leg.number, None)
        if event:
            self._thread.send(event)

    def vacate(self) -> None:
        for leg in [*self.all(), *self._ended]:
            leg.session.leave()
        self._ended = [leg for leg in self._ended if leg.session.held]

    def _new_leg(self, number: int, account: Account) -> Leg:
        leg = Leg(number, account, self._thread, self._endpoint, self)
        self._legs[number] = leg
        return leg

    def publish(self, leg: Leg, sdp: str) -> str:
        self._relays.publish(leg.number, leg.account.id, sdp)
        ice_decides = leg.state in (State.ANSWERED, State.ACTIVE)
        return self.nat.publish(leg.number, leg.account.id, sdp, ice_decides=ice_decides)

    def agreed(self, leg: Leg, answer: str) -> None:
        if answer:
            self._thread.send(dialog_of(leg, answer))

    def heard(self, leg: Leg, source: str, message: str) -> None:
        self._connected.heard(leg, source, message)

    def referred(self, leg: Leg, event: Any) -> None:
        self.referrals.arrive(leg, event)

    def replacement(self, leg: Leg, source: str, message: str) -> Leg | int:
        """An INVITE with Replaces (RFC 3891), inside the callback; a server of the account or the
        far end itself may send it."""
        address = source.rpartition(":")[0].strip("[]")
        if not leg.account.accepts(address):
            self._thread.log(INFO, f"The stranger {clean(source)} may not replace a call.")
            return FORBIDDEN
        self._arrived -= 1
        heir = Leg(self._arrived, leg.account, self._thread, self._endpoint, self)
        self._invitations[heir.number] = (source, message)
        return heir

    def arrived(self, leg: Leg, replaces: int) -> None:
        source, message = self._invitations.pop(leg.number)
        self._invitations.clear()  # of those that could not be answered in the end
        self._legs[leg.number] = leg
        self._walls.admit_peer(leg.number, leg.peer)  # for the ACK
        trusted = source.rpartition(":")[0].strip("[]") in leg.account.settings.servers
        event = _incoming(leg, source, Headers(message), trusted=trusted)
        self._thread.send(event.but(replaces=replaces))

    # ------------------------------------------------------------ requests

    def ring(self, number: int) -> None:
        leg = self.find(number)
        if leg.offer.reliably:
            self._walls.admit_peer(number, leg.peer)  # for the PRACK
        if leg.offer.is_due_early:
            self._ringback.begin(leg)
        leg.ring()
        self.mixer.update_sound()

    def progress(self, number: int) -> None:
        leg = self.find(number)
        self._walls.admit_peer(number, leg.peer)  # for the sound, and the PRACK
        self._ringback.end(leg)
        leg.progress()
        self.mixer.update_sound()

    def answer(self, number: int) -> None:
        leg = self.find(number)
        self._walls.admit_peer(number, leg.peer)  # for the ACK
        self._ringback.end(leg)
        leg.answer()
        self.mixer.update_sound()
        self.mixer.go_live(leg)

    def refuse(
        self, number: int, code: int, contact: str, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        check_range("code", code, FIRST_FAILURE, LAST_FINAL)
        check_headers(headers)
        leg = self.find(number)
        if leg.outgoing:
            raise Refused(f"Call {number} was dialled here; it can only be hung up.")
        self._queue_refusal(leg, code, contact, headers)

    def hang_up(self, number: int) -> None:
        leg = self._legs.get(number)
        if leg is None:
            return
        if not leg.outgoing and leg.state in (State.NEW, State.RINGING):
            self._queue_refusal(leg, DECLINE, "")
        else:
            leg.hang_up()

    def transfer(self, number: int, target: str, replaces: int) -> None:
        leg = self.find(number)
        if leg.talking is None:
            raise Refused(f"Call {number} is not active.")
        if replaces:
            leg.transfer.attended(leg.call, self.find(replaces).call)
        else:
            leg.transfer.blind(leg.call, target)

    def mute(self, number: int, *, muted: bool) -> None:
        leg = self.find(number)
        leg.muted = muted
        self.mixer.update(leg)

    def loop(self, number: int, *, enabled: bool) -> None:
        leg = self.find(number)
        leg.looped = enabled
        self.mixer.update(leg)

    def hang_up_all(self) -> None:
        for leg in self.all():
            self.hang_up(leg.number)

    def leave(self, account: Account) -> None:
        """End all calls of an account that is to be removed."""
        for leg in self.all():
            if leg.account is account:
                self.hang_up(leg.number)

    def hold_slots(self, account: Account) -> bool:
        """Whether the stack may still have a call of this account."""
        self.vacate()
        held = [leg for leg in [*self.all(), *self._ended] if leg.account is account]
        return any(leg.state is not State.ENDED or leg.session.held for leg in held)

    @property
    def idle(self) -> bool:
        return not self._legs

    def release(self) -> None:
        """Let go of everything of the stack; before it is destroyed."""
        self.recorder.release()
        self.player.release()
        self.listener.release()
        self._ringback.release()
        self.mixer.release()
        self.referrals.release()
        for leg in [*self.all(), *self._ended]:
            leg.release()
        self._legs.clear()
        self._ended.clear()

    # ------------------------------------------------------------ refusals

    def _queue_refusal(
        self, leg: Leg, code: int, contact: str, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        self._refusals.append((leg, code, contact, headers))
        if self._refusing is None:
            self._refusing = self._thread.schedule.after(0.0, self._refuse_next)

    def _refuse_next(self) -> None:
        self._refusing = None
        if self._refusals:
            leg, code, contact, headers = self._refusals.popleft()
            leg.refuse(code, contact, headers)
            self._refusing = self._thread.schedule.after(REFUSAL_GAP_S, self._refuse_next)

    # ------------------------------------------------------------ changes

    def changed(self, leg: Leg, *, new_media: bool = False, code: int = 0) -> None:
        """A leg has another state or other media; usually inside a callback."""
        if code or leg.state is State.ENDED:
            self._thread.soon(partial(self.referrals.follow, leg, code))
        if leg.state is State.ENDED:
            self._forget(leg)
        else:
            self._thread.soon(lambda: self._settle(leg, new_media=new_media))

    def _settle(self, leg: Leg, *, new_media: bool) -> None:
        if leg.state is State.ENDED:
            return
        if new_media and self._is_unprotected(leg):
            text = f"Call {leg.number} is ended: it is not encrypted, and its account requires it."
            self._thread.log(WARNING, text)
            leg.hang_up("media")
            return
        self.mixer.update(leg, new_media=new_media)
        self.listener.update(leg)
        if new_media or leg.number in self._media:
            self._announce_media(leg)
        if new_media:
            self._guard_media(leg)
        if leg.state is State.ACTIVE:
            self._walls.admit_peer(leg.number, leg.peer)
            self.monitor.watch_quality(leg)

    @staticmethod
    def _is_unprotected(leg: Leg) -> bool:
        required = leg.account.settings.srtp == "required"
        return required and leg.media.connected and leg.media.encryption == "none"

    def _announce_media(self, leg: Leg) -> None:
        media = leg.media
        event = LegMedia(
            leg=leg.number,
            codec=media.codec,
            clock_rate=media.clock_rate,
            flow=media.flow,
            encryption=media.encryption,
            local_hold=leg.holding.shown,
            remote_hold=media.remote_hold,
        )
        if self._media.get(leg.number) != event:
            self._media[leg.number] = event
            self._thread.send(event)

    def _guard_media(self, leg: Leg) -> None:
        """Keep everything but RTP and RTCP off the sockets of the leg."""
        if leg.media.ports and not self._relays.guards(leg.number):
            fault = guard_media(leg.media.ports, ice=leg.account.settings.ice)
            if fault:
                self._thread.log(WARNING, fault)

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg.number, None)
        self._unannounced.pop(leg.number, None)
        self._media.pop(leg.number, None)
        self._walls.dismiss_peer(leg.number)
        self.nat.forget(leg.number)
        self._relays.forget(leg.number)
        self.monitor.forget(leg)
        self._connected.forget(leg)
        self.recorder.forget(leg)
        self.player.forget(leg)
        self.listener.forget(leg)
        self._ringback.end(leg)
        self.mixer.update(leg)
        self._ended.append(leg)


def _incoming(leg: Leg, source: str, headers: Headers, *, trusted: bool) -> Incoming:
    """`trusted`: a server of the account sent this; only its word on the caller counts."""
    peer_name, peer_uri = headers.name_addr("From")
    asserted_name, asserted_uri = asserted_caller(headers) if trusted else ("", "")
    privacy = headers.joined("Privacy") or (asserted_privacy(headers) if trusted else "")
    diverted_by = diversions(headers)
    return Incoming(
        leg=leg.number,
        account=leg.account.id,
        sip_call_id=leg.sip_call_id,
        source=clean(source),
        peer_uri=peer_uri,
        peer_name=peer_name,
        asserted_uri=asserted_uri,
        asserted_name=asserted_name,
        diverted_by=diverted_by,
        alert_info=headers.joined("Alert-Info"),
        call_info=headers.joined("Call-Info"),
        answer_mode=headers.text("Answer-Mode") or headers.text("Priv-Answer-Mode"),
        privacy=privacy,
        priority=headers.text("Priority") if trusted else "",
        max_forwards=max_forwards(headers),
        called_uri=called_instead(headers, leg.account.settings.uri) if trusted else "",
    )
