# SPDX-License-Identifier: GPL-2.0-or-later
"""One SIP identity."""

from .objects import PhoneObject, Property

ACCOUNT = "org.offhook.Phone1.Account"

FORWARDS = {
    "always": "ForwardAlways",
    "busy": "ForwardBusy",
    "no-answer": "ForwardNoAnswer",
}


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
    do_not_disturb = Property(ACCOUNT, "DoNotDisturb", False)
    forward_always = Property(ACCOUNT, "ForwardAlways", "")
    forward_busy = Property(ACCOUNT, "ForwardBusy", "")
    forward_no_answer = Property(ACCOUNT, "ForwardNoAnswer", "")
    forward_no_answer_seconds = Property(ACCOUNT, "ForwardNoAnswerSeconds", 0)
    messages_new = Property(ACCOUNT, "MessagesNew", 0)
    messages_old = Property(ACCOUNT, "MessagesOld", 0)
    voicemail_uri = Property(ACCOUNT, "VoicemailUri", "")

    async def register(self) -> None:
        """Register now; returns when the registrar accepted it."""
        await self._call(ACCOUNT, "Register")

    async def enable(self, enabled: bool = True) -> None:
        """Use it, or unregister it; it stays so."""
        await self._set(ACCOUNT, "Enabled", "b", enabled)

    async def set_do_not_disturb(self, wanted: bool) -> None:
        """Whether calls to it are refused, or sent on as a busy line would be; it stays so."""
        await self._set(ACCOUNT, "DoNotDisturb", "b", wanted)

    async def forward(self, when: str, target: str) -> None:
        """Send calls on to `target`, "" for no more; `when` is "always", "busy" or "no-answer"."""
        await self._set(ACCOUNT, FORWARDS[when], "s", target)

    async def forward_after(self, seconds: int) -> None:
        """How long a call rings before "no-answer" sends it on."""
        await self._set(ACCOUNT, "ForwardNoAnswerSeconds", "u", seconds)
