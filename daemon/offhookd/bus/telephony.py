# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Telephony: placing calls, and acts on "the" call."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.desk import DeskLeg
from offhookd.phone.desk_calls import DeskCalls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    InvalidArgumentError,
    NoAccountError,
    NotRegisteredError,
    NotSupportedError,
)
from offhookd.phone.planner import Planned, Planner
from offhookd.phone.redial import last_dialled
from offhookd.phone.service import AccountSwitch, CallHistory
from offhookd.phone.swap import held_beside
from offhookd.phone.values import AccountId, CallState

from .completion import completion
from .exported import Exported, method, setter
from .options import options
from .paths import NOTHING, account_at, account_path, call_at, call_path, conference_path
from .signature import typed

_DIAL_OPTIONS = {
    "account": "o",
    "display-name": "s",
    "confirm": "b",
    "request-id": "s",
    "hide-caller-id": "b",
    "headers": "a{ss}",
    "muted": "b",
    "through": "s",
    "codecs": "as",
}
MOST_CODECS = 16
LONGEST_TEXT = 256
"""Of a name or request-id, in characters; both are kept for a while."""

_PARSED = {"uri": "s", "account": "o", "display-name": "s", "emergency": "b"}


class TelephonyInterface(Exported):
    interface = "org.offhook.Phone1.Telephony"

    def __init__(
        self,
        calls: Calls,
        accounts: Accounts,
        switch: AccountSwitch,
        history: CallHistory,
        planner: Planner,
        conferences: Conferences,
        desk: DeskCalls,
    ) -> None:
        self._calls = calls
        self._conferences = conferences
        self._desk = desk
        self._accounts = accounts
        self._switch = switch
        self._history = history
        self._planner = planner

    def values(self) -> Mapping[str, object]:
        default = self._accounts.default
        return {
            "Calls": [call_path(call.id) for call in self._calls],
            "FocusCall": _path_of(self._calls.focus),
            "RingingCall": _path_of(self._calls.ringing),
            "DefaultAccount": account_path(default.id) if default else NOTHING,
        }

    @setter("DefaultAccount")
    def set_default_account(self, path: str) -> None:
        self._switch.prefer(account_at(path, self._accounts))

    @method("Dial")
    def dial(self, target: str, given: dict[str, object]) -> str:
        chosen: dict[str, Any] = options(given, _DIAL_OPTIONS)
        for option in ("display-name", "request-id"):
            _check_text(option, chosen.get(option, ""))
        asked = chosen.get("account", NOTHING)
        named = None if asked == NOTHING else account_at(asked, self._accounts)
        wanted = DialOptions(
            confirm=chosen.get("confirm", False),
            request_id=chosen.get("request-id", ""),
            muted=chosen.get("muted", False),
            headers=chosen.get("headers", {}),
            codecs=_codecs(chosen.get("codecs", ())),
        )
        hide = chosen.get("hide-caller-id")
        planned, desk = self._planned(target, named, chosen.get("through", ""))
        if desk:
            _check_desk_options(desk, chosen)
        name = chosen.get("display-name") or planned.display_name
        return self._place(planned, name, replace(wanted, desk=desk), hide)

    def _planned(
        self, target: str, named: AccountId | None, through: str
    ) -> tuple[Planned, DeskLeg | None]:
        """What to dial, and which desk phone is to: one that may do without our account."""
        try:
            planned = self._planner.plan(target, named)
        except (NoAccountError, NotRegisteredError):
            if not self._desk.available:
                raise
            planned = self._planner.preview(target)
            desk = self._desk.choose(through, named or planned.account, emergency=planned.emergency)
            if desk is None:
                raise
            return planned, desk
        return planned, self._desk.choose(through, planned.account, emergency=planned.emergency)

    @method("ParseTarget")
    def parse_target(self, target: str) -> dict[str, object]:
        planned = self._planner.preview(target)
        result = {
            "uri": planned.uri,
            "account": account_path(planned.account) if planned.account else NOTHING,
            "display-name": planned.display_name,
            "emergency": planned.emergency,
        }
        return dict(typed(_PARSED, result))

    @method("Answer")
    def answer(self, path: str) -> Awaitable[None]:
        call = self._named(path, CallState.INCOMING)
        return completion(partial(self._calls.answer, call))

    @method("Hangup")
    def hangup(self, path: str) -> Awaitable[None]:
        return completion(partial(self._calls.hangup, self._named(path)))

    @method("Merge")
    async def merge(self, paths: list[str]) -> str:
        calls = [call_at(path, self._calls) for path in paths]
        await completion(partial(self._conferences.merge, calls))
        return conference_path(calls[0].conference)

    @method("HangupAll")
    async def hangup_all(self) -> None:
        """But for those that only a desk phone can end."""
        up = [call for call in self._calls if "Hangup" in call.actions]
        ends = [completion(partial(self._calls.hangup, call)) for call in up]
        await asyncio.gather(*ends)

    @method("Swap")
    def swap(self) -> Awaitable[None]:
        return completion(partial(self._calls.hold, held_beside(self._calls), False))

    @method("Redial")
    def redial(self) -> str:
        last = last_dialled(self._history, self._calls)
        known = self._accounts.get(last.account)
        named = last.account if known and known.can_call else None
        through = last.through if self._desk.knows(last.through) else ""
        planned, desk = self._planned(last.peer_uri, named, through)
        return self._place(planned, last.peer_name, DialOptions(desk=desk), None)

    def _place(self, planned: Planned, name: str, given: DialOptions, hide: bool | None) -> str:
        options = self._planner.options(planned, given, hide)
        return call_path(self._calls.dial(planned.uri, name, planned.account, options).id)

    def _named(self, path: str, *states: CallState) -> Call:
        if path == NOTHING:
            return self._calls.only(*states)
        return call_at(path, self._calls)


def _path_of(call: Call | None) -> str:
    return call_path(call.id) if call else NOTHING


def _codecs(names: Sequence[str]) -> tuple[str, ...]:
    """Which of them there are is for the engine to say."""
    if len(names) > MOST_CODECS:
        raise InvalidArgumentError(f"option codecs: {MOST_CODECS} names at most are wanted")
    for name in names:
        _check_text("codecs", name)
    return tuple(names)


def _check_desk_options(desk: DeskLeg, chosen: Mapping[str, object]) -> None:
    for option in ("muted", "headers", "hide-caller-id", "codecs"):
        if chosen.get(option):
            raise NotSupportedError(
                f"option {option}: desk phone '{desk.phone}' makes the call as it is set up itself"
            )


def _check_text(option: str, text: str) -> None:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise InvalidArgumentError(
            f"option {option}: one line of {LONGEST_TEXT} characters at most is wanted"
        )
