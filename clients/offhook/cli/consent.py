# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks a person whether to dial what another program chose, on the terminal or the desktop."""

import asyncio
import os
import shutil
import sys
from functools import partial

from offhook.bus import Bus, Reply, Signal, variant
from offhook.errors import OffhookError

from .output import clean
from .refusal import RefusedError

NOTIFICATIONS = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_DIAL, _CANCEL = "dial", "cancel"
_CRITICAL = 2  # stays until it is answered
_NEVER_EXPIRES = 0

_DIALOGS = (
    ("zenity", "--question", "--no-markup", "--title=offhook", "--text"),
    ("kdialog", "--title=offhook", "--yesno"),
)
"""A window with two buttons; exit status 0 is yes.  The question follows."""

ANSWER_LIMIT_S = 120.0
"""A question still open after this long was not seen, and must not dial when it is found later."""

YES = {"y", "yes"}


async def ask(uri: str) -> bool:
    """Whether a person says yes within two minutes; RefusedError when nobody can be asked."""
    question = f"Call {clean(uri)}?"
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            if sys.stdin.isatty() and sys.stdout.isatty():
                return await _ask_terminal(question)
            answer = await _ask_notification(question)
            if answer is None:
                answer = await _ask_dialog(question)
    except TimeoutError:
        return False
    if answer is None:
        raise RefusedError(
            "Another program chose this target and there is nobody to ask: no terminal, no "
            "notifications with buttons, no zenity or kdialog. Use offhook dial without --confirm",
        )
    return answer


async def _ask_terminal(question: str) -> bool:
    print(f"{question} [y/N] ", end="", flush=True)
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    # A thread that reads could not be ended by Ctrl-C.
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip().lower() in YES


async def _ask_notification(question: str) -> bool | None:
    """By a notification with buttons; None where none can be shown."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    shown = Reply("", [0])

    def remember(reply: Reply) -> None:
        nonlocal shown
        shown = reply

    def hear(signal: Signal) -> None:
        if answer.done() or signal.sender != shown.sender or signal.body[:1] != shown.body:
            return
        match signal.member, signal.body:
            case "ActionInvoked", [_, action]:
                answer.set_result(action == _DIAL)
            case "NotificationClosed", _:
                answer.set_result(False)

    try:
        async with Bus(on_signal=hear) as bus:
            request = partial(bus.call, NOTIFICATIONS, _PATH, NOTIFICATIONS)
            if "actions" not in (await request("GetCapabilities"))[0]:
                return None
            await bus.ask("AddMatch", "s", f"type='signal',interface='{NOTIFICATIONS}'")
            await request("Notify", "susssasa{sv}i", *_notification(question), on_reply=remember)
            try:
                return await answer
            finally:
                if not answer.done() or answer.cancelled():
                    await request("CloseNotification", "u", *shown.body)
    except OffhookError:
        return None


def _notification(question: str) -> tuple[object, ...]:
    """The question is the summary: a body may be read as markup."""
    buttons = [_DIAL, "Call", _CANCEL, "Cancel"]
    hints = {"urgency": variant("y", _CRITICAL)}
    return "offhook", 0, "call-start", question, "", buttons, hints, _NEVER_EXPIRES


async def _ask_dialog(question: str) -> bool | None:
    """By a window; None where none can be shown."""
    if not (os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")):
        return None
    for program, *options in _DIALOGS:
        if shutil.which(program):
            process = await asyncio.create_subprocess_exec(
                program, *options, question, stderr=asyncio.subprocess.DEVNULL
            )
            try:
                return await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
    return None
