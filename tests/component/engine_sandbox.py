# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of test_sandbox.py: a sandbox cannot be left, so each has a process of its own."""

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

from offhookd.engine import sandbox
from tests.support.bare_engine import bare_engine, main


def is_permitted(action: Callable[[], object]) -> bool:
    try:
        action()
    except PermissionError:
        return False
    return True


def walls() -> list[str]:
    return list(sandbox.apply())


def files(folder: str) -> dict[str, bool]:
    """`folder` holds "ca.pem", "private" and the directory "recordings"."""
    here = Path(folder)
    os.environ["XDG_RUNTIME_DIR"] = f"{folder}/runtime"
    sandbox.apply(readable=[f"{folder}/ca.pem"], writable=[f"{folder}/recordings"])
    recording = here / "recordings" / "call.wav"
    return {
        "ca": is_permitted((here / "ca.pem").read_bytes),
        "private": is_permitted((here / "private").read_bytes),
        "listing": is_permitted(lambda: list(here.iterdir())),
        "write-ca": is_permitted(lambda: (here / "ca.pem").write_bytes(b"x")),
        "record": is_permitted(lambda: recording.write_bytes(b"x")),
        "replay": is_permitted(recording.read_bytes),
        "descriptors": is_permitted(lambda: list(Path("/proc/self/fd").iterdir())),
        "sound-directory": is_permitted(lambda: list((here / "runtime" / "pulse").iterdir())),
        "runtime-file": is_permitted((here / "runtime" / "secret").read_bytes),
        "execute": is_permitted(lambda: os.execv("/bin/false", ["false"])),  # noqa: S606 - it must fail
        "signal": is_permitted(lambda: os.kill(os.getppid(), 0)),
    }


def connects(path: str) -> bool:
    """To a socket in the file system, as the sound server's is."""
    sandbox.apply()
    with socket.socket(socket.AF_UNIX) as sock:
        return is_permitted(lambda: sock.connect(path))


def limits() -> list[int]:
    sandbox.apply()
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)
    return [resource.getrlimit(kind)[1] for kind in kinds]


def tight_limit_stays() -> int:
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    sandbox.apply()
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def engine_starts() -> bool:
    sandbox.apply()
    with bare_engine() as engine:
        return engine.port > 0


if __name__ == "__main__":
    main(
        {
            program.__name__: program
            for program in (walls, files, connects, limits, tight_limit_stays, engine_starts)
        }
    )
