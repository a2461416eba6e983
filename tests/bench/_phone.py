# SPDX-License-Identifier: GPL-2.0-or-later
"""A real offhookd on a bus of its own, for the length of a measurement."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench._client import Client
from tests.support import config_file
from tests.support.processes import wait_until

STOP_S = 5.0
PROGRAM = Path(sys.executable).with_name("offhookd")


@dataclass(frozen=True, slots=True)
class Phone:
    """Times are nanoseconds since 1970."""

    process: subprocess.Popen[bytes]
    exec_ns: int
    on_bus_ns: int
    """When a client heard that it owns its name."""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def engine_pid(self) -> int:
        """The child; AssertionError when there is none."""
        wait_until(lambda: _children(self.pid), STOP_S, "the engine process")
        return _children(self.pid)[0]

    def stop(self) -> float:
        """End it as the service manager does; the seconds that took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(STOP_S)
        return time.monotonic() - began


@contextmanager
def phone(
    directory: Path, config: str, environment: Mapping[str, str], client: Client
) -> Iterator[Phone]:
    """A daemon with this configuration, started as the service manager does, on the bus; killed at
    the end if it still runs."""
    log = directory / "offhookd.log"
    config_file.write(directory / "offhook" / "offhook.yaml", config)
    kept = {
        "XDG_CONFIG_HOME": str(directory),
        "XDG_STATE_HOME": str(directory / "state"),
        "XDG_CACHE_HOME": str(directory / "cache"),
    }
    env = as_installed({**os.environ, **kept, **environment})
    client.seen.clear()
    with log.open("ab") as output:
        exec_ns = time.time_ns()
        process = subprocess.Popen([PROGRAM], env=env, stderr=output)
    try:
        yield Phone(process, exec_ns, client.wait_for_name())
    except BaseException:
        print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def as_installed(environment: Mapping[str, str]) -> dict[str, str]:
    """Python keeps what it compiles: else the daemon compiles itself at each start, 250 modules
    that take 0.2 s and leave 1.5 MB behind."""
    return {k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
