# SPDX-License-Identifier: GPL-2.0-or-later
"""One SIP identity."""

from .objects import PhoneObject, Property

ACCOUNT = "org.offhook.Phone1.Account"


class Account(PhoneObject):
    """Times are microseconds since 1970, 0 for never; codes are SIP's, 0 for none."""

    id = Property(ACCOUNT, "Id", "")
    label = Property(ACCOUNT, "Label", "")
    uri = Property(ACCOUNT, "Uri", "")
    enabled = Property(ACCOUNT, "Enabled", True)
    state = Property(ACCOUNT, "State", "failed")
    state_reason = Property(ACCOUNT, "StateReason", "")
    state_code = Property(ACCOUNT, "StateCode", 0)
    state_text = Property(ACCOUNT, "StateText", "")
    next_attempt = Property(ACCOUNT, "NextAttempt", 0)
    transport = Property(ACCOUNT, "Transport", "")

    async def register(self) -> None:
        """Register now; returns when the registrar accepted it."""
        await self._call(ACCOUNT, "Register")

    async def enable(self, enabled: bool = True) -> None:
        await self._set(ACCOUNT, "Enabled", "b", enabled)
