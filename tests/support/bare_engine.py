# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIP stack with nothing of ours around it, and programs that run with one in a child process.

The stack aborts its process when it is misused, and one process can hold one only: so no test
loads it itself.  A test calls `run`, which starts ``python -m MODULE PROGRAM``; the module's
`main` calls the function of that name, and what it returns comes back as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import PATIENCE_S

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 3 * PATIENCE_S


@dataclass(frozen=True, slots=True)
class Outcome:
    """`value` is what the program returned; None when it died, and `status` says of what."""

    status: int
    value: Any
    errors: str


def run(module: str, program: str, *arguments: str, timeout_s: float = TIMEOUT_S) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", module, program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    value = json.loads(answers[-1])["value"] if answers and done.returncode == 0 else None
    return Outcome(done.returncode, value, done.stderr)


def main(programs: dict[str, Callable[..., Any]]) -> None:
    value = programs[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"value": value}), flush=True)


@dataclass(slots=True)
class BareEngine:
    pj: Any
    endpoint: Any
    port: int

    def pump(self, done: Callable[[], object], timeout_ms: int = 2000) -> bool:
        """Run the stack until `done()`, for at most about `timeout_ms`."""
        for _ in range(timeout_ms // 10):
            if done():
                return True
            self.endpoint.libHandleEvents(10)
        return bool(done())

    def transport(self, kind: int, address: str = "127.0.0.1", **settings: Any) -> int:
        """Add a transport on a free port; returns the port."""
        config = self.pj.TransportConfig()
        config.boundAddress = address
        for name, value in settings.items():
            setattr(config.tlsConfig, name, value)
        made = self.endpoint.transportCreate(kind, config)
        return int(self.endpoint.transportGetInfo(made).localAddress.rsplit(":", 1)[1])


@contextmanager
def bare_engine() -> Iterator[BareEngine]:
    """One thread, no sound device, UDP on a free port of 127.0.0.1, silent log."""
    import pjsua2 as pj  # noqa: PLC0415 - a test that imports this module must not load it

    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.threadCnt = 0
    config.medConfig.hasIoqueue = False
    endpoint.libInit(config)
    engine = BareEngine(pj, endpoint, 0)
    engine.port = engine.transport(pj.PJSIP_TRANSPORT_UDP)
    endpoint.libStart()
    endpoint.audDevManager().setNoDev()
    try:
        yield engine
    finally:
        endpoint.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)
