# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of an incoming call, in the order in which the questions are asked:

1. an emergency centre that calls back rings, whatever is set (RFC 7090, RFC 6881);
2. screening: a caller nobody wants is refused or ignored, and never sent on;
3. forward always;
4. do not disturb: sent on as a busy line would be, else refused;
5. busy (no room in the engine, a call for help goes on, or call waiting is off and a call is up,
   here or at a desk phone that is followed): sent on, else refused with 486;
6. it rings: silently or with a sound, perhaps answered by itself, perhaps sent on when nobody does.

A call that would go in circles is not sent on: the next question is asked instead.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .auto_answer import AutoAnswer, AutoAnswerRules, Intercom, asked_after
from .call import Call
from .caller import Caller
from .elsewhere import Elsewhere
from .emergency import Emergency, is_marked
from .errors import PhoneError
from .forwarding import (
    Cause,
    Forward,
    ForwardBy,
    diversion,
    exhausted,
    goes_in_circles,
    second_leg,
)
from .numbering import Numbering
from .policy import BUSY_HERE, Ignore, Invitation, Refuse, Ring, Verdict, caller_of, carried
from .precedence import helps
from .ring_sound import RingRules, RingSounds
from .screening import Judgement, Screening, ScreeningRules, Treatment
from .values import AccountId, CallState, EndReason
from .wishes import Wishes

RINGS = 200

logger = logging.getLogger(__name__)

Complete = Callable[[AccountId, str], str]
"""The URI for what the user entered as a forwarding target; raises a `PhoneError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountManners:
    """How one account takes calls.

    `call_waiting` False: busy while any call is up in its `group`, which is the account alone
    when it has none.  `auto_answer_s`: answer anybody after so long; None is never.
    """

    uri: str
    group: str = ""
    call_waiting: bool = True
    ring: str = ""
    auto_answer_s: float | None = None
    forward_by: ForwardBy = ForwardBy.REDIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the whole phone takes calls.  `dnd_code`: 480, 486 or 603."""

    dnd_code: int = BUSY_HERE
    screening: ScreeningRules = field(default_factory=ScreeningRules)
    auto_answer: AutoAnswerRules = field(default_factory=AutoAnswerRules)
    ringing: RingRules = field(default_factory=RingRules)


class Reception:
    """Decides; never acts."""

    def __init__(
        self, wishes: Wishes, emergency: Emergency, complete: Complete, elsewhere: Elsewhere
    ) -> None:
        self._wishes = wishes
        self._elsewhere = elsewhere
        self._emergency = emergency
        self._complete = complete
        self.configure(Manners(), {}, Numbering())

    def configure(
        self,
        manners: Manners,
        accounts: Mapping[AccountId, AccountManners],
        numbering: Numbering,
    ) -> None:
        """Another configuration was read; calls that ring already are not judged again."""
        self._manners = manners
        self._accounts = accounts
        self._screening = Screening(manners.screening, numbering)
        self._intercom = Intercom(manners.auto_answer, numbering)
        self._sounds = RingSounds(manners.ringing, numbering)

    def decide(self, invitation: Invitation, calls: Iterable[Call], limit: int) -> Verdict:
        """`calls`: those there are besides this one; `limit`: what the engine can carry."""
        up = tuple(call for call in calls if call.up)
        full = carried(up) >= limit
        present = tuple(call for call in up if not call.relayed)
        marked, called = is_marked(invitation.priority), self._emergency.was_called
        if marked or (called and not helps(present)):
            # A mark that nothing here explains makes it ring, and gives it no other privilege.
            return Refuse(BUSY_HERE, EndReason.BUSY) if full else Ring(emergency=marked and called)
        caller = caller_of(invitation)
        judgement = self._screening.judge(caller)
        return (
            _unwanted(judgement)
            or self._forwarded_always(invitation)
            or self._undisturbed(invitation)
            or self._busy(invitation, present, full=full)
            or self._ring(invitation, caller, judgement, present)
        )

    def standing(self, account: AccountId, calls: Iterable[Call], limit: int) -> int:
        """What a call of somebody unknown would be answered, 200 when it rings or is sent on."""
        up = tuple(call for call in calls if call.up)
        full = carried(up) >= limit
        chosen = self._wishes.of(account)
        if chosen.forward_always:
            return RINGS
        if self._wishes.disturbs_not(account) and not self._emergency.was_called:
            sent_on = chosen.forward_busy or chosen.forward_no_answer
            return RINGS if sent_on else self._manners.dnd_code
        busy = full or self._taken(account, [call for call in up if not call.relayed])
        return BUSY_HERE if busy and not chosen.forward_busy else RINGS

    def by_hand(self, call: Call, contact: str) -> Forward:
        """A person sends a call that rings on to `contact`, a SIP URI."""
        if not self._by_call(call.account):
            return Forward(contact, "")
        passed = (call.diversion_uri,) if call.diversion_uri else ()
        invitation = Invitation(call.account, "", call.peer_uri, "", diverted_by=passed)
        return self._sent_on(invitation, contact, Cause.BY_HAND)

    # ------------------------------------------------------------ one question each

    def _forwarded_always(self, invitation: Invitation) -> Forward | None:
        target = self._wishes.of(invitation.account).forward_always
        return self._forward(invitation, target, Cause.ALWAYS)

    def _undisturbed(self, invitation: Invitation) -> Verdict | None:
        if not self._wishes.disturbs_not(invitation.account):
            return None
        chosen = self._wishes.of(invitation.account)
        target = chosen.forward_busy or chosen.forward_no_answer
        return self._forward(invitation, target, Cause.DO_NOT_DISTURB) or Refuse(
            self._manners.dnd_code, EndReason.BUSY, "Do not disturb"
        )

    def _busy(self, invitation: Invitation, calls: Sequence[Call], *, full: bool) -> Verdict | None:
        if not full and not self._taken(invitation.account, calls):
            return None
        target = self._wishes.of(invitation.account).forward_busy
        forward = self._forward(invitation, target, Cause.BUSY)
        return forward or Refuse(BUSY_HERE, EndReason.BUSY)

    def _ring(
        self,
        invitation: Invitation,
        caller: Caller,
        judgement: Judgement,
        calls: Iterable[Call],
    ) -> Ring:
        chosen = self._wishes.of(invitation.account)
        return Ring(
            sound=self._sounds.choose(
                caller, invitation.alert_info, self._manners_of(invitation.account).ring
            ),
            silent=judgement.treatment is Treatment.SILENT,
            answer=self._auto_answer(invitation, caller, judgement, calls),
            forward=self._forward(invitation, chosen.forward_no_answer, Cause.NO_ANSWER),
            forward_s=chosen.forward_no_answer_seconds,
            group=self._manners_of(invitation.account).group,
        )

    # ------------------------------------------------------------ how

    def _auto_answer(
        self,
        invitation: Invitation,
        caller: Caller,
        judgement: Judgement,
        calls: Iterable[Call],
    ) -> AutoAnswer | None:
        busy = self._elsewhere.talking or any(calls)
        if busy or judgement.treatment is not Treatment.RING:
            return None
        asked = asked_after(invitation.alert_info, invitation.call_info, invitation.answer_mode)
        account = self._manners_of(invitation.account).auto_answer_s
        return self._intercom.decide(caller, asked, account)

    def _taken(self, account: AccountId, calls: Sequence[Call]) -> bool:
        """Whether help is spoken to, or one call at a time is all that the account's group takes,
        and has it."""
        if helps(calls):
            return True
        if self._manners_of(account).call_waiting:
            return False
        here = {call.account for call in calls if call.state is not CallState.PENDING}
        taken = {self._group_of(one) for one in here | self._elsewhere.accounts}
        return self._group_of(account) in taken

    def _group_of(self, account: AccountId) -> str:
        return self._manners_of(account).group or account

    def _forward(self, invitation: Invitation, target: str, cause: Cause) -> Forward | None:
        if not target:
            return None
        own_uri = self._manners_of(invitation.account).uri
        try:
            contact = self._complete(invitation.account, target)
        except PhoneError as error:
            problem = str(error)
        else:
            caller = invitation.asserted_uri or invitation.peer_uri
            problem = goes_in_circles(contact, own_uri, caller, invitation.diverted_by)
            if not problem and self._by_call(invitation.account):
                problem = exhausted(invitation.hops)
            if not problem:
                return self._sent_on(invitation, contact, cause)
        logger.warning("a call is not sent on to %s: %s", target, problem)
        return None

    def _by_call(self, account: AccountId) -> bool:
        return self._manners_of(account).forward_by is ForwardBy.CALL

    def _sent_on(self, invitation: Invitation, contact: str, cause: Cause) -> Forward:
        own_uri = self._manners_of(invitation.account).uri
        second = None
        if self._by_call(invitation.account):
            passed = invitation.diverted_by
            second = second_leg(contact, own_uri, cause, passed, invitation.hops)
        return Forward(contact, diversion(own_uri, cause), second)

    def _manners_of(self, account: AccountId) -> AccountManners:
        return self._accounts.get(account) or AccountManners(uri="")


def _unwanted(judgement: Judgement) -> Verdict | None:
    match judgement.treatment:
        case Treatment.BUSY:
            return Refuse(BUSY_HERE, EndReason.DECLINED, judgement.why)
        case Treatment.DECLINE:
            return Refuse(judgement.code, EndReason.DECLINED, judgement.why)
        case Treatment.IGNORE:
            return Ignore(judgement.why)
    return None
