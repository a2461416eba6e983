# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest as the tests see it: commands, files and USB phones, through its agent."""

import json
import shlex
import time
from pathlib import Path
from typing import Any, Self

from tests.vm.debian import USER
from tests.vm.machine import Machine

BOOT_LIMIT_S = 600.0
COMMAND_LIMIT_S = 400.0
GRACE_S = 20.0
"""The agent's own limit comes first, so that the answer tells what hung."""

NAP_S = 3.0
"""The machine's clock counts whole seconds: it must see that some have passed."""


class CommandError(Exception):
    """A command in the guest failed; the text is what it wrote."""


class Guest:
    """A running machine."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        self.machine = Machine(root, state)
        self._kept = b""
        if state:
            self.ask("set_time", now=time.time())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.close()

    def wait_for_agent(self) -> None:
        assert self._answer(BOOT_LIMIT_S) == {"ready": True}

    def run(self, *argv: str, user: str = USER, limit_s: float = COMMAND_LIMIT_S) -> str:
        """What the command wrote; `CommandError` when it fails."""
        status, output = self.attempt(*argv, user=user, limit_s=limit_s)
        if status:
            raise CommandError(f"{shlex.join(argv)} ended with {status}: {output}")
        return output

    def attempt(
        self, *argv: str, user: str = USER, limit_s: float = COMMAND_LIMIT_S
    ) -> tuple[int, str]:
        """Exit status and what it wrote."""
        answer = self.ask("run", limit_s + GRACE_S, argv=argv, user=user, limit_s=limit_s)
        return answer["status"], answer["output"]

    def shell(self, script: str, user: str = USER, limit_s: float = COMMAND_LIMIT_S) -> str:
        return self.run("bash", "-euc", script, user=user, limit_s=limit_s)

    def put(self, path: str, data: bytes) -> None:
        """A file, owned by root."""
        self.ask("put", payload=data, path=path, size=len(data))

    def sleep_and_wake(self) -> None:
        """Suspend to memory, and a key is pressed."""
        self.run("systemctl", "suspend", user="root")
        self.machine.wait_for("suspended")
        time.sleep(NAP_S)
        self.machine.monitor("system_wakeup")

    def ask(
        self, do: str, patience_s: float = COMMAND_LIMIT_S, payload: bytes = b"", **words: Any
    ) -> Any:
        """One request to the agent, and its answer."""
        self.machine.agent.settimeout(patience_s)
        self.machine.agent.sendall(json.dumps({"do": do, **words}).encode() + b"\n" + payload)
        answer = self._answer(patience_s)
        if "error" in answer:
            raise CommandError(answer["error"])
        return answer

    def _answer(self, limit_s: float) -> Any:
        self.machine.agent.settimeout(limit_s)
        while b"\n" not in self._kept:
            try:
                part = self.machine.agent.recv(1 << 16)
            except TimeoutError:
                raise CommandError(f"the guest is silent: {self.machine.log}") from None
            if not part:
                raise CommandError(f"the guest is gone: {self.machine.log}")
            self._kept += part
        line, _, self._kept = self._kept.partition(b"\n")
        return json.loads(line)
