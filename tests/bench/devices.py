# SPDX-License-Identifier: GPL-2.0-or-later
"""A telephone set at a real daemon: from its button to the wire, from the plug to its use.

    python -m tests.bench.devices [--calls 30] [--seconds 20]

The set is umockdev's: a hidraw node that is a terminal, udev's events without udev.  Lifting is
timed from before the report is written to the kernel's time of the 200 OK on loopback; plugging
from the event of the last node to the word on D-Bus, 150 ms of settling included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from offhookd.bus.names import ROOT
from tests.bench._client import Client, Received
from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._phone import phone
from tests.bench._processes import Usage
from tests.bench._sip import FarEnd
from tests.bench.latency import CONFIG, Bench
from tests.support.dbus import private_bus
from tests.support.raw_sip import Dialog, to_tag_of
from tests.support.telephone_set import descriptor
from tests.support.umockdev import PRELOAD, MockPhone, Testbed

CALLS = 30
SECONDS = 20.0
ECHO_S = 0.7
"""The phone takes nothing so soon after a lamp for a person's doing."""
SETTLE_S = 3.0

LIFT = Quantity("hook report -> 200 OK", "ms", 2.0)
PLUG = Quantity("last node -> Device ready", "ms", 300.0, digits=0)
CPU = Quantity("idle with a set, CPU", "%", 0.05, digits=3)
QUANTITIES = {one.name: one for one in (LIFT, PLUG, CPU)}

DEVICE = f"{ROOT}/devices/usb_0b0e_0307_A1"
LIFTED, CRADLED = bytes.fromhex("020100"), bytes.fromhex("020000")


class SetBench(Bench):
    """A bench with a set that is plugged in."""

    def __init__(self, client: Client, far: FarEnd) -> None:
        super().__init__(client, far)
        self._bed = Testbed()
        self._set = MockPhone(self._bed, descriptor("EVOLVE LINK MS"))

    @property
    def root(self) -> str:
        return str(self._bed.root)

    def plug(self) -> None:
        self._rest()
        self._set.plug("usb", "interface", "audio", "sound", "hid")
        sent_ns = time.time_ns()
        self._set.plug("hidraw")
        self._add(PLUG, sent_ns, self._wait(self._ready).time_ns)

    def unplug(self) -> None:
        self._set.unplug()
        self._wait(lambda: self._signal("InterfacesRemoved"))

    def _ready(self) -> Received | None:
        """The set is announced, or has changed, and is ready from then on."""
        return next((one for one in self.client.seen if "ready" in repr(one.message.body)), None)

    def lift(self) -> None:
        """It rings, is lifted, and put down again."""
        self._pause()
        dialog = Dialog()
        self.far.invite(dialog)
        self._wait(lambda: self.far.first("INVITE", 180))
        self._pause()
        sent_ns = time.time_ns()
        os.write(self._bed.device_end(self._set.node), LIFTED)
        accepted = self._wait(lambda: self.far.first("INVITE", 200))
        self._add(LIFT, sent_ns, accepted.time_ns)
        dialog.to_tag = to_tag_of(accepted.data)
        self.far.send(self.far.request("ACK", dialog))
        self._pause()
        os.write(self._bed.device_end(self._set.node), CRADLED)
        self._wait(lambda: self.far.first("BYE"))

    def _pause(self) -> None:
        end_s = time.monotonic() + ECHO_S
        while time.monotonic() < end_s:
            self._rest()


def take(calls: int, seconds: float) -> dict[str, list[float]]:
    """The samples of each quantity; only under umockdev."""
    with ExitStack() as stack:
        bus = stack.enter_context(private_bus())
        far = stack.enter_context(FarEnd())
        client = stack.enter_context(Client(bus.address))
        bench = SetBench(client, far)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "UMOCKDEV_DIR": bench.root}
        config = CONFIG.format(port=far.port)
        running = stack.enter_context(phone(directory, config, environment, client))
        bench.wait_registered()
        for _ in range(max(1, calls // 3)):
            bench.plug()
            bench.unplug()
        bench.plug()
        for _ in range(calls):
            bench.lift()
        time.sleep(SETTLE_S)
        pids = (running.pid, running.engine_pid)
        before = Usage.of(pids)
        time.sleep(seconds)
        after = Usage.of(pids)
    spent = 100 * (after.cpu_ns - before.cpu_ns) / 1e9 / (after.at_s - before.at_s)
    samples = {one.name: values for one, values in bench.samples.items()}
    return {**samples, CPU.name: [spent]}


def measure(calls: int = CALLS, seconds: float = SECONDS) -> list[Figure]:
    """In a process of its own, which umockdev serves from its beginning."""
    words = ["--calls", str(calls), "--seconds", str(seconds), "--samples"]
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench.devices", *words],
        env={**os.environ, "LD_PRELOAD": PRELOAD},
        stdout=subprocess.PIPE,
        check=True,
    )
    samples: dict[str, list[float]] = json.loads(child.stdout.splitlines()[-1])
    return [figure(QUANTITIES[name], values) for name, values in samples.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of idling")
    parser.add_argument("--samples", action="store_true", help="only print them, as JSON")
    options = parser.parse_args()
    if options.samples:
        print(json.dumps(take(options.calls, options.seconds)))
    else:
        report(measure(options.calls, options.seconds))


if __name__ == "__main__":
    main()
