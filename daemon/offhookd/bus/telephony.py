# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Telephony: placing calls, and acts on "the" call."""

import asyncio
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any

from offhookd.phone.accounts import Accounts
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import InvalidArgumentError, NotSupportedError
from offhookd.phone.numbers import Target, domain_of, parse_target
from offhookd.phone.redial import last_dialled
from offhookd.phone.service import AccountSwitch, CallHistory
from offhookd.phone.values import AccountId, CallState

from .completion import completion
from .exported import Exported, method, setter
from .options import options
from .paths import NOTHING, account_at, account_path, call_id, call_path
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
}
LONGEST_TEXT = 256
"""Of a name or request-id, in characters; both are kept for a while."""

_PARSED = {"uri": "s", "account": "o", "display-name": "s", "emergency": "b"}


class TelephonyInterface(Exported):
    interface = "org.offhook.Phone1.Telephony"

    def __init__(
        self, calls: Calls, accounts: Accounts, switch: AccountSwitch, history: CallHistory
    ) -> None:
        self._calls = calls
        self._accounts = accounts
        self._switch = switch
        self._history = history

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
        if chosen.get("through"):
            raise NotSupportedError("No desk phone is configured to dial through")
        asked = chosen.get("account", NOTHING)
        named = None if asked == NOTHING else account_at(asked, self._accounts)
        parsed, account = self._parse(target, named)
        call = self._calls.dial(
            parsed.uri,
            chosen.get("display-name") or parsed.display_name,
            account,
            DialOptions(
                confirm=chosen.get("confirm", False),
                request_id=chosen.get("request-id", ""),
                anonymous=chosen.get("hide-caller-id", False),
                muted=chosen.get("muted", False),
                headers=chosen.get("headers", {}),
            ),
        )
        return call_path(call.id)

    @method("ParseTarget")
    def parse_target(self, target: str) -> dict[str, object]:
        default = self._accounts.default
        domain = domain_of(default.facts.uri) if default else ""
        parsed = parse_target(target, domain)
        result = {
            "uri": parsed.uri,
            "account": account_path(default.id) if default else NOTHING,
            "display-name": parsed.display_name,
            "emergency": parsed.emergency,
        }
        return dict(typed(_PARSED, result))

    @method("Answer")
    def answer(self, path: str) -> Awaitable[None]:
        call = self._named(path, CallState.INCOMING)
        return completion(partial(self._calls.answer, call))

    @method("Hangup")
    def hangup(self, path: str) -> Awaitable[None]:
        return completion(partial(self._calls.hangup, self._named(path)))

    @method("HangupAll")
    async def hangup_all(self) -> None:
        ends = [completion(partial(self._calls.hangup, call)) for call in self._calls if call.up]
        await asyncio.gather(*ends)

    @method("Redial")
    def redial(self) -> str:
        last = last_dialled(self._history, self._calls)
        known = self._accounts.get(last.account)
        account = self._accounts.choose(last.account if known and known.can_call else None)
        call = self._calls.dial(last.peer_uri, last.peer_name, account.id, DialOptions())
        return call_path(call.id)

    def _parse(self, target: str, named: AccountId | None) -> tuple[Target, AccountId]:
        """What to dial and on which account.  Nonsense is told before a missing account is."""
        if named is None and (default := self._accounts.default) is not None:
            parse_target(target, domain_of(default.facts.uri))
        account = self._accounts.choose(named)
        return parse_target(target, domain_of(account.facts.uri)), account.id

    def _named(self, path: str, *states: CallState) -> Call:
        if path == NOTHING:
            return self._calls.only(*states)
        call = self._calls.get(call_id(path))
        if call is None:
            raise InvalidArgumentError(f"The call {path} is gone")
        return call


def _path_of(call: Call | None) -> str:
    return call_path(call.id) if call else NOTHING


def _check_text(option: str, text: str) -> None:
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise InvalidArgumentError(
            f"option {option}: one line of {LONGEST_TEXT} characters at most is wanted"
        )
