# SPDX-License-Identifier: GPL-2.0-or-later
"""From a word on D-Bus to the packet on the wire, and back.

    python -m tests.bench.latency [--calls 40] [--realtime]

A real daemon on a bus of its own calls, and is called by, a SIP peer on loopback.  Packets carry
the kernel's time of arrival; of a D-Bus message it is the time before it was sent, or after it
was read.  `--realtime` lets all that take part go before everything else on this machine, which
stands for a machine that has nothing else to do; without it, other people's work is measured too.
"""

import argparse
import os
import select
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from offhookd.bus.names import BUS_NAME, PEER, PROPERTIES, ROOT
from tests.bench._client import DBUS_NAME, Client, Received
from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._phone import phone
from tests.bench._sip import FarEnd
from tests.support.dbus import private_bus
from tests.support.raw_sip import Dialog, to_tag_of

CALLS = 40
PATIENCE_S = 5.0
PAUSE_S = 0.15
"""Nobody does two things with a telephone in less; what one causes is over before the next."""
REAL_TIME_PRIORITY = 1
"""Above all ordinary programs, and below what the engine takes for itself: as everywhere, it goes
before the daemon."""

DIAL = Quantity(
    *("Dial -> INVITE", "ms", 1.3),
    ("1.35/2.2", "1.7/2.8", "0.58/1.0", "1.8/2.1", "0.96/1.7", "12.0/13.8"),
)
EVENT = Quantity(
    *("INVITE -> InterfacesAdded", "ms", 1.5),
    ("1.7/4.3", "3.2/4.5", "0.73/2.0", "20.7/32.8", "1.1/1.8", "2.0/3.5"),
)
RINGING = Quantity(
    *("INVITE -> 180", "ms", 1.1),
    ("1.1/1.8", "1.4/2.5", "-", "20.5/32.6", "1.0/1.7", "never"),
)
ANSWER = Quantity(
    *("Answer -> 200 OK", "ms", 0.8),
    ("21.2/23", "1.6/2.4", "0.49/0.94", "0.72/1.0", "6.1/7.9", "2.3/4.6"),
)
HANGUP = Quantity("Hangup -> BYE", "ms")
PING = Quantity("floor: Ping of the phone and back", "ms")
BUS = Quantity("floor: GetId of the bus and back", "ms")
UDP = Quantity("floor: UDP to ourselves", "ms")
QUANTITIES = (DIAL, EVENT, RINGING, ANSWER, HANGUP, PING, BUS, UDP)

CONFIG = """\
accounts:
  work:
    uri: sip:1001@127.0.0.1:{port}
    password: pw1001
sip: {{bind: 127.0.0.1}}
audio: {{backend: silent}}
"""

T = TypeVar("T")


class Bench:
    """One phone, one client, one far end; `samples` are milliseconds."""

    def __init__(self, client: Client, far: FarEnd) -> None:
        self.client = client
        self.far = far
        self._sockets: tuple[Client | FarEnd, ...] = (client, far)
        self.samples: dict[Quantity, list[float]] = defaultdict(list)

    def wait_registered(self) -> None:
        while not self._is_registered():
            self._wait(lambda: self._signal("PropertiesChanged"))
            self.client.seen.clear()

    def _is_registered(self) -> bool:
        account = f"{ROOT}/accounts/work"
        asked = (PROPERTIES, "Get", "ss", f"{BUS_NAME}.Account", "State")
        return bool(self.client.call(account, *asked)[0].value == "registered")

    def floors(self) -> None:
        """What a round trip costs that does nothing."""
        self._rest()
        sent_ns, serial = self.client.send(ROOT, PEER, "Ping")
        self._add(PING, sent_ns, self.client.reply(serial).time_ns)
        sent_ns, serial = self.client.send("/", "org.freedesktop.DBus", "GetId", to=DBUS_NAME)
        self._add(BUS, sent_ns, self.client.reply(serial).time_ns)
        sent_ns = self.far.send_to_self()
        self._add(UDP, sent_ns, self._wait(lambda: self.far.first("ECHO")).time_ns)

    def outgoing(self) -> None:
        """Dial, be answered, hang up."""
        self._rest()
        target = f"sip:2000@127.0.0.1:{self.far.port}"
        method = (ROOT, f"{BUS_NAME}.Telephony", "Dial", "sa{sv}")
        sent_ns, serial = self.client.send(*method, target, {})
        invite = self._wait(lambda: self.far.first("INVITE"))
        self._add(DIAL, sent_ns, invite.time_ns)
        self.far.answer_call(invite)
        self._wait(lambda: self.far.first("ACK"))
        self._hang_up(self.client.reply(serial).message.body[0])

    def incoming(self) -> None:
        """Ring, be answered by the user, who hangs up."""
        self._rest()
        dialog = Dialog()
        sent_ns = self.far.invite(dialog)
        event = self._wait(lambda: self._signal("InterfacesAdded"))
        ringing = self._wait(lambda: self.far.first("INVITE", 180))
        self._add(EVENT, sent_ns, event.time_ns)
        self._add(RINGING, sent_ns, ringing.time_ns)
        path = event.message.body[0]
        self._rest()
        sent_ns, _ = self.client.send(path, f"{BUS_NAME}.Call", "Answer")
        accepted = self._wait(lambda: self.far.first("INVITE", 200))
        self._add(ANSWER, sent_ns, accepted.time_ns)
        dialog.to_tag = to_tag_of(accepted.data)
        self.far.send(self.far.request("ACK", dialog))
        self._hang_up(path)

    def _hang_up(self, path: str) -> None:
        self._rest()
        sent_ns, serial = self.client.send(path, f"{BUS_NAME}.Call", "Hangup")
        self._add(HANGUP, sent_ns, self._wait(lambda: self.far.first("BYE")).time_ns)
        self.client.reply(serial)

    def _rest(self) -> None:
        """Let what was caused come to its end, and forget it."""
        end_s = time.monotonic() + PAUSE_S
        while (left_s := end_s - time.monotonic()) > 0:
            self._read(left_s)
        self.client.seen.clear()
        self.far.seen.clear()

    def _signal(self, member: str) -> Received | None:
        return next((one for one in self.client.seen if one.is_signal(member)), None)

    def _wait(self, found: Callable[[], T | None]) -> T:
        deadline_s = time.monotonic() + PATIENCE_S
        while (result := found()) is None:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"the phone did not react; last: {self.far.seen[-3:]}")
            self._read(PATIENCE_S)
        return result

    def _read(self, limit_s: float) -> None:
        ready, _, _ = select.select(self._sockets, [], [], limit_s)
        if self.client in ready:
            self.client.read()
        if self.far in ready:
            self.far.read()

    def _add(self, quantity: Quantity, from_ns: int, to_ns: int) -> None:
        self.samples[quantity].append((to_ns - from_ns) / 1e6)


def measure(calls: int = CALLS) -> list[Figure]:
    """Every latency, of `calls` calls in each direction."""
    with ExitStack() as stack:
        bus = stack.enter_context(private_bus())
        far = stack.enter_context(FarEnd())
        client = stack.enter_context(Client(bus.address))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address}
        stack.enter_context(phone(directory, CONFIG.format(port=far.port), environment, client))
        bench = Bench(client, far)
        bench.wait_registered()
        for _ in range(calls):
            bench.floors()
            bench.outgoing()
            bench.incoming()
    return [figure(quantity, bench.samples[quantity]) for quantity in QUANTITIES]


@contextmanager
def first() -> Iterator[None]:
    """Real-time priority for this program and all that it starts meanwhile."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    print("Latencies: all that take part went before the other programs of this machine.")
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=CALLS, help="in each direction")
    parser.add_argument("--realtime", action="store_true", help="go before all other programs")
    options = parser.parse_args()
    with first() if options.realtime else nullcontext():
        figures = measure(options.calls)
    report(figures)


if __name__ == "__main__":
    main()
