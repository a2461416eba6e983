# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Account."""

from collections.abc import Awaitable, Mapping

from offhookd.phone.account import Account
from offhookd.phone.planner import Planner
from offhookd.phone.service import AccountSwitch
from offhookd.phone.values import AccountState

from .completion import completion
from .exported import Exported, method, setter


class AccountInterface(Exported):
    interface = "org.offhook.Phone1.Account"

    def __init__(self, account: Account, switch: AccountSwitch, planner: Planner) -> None:
        self._account = account
        self._switch = switch
        self._planner = planner

    def values(self) -> Mapping[str, object]:
        account = self._account
        wishes = self._switch.wishes.of(account.id)
        in_use = account.state is AccountState.REGISTERED
        return {
            "Id": account.id,
            "Label": account.facts.label,
            "Uri": account.facts.uri,
            "Enabled": account.enabled,
            "State": account.state,
            "StateReason": account.reason,
            "StateCode": account.code,
            "StateText": account.text,
            "NextAttempt": account.next_attempt_us,
            "Transport": account.facts.transport if in_use else "",
            "DoNotDisturb": wishes.do_not_disturb,
            "ForwardAlways": wishes.forward_always,
            "ForwardBusy": wishes.forward_busy,
            "ForwardNoAnswer": wishes.forward_no_answer,
            "ForwardNoAnswerSeconds": wishes.forward_no_answer_seconds,
            "MessagesNew": account.mailbox.new,
            "MessagesOld": account.mailbox.old,
            "VoicemailUri": account.voicemail_uri,
        }

    @setter("Enabled")
    def set_enabled(self, enabled: bool) -> None:
        self._switch.enable(self._account, enabled)

    @setter("DoNotDisturb")
    def set_do_not_disturb(self, wanted: bool) -> None:
        self._switch.wishes.set_do_not_disturb(self._account.id, wanted)

    @setter("ForwardAlways")
    def set_forward_always(self, target: str) -> None:
        self._switch.wishes.set_forward_always(self._account.id, self._checked(target))

    @setter("ForwardBusy")
    def set_forward_busy(self, target: str) -> None:
        self._switch.wishes.set_forward_busy(self._account.id, self._checked(target))

    @setter("ForwardNoAnswer")
    def set_forward_no_answer(self, target: str) -> None:
        self._switch.wishes.set_forward_no_answer(self._account.id, self._checked(target))

    @setter("ForwardNoAnswerSeconds")
    def set_forward_no_answer_seconds(self, seconds: int) -> None:
        self._switch.wishes.set_forward_no_answer_seconds(self._account.id, seconds)

    def _checked(self, target: str) -> str:
        """`target` as it was entered, once it is clear that it can be dialled."""
        if target.strip():
            self._planner.forward_target(self._account.id, target)
        return target

    @method("Register")
    def register(self) -> Awaitable[None]:
        return completion(self._account.register)
