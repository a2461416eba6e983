# SPDX-License-Identifier: GPL-2.0-or-later
"""What the configuration says about calls, told to those who decide about them."""

from collections.abc import Callable

from offhookd.config.schema import AccountConfig, Config
from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dial_plan import DialPlan
from offhookd.phone.emergency import Emergency
from offhookd.phone.numbering import Numbering
from offhookd.phone.numbers import domain_of
from offhookd.phone.planner import Outgoing, Planner
from offhookd.phone.ports import Clock, Timer
from offhookd.phone.problems import Problems
from offhookd.phone.reception import AccountManners, Manners, Reception
from offhookd.phone.standing import Standing
from offhookd.phone.values import AccountId
from offhookd.phone.waits import is_out
from offhookd.phone.wishes import ChoiceStore, Wishes

UNREACHABLE = "emergency-unreachable"
GRACE_S = 3.0
"""An engine that restarts and a server that is tried again are back before this: no alarm."""


class Rules:
    """`planner` for calls that go out; those that come in are decided about from now on, and
    `standing` is told to servers that ask."""

    def __init__(
        self,
        accounts: Accounts,
        calls: Calls,
        choices: ChoiceStore,
        problems: Problems,
        clock: Clock,
        tell_standing: Callable[[AccountId, int], None],
    ) -> None:
        self.wishes = Wishes(choices)
        self.numbering = Numbering()
        self._accounts = accounts
        self._problems = problems
        self._clock = clock
        self._alarm: Timer | None = None
        self._emergency = Emergency(clock)
        self.planner = Planner(accounts, self._emergency)
        self._reception = Reception(
            self.wishes, self._emergency, self.planner.forward_target, calls.elsewhere
        )
        self.by_hand = self._reception.by_hand
        self._calls = calls
        self.standing = Standing(calls, accounts, self._stand, tell_standing)
        self.wishes.changed.connect(lambda _: self.standing.look())
        calls.decide = self._reception.decide
        calls.added.connect(self._note_emergency)
        calls.changed.connect(self._note_emergency)
        accounts.changed.connect(lambda _: self._judge())
        accounts.removed.connect(lambda _: self._judge())

    def apply(self, config: Config, country: str) -> None:
        """`country`: where the phone is, in two letters, or ""."""
        self.numbering = Numbering(country)
        self._emergency.rules = config.emergency
        self._emergency.numbering = self.numbering
        accounts = config.accounts.values()
        self.planner.configure(
            {one.id: _outgoing(one, country) for one in accounts}, config.devices.speed_dials
        )
        manners = Manners(
            dnd_code=config.calls.dnd_code,
            screening=config.screening,
            auto_answer=config.auto_answer,
            ringing=config.ringing,
        )
        own = {one.id: _manners(one) for one in accounts}
        self._reception.configure(manners, own, self.numbering)
        self.standing.look()
        self._judge()

    def reach_the_same(self, one: str, other: str) -> bool:
        """Whether two numbers are one telephone's."""
        return self.numbering.same(one, other)

    def _stand(self, account: AccountId) -> int:
        return self._reception.standing(account, self._calls, self._calls.limit)

    def _note_emergency(self, call: Call) -> None:
        if call.emergency and is_out(call):
            self._emergency.called()

    def _judge(self) -> None:
        """Clear the warning at once, and raise it when there is reason to."""
        if not self._emergency.warning(self._accounts):
            self._problems.clear(UNREACHABLE)
            if self._alarm:
                self._alarm.cancel()
                self._alarm = None
        elif self._alarm is None:
            self._alarm = self._clock.call_later(GRACE_S, self._warn)

    def _warn(self) -> None:
        self._alarm = None
        self._problems.hold(UNREACHABLE, self._emergency.warning(self._accounts))


def _outgoing(account: AccountConfig, country: str) -> Outgoing:
    identity = {"P-Preferred-Identity": f"<{account.identity}>"} if account.identity else {}
    return Outgoing(
        domain=domain_of(account.uri),
        plan=DialPlan(
            outside_prefix=account.outside_prefix,
            extension_digits=account.extension_digits,
            number_format=account.number_format,
            rewrite=account.rewrite,
        ),
        country=account.country or country,
        use_for=account.use_for,
        hide_caller_id=account.hide_caller_id,
        headers=identity,
    )


def _manners(account: AccountConfig) -> AccountManners:
    return AccountManners(
        uri=account.uri,
        group=account.ring_group,
        call_waiting=account.call_waiting,
        ring=account.ring,
        auto_answer_s=account.auto_answer_seconds,
        forward_by=account.forward_by,
    )
