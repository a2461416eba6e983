# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's programs and pages at the moments of a call."""

import asyncio
import logging
import os
from collections.abc import Callable

from offhookd.config.schema import Config
from offhookd.desktop import program
from offhookd.directory.keys import key_of
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.moments import Moment, Moments, facts
from offhookd.phone.pop import is_trusted, page_for
from offhookd.phone.problems import Problems
from offhookd.phone.values import Direction

MOST_RUNNING = 8
"""Programs at once: a caller who rings and gives up must not be able to fill the machine."""
MOST_OUTPUT_BYTES = 1_000
BROWSER = ("xdg-open",)

logger = logging.getLogger(__name__)


class Hooks:
    """Runs what the configuration names; nothing here can hold up a call.

    `country` as in `key_of`.  A program that fails is a problem until it works again.
    """

    def __init__(
        self,
        calls: Calls,
        moments: Moments,
        problems: Problems,
        config: Callable[[], Config],
        country: Callable[[], str],
    ) -> None:
        self._calls = calls
        self._problems = problems
        self._config = config
        self._country = country
        self._tasks: set[asyncio.Task[None]] = set()
        moments.came.connect(self._came)

    def stop(self) -> None:
        """Programs that still run are ended."""
        for task in self._tasks:
            task.cancel()

    def _came(self, moment: Moment, call: Call) -> None:
        hooks, pop = self._config().hooks, self._config().screen_pop
        if command := hooks.commands.get(moment):
            told = {**os.environ, **facts(moment, call)}
            told["OFFHOOK_PEER_NUMBER"] = self._number(call)
            self._spawn(f"hooks.{moment}", command, told, hooks.timeout_seconds)
        if pop.url and call.direction is Direction.INCOMING and moment is pop.at:
            url = page_for(pop.url, call, self._number(call))
            self._calls.offer_page(call, url)
            if is_trusted(url, pop.sites):
                command = (*BROWSER, url)
                self._spawn("screen_pop", command, dict(os.environ), hooks.timeout_seconds)

    def _number(self, call: Call) -> str:
        return key_of(call.far_uri, self._country())

    def _spawn(
        self, key: str, command: tuple[str, ...], environment: dict[str, str], seconds: int
    ) -> None:
        if len(self._tasks) >= MOST_RUNNING:
            self._problems.raise_("hook-failed", f"{MOST_RUNNING} programs still run", key)
            return
        task = asyncio.create_task(self._run(key, command, environment, seconds), name=key)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self, key: str, command: tuple[str, ...], environment: dict[str, str], seconds: int
    ) -> None:
        try:
            answer = await program.answer(command, seconds, MOST_OUTPUT_BYTES, environment)
        except TimeoutError:
            failure = f"took longer than {seconds} s and was ended"
        except OSError as error:
            failure = f"cannot be started: {error.strerror}"
        else:
            said = answer.complaint.decode(errors="replace") or "nothing on standard error"
            failure = f"failed with status {answer.status}: {said}" if answer.status else ""
        text = failure and f"{key}: {command[0]} {failure}"
        if text:
            logger.warning("%s", text)
        self._problems.hold("hook-failed", text, key)
