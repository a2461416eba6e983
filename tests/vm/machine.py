# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine: QEMU without hardware acceleration, so that it runs the same everywhere."""

import json
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.support.processes import wait_until
from tests.vm import initrd

MEMORY_MB = 1024
PROCESSOR = "Nehalem-v1"
"""The least for which today's programs are built (x86-64-v2).  What newer ones can, costs: "max"
takes a tenth to a fourth more time for the same."""
START_LIMIT_S = 60.0
SAVE_LIMIT_S = 120.0
END_LIMIT_S = 10.0
POLL_S = 0.02
KERNEL_WORDS = (
    "console=ttyS0 quiet loglevel=4 panic=-1 no5lvl mitigations=off audit=0 tsc=reliable"
    " no_timer_check systemd.show_status=0"
)


class Machine:
    """Booted from the disk in `root`, or resumed from `state`; ended by `close`."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="offhook-vm-"))
        (self.directory / "initrd").write_bytes(initrd.archive(root))
        with (self.directory / "qemu.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self._command(root, state)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.agent = self._connected("agent")
        self._monitor = self._connected("monitor")
        self._answers = self._monitor.makefile("rb")
        self._answers.readline()  # its greeting
        self.monitor("qmp_capabilities")
        if state:
            self.wait_for("running", "paused")
            self.monitor("cont")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Idempotent."""
        with suppress(OSError):
            self._monitor.sendall(b'{"execute": "quit"}')
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for one in (self.agent, self._answers, self._monitor):
            one.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def monitor(self, execute: str, **arguments: Any) -> Any:
        """A command of QEMU's machine protocol."""
        request = {"execute": execute, "arguments": arguments}
        self._monitor.sendall(json.dumps(request).encode() + b"\n")
        while line := self._answers.readline():
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"QEMU: {answer['error']['desc']}")
        raise RuntimeError(f"QEMU ended: {self.log}")

    def save(self, path: Path) -> None:
        """Stop, and keep all that the machine is in a file."""
        self.monitor("stop")
        self.monitor("migrate-set-parameters", **{"max-bandwidth": 1 << 34})
        self.monitor("migrate", uri=f"exec:cat > {shlex.quote(str(path))}")
        deadline = time.monotonic() + SAVE_LIMIT_S
        while (status := self.monitor("query-migrate").get("status")) != "completed":
            if status == "failed" or time.monotonic() > deadline:
                raise RuntimeError(f"the guest could not be saved ({status})")
            time.sleep(POLL_S)

    @property
    def log(self) -> str:
        """What QEMU and the guest's kernel wrote."""
        texts = (self.directory / name for name in ("qemu.log", "console"))
        return "\n".join(one.read_text(errors="replace") for one in texts if one.exists())

    def wait_for(self, *states: str) -> None:
        """One of QEMU's run states."""
        wait_until(
            lambda: self.monitor("query-status")["status"] in states,
            START_LIMIT_S,
            f"the machine to be {' or '.join(states)}",
        )

    def _connected(self, name: str) -> socket.socket:
        end = socket.socket(socket.AF_UNIX)
        path = str(self.directory / name)

        def reached() -> bool:
            if self._process.poll() is not None:
                raise RuntimeError(f"QEMU ended at its start: {self.log}")
            return end.connect_ex(path) == 0

        wait_until(reached, START_LIMIT_S, "QEMU to listen")
        return end

    def _command(self, root: Path, state: Path | None) -> list[str]:
        here = str(self.directory).replace(",", ",,")
        disk = str(root / "root.ext4").replace(",", ",,")
        words = [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", PROCESSOR),
            *("-smp", "2", "-m", str(MEMORY_MB), "-machine", "pc,usb=off", "-no-reboot"),
            *("-nodefaults", "-nic", "none", "-display", "none", "-vga", "none"),
            *("-serial", f"file:{here}/console"),
            *("-chardev", f"socket,id=monitor,path={here}/monitor,server=on,wait=off"),
            *("-mon", "chardev=monitor,mode=control"),
            *("-kernel", str(root / "vmlinuz"), "-initrd", f"{here}/initrd"),
            *("-append", KERNEL_WORDS),
            *("-drive", f"file={disk},if=none,id=root,format=raw,cache=unsafe,readonly=on"),
            *("-device", "virtio-blk-pci,drive=root"),
            *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=agent,path={here}/agent,server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=org.offhook.test"),
        ]
        if state:
            words += ["-incoming", f"exec:cat {shlex.quote(str(state))}"]
        return words
