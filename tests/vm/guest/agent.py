# SPDX-License-Identifier: GPL-2.0-or-later
"""Does in the guest what the tests outside ask for, one request at a time.

Requests and answers are lines of JSON on a port of the virtual machine.  `put` is followed by as
many bytes as it says.
"""

import json
import os
import pwd
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from tests.vm.guest.usb_descriptors import Identity
from tests.vm.guest.usb_phone import UsbPhone

PORT = "/dev/virtio-ports/org.offhook.test"
NOBODY_THERE_S = 0.05
"""A port whose other side is closed has no event to wait for."""


class Port:
    def __init__(self) -> None:
        self._fd = os.open(PORT, os.O_RDWR)
        self._kept = b""

    def line(self) -> bytes:
        while b"\n" not in self._kept:
            self._more()
        line, _, self._kept = self._kept.partition(b"\n")
        return line

    def bytes(self, count: int) -> bytes:
        parts = [self._kept]
        missing = count - len(self._kept)
        while missing > 0:
            self._kept = b""
            self._more()
            parts.append(self._kept)
            missing -= len(self._kept)
        whole = b"".join(parts)
        self._kept = whole[count:]
        return whole[:count]

    def send(self, answer: object) -> None:
        data = json.dumps(answer).encode() + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]

    def _more(self) -> None:
        while not (part := os.read(self._fd, 1 << 16)):
            time.sleep(NOBODY_THERE_S)
        self._kept += part


class Agent:
    def __init__(self, port: Port) -> None:
        self._port = port
        self._phones: dict[str, UsbPhone] = {}
        self._bus: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        self._port.send({"ready": True})
        while True:
            request = json.loads(self._port.line())
            do = getattr(self, f"do_{request.pop('do')}")
            try:
                self._port.send(do(**request))
            except Exception:  # noqa: BLE001 - the fence: whoever asked is told, and asks on
                self._port.send({"error": traceback.format_exc()})

    def do_run(self, argv: list[str], user: str, limit_s: float) -> dict[str, Any]:
        with tempfile.TemporaryFile() as output:
            process = _started(argv, user, stdin=subprocess.DEVNULL, stdout=output)
            end = os.pidfd_open(process.pid)
            in_time, _, _ = select.select([end], [], [], limit_s)
            os.close(end)
            if not in_time:
                os.killpg(process.pid, signal.SIGKILL)
                output.write(f"killed after {limit_s} s".encode())
            status = process.wait()
            output.seek(0)
            return {"status": status, "output": output.read().decode(errors="replace")}

    def do_bus(self, user: str, request: dict[str, Any]) -> Any:
        """What bus.py says to it."""
        if not self._bus:
            argv = [sys.executable, str(Path(__file__).with_name("bus.py"))]
            self._bus = _started(argv, user, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._bus.stdin
        assert self._bus.stdout
        self._bus.stdin.write(json.dumps(request).encode() + b"\n")
        self._bus.stdin.flush()
        return json.loads(self._bus.stdout.readline())

    def do_put(self, path: str, size: int) -> dict[str, Any]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(self._port.bytes(size))
        return {}

    def do_set_time(self, now: float) -> dict[str, Any]:
        """A machine that was saved wakes up in the past."""
        time.clock_settime(time.CLOCK_REALTIME, now)
        return {}

    def do_plug(self, name: str, identity: dict[str, Any]) -> dict[str, Any]:
        descriptor = bytes.fromhex(identity.pop("report_descriptor"))
        self._phones[name] = UsbPhone(Identity(**identity, report_descriptor=descriptor))
        self._phones[name].plug()
        return {"at": time.time()}

    def do_unplug(self, name: str) -> dict[str, Any]:
        self._phones.pop(name).unplug()
        return {"at": time.time()}

    def do_report(self, name: str, report: str) -> dict[str, Any]:
        self._phones[name].report(bytes.fromhex(report))
        return {"at": time.time()}

    def do_look(self, name: str) -> dict[str, Any]:
        phone = self._phones[name]
        return {"lamps": phone.lamps, "peak": phone.take_peak()}

    def do_await_lamps(self, name: str, report: str, limit_s: float) -> dict[str, Any]:
        self._phones[name].await_lamps(report, limit_s)
        return {}


def _started(argv: list[str], user: str, **pipes: Any) -> subprocess.Popen[bytes]:
    """As this user, with what a login sets.  By a program: with `user=`, Python would copy its
    whole address space first, which takes an emulated processor longer than most commands."""
    account = pwd.getpwnam(user)
    runtime = f"/run/user/{account.pw_uid}"
    environment = {
        "PATH": f"{account.pw_dir}/.local/bin:/usr/local/sbin:/usr/local/bin"
        ":/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": account.pw_dir,
        "USER": user,
        "LOGNAME": user,
        "XDG_RUNTIME_DIR": runtime,
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus",
    }
    ids = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    return subprocess.Popen(
        ["setpriv", *ids, *argv],
        stderr=subprocess.STDOUT,
        env=environment,
        cwd="/",
        start_new_session=True,
        **pipes,
    )


if __name__ == "__main__":
    Agent(Port()).serve()
