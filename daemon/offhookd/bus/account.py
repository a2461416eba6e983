# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Account."""

from collections.abc import Awaitable, Mapping

from offhookd.phone.account import Account
from offhookd.phone.service import AccountSwitch
from offhookd.phone.values import AccountState

from .completion import completion
from .exported import Exported, method, setter


class AccountInterface(Exported):
    interface = "org.offhook.Phone1.Account"

    def __init__(self, account: Account, switch: AccountSwitch) -> None:
        self._account = account
        self._switch = switch

    def values(self) -> Mapping[str, object]:
        account = self._account
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
        }

    @setter("Enabled")
    def set_enabled(self, enabled: bool) -> None:
        self._switch.enable(self._account, enabled)

    @method("Register")
    def register(self) -> Awaitable[None]:
        return completion(self._account.register)
