# SPDX-License-Identifier: GPL-2.0-or-later
"""What a registered phone costs that nobody uses: daemon and engine together.

    python -m tests.bench.idle [--seconds 60] [--sound silent|pulseaudio|pipewire] [--why]

`--why` shows which threads wake up, and what the imports of both processes cost.
"""

import argparse
import time

from tests.bench import _imports
from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._processes import Memory, Usage, memory_alone
from tests.bench._registrar import SOUND, rig

SECONDS = 60.0
SETTLE_S = 3.0
"""After the registration: what the start left to do later is done."""

CPU = Quantity(
    *("idle, CPU", "%", 0.05), ("0.027", "0.007", "0.35", "0.46", "0.002", "0.003"), digits=3
)
SWITCHES = Quantity(
    *("idle, context switches", "1/s", 3.0), ("11.5", "3.6", "234", "100", "1.2", "1.3"), digits=1
)
PSS = Quantity(*("PSS", "MB", 42.0), ("3.7", "42.1", "7.8", "41.5", "7.4", "70"), digits=1)
RSS = Quantity("RSS", "MB", peers=("11.7", "62.6", "17.9", "62.7", "15.2", "108"), digits=1)
ALONE = Quantity("PSS without other users of Python", "MB", digits=1)


def measure(seconds: float = SECONDS, sound: str = "silent", *, why: bool = False) -> list[Figure]:
    """Both processes together."""
    with rig(sound) as around, around.registered_phone() as phone:
        pids = (phone.pid, phone.engine_pid)
        time.sleep(SETTLE_S)
        before = Usage.of(pids)
        time.sleep(seconds)
        after = Usage.of(pids)
        alone = memory_alone(pids)
        memory = [Memory.of(pid) for pid in pids]
        spent_s = after.at_s - before.at_s
        if why:
            explain(before, after, memory)
    switches = sum(after.switches.values()) - sum(before.switches.values())
    both = memory[0] + memory[1]
    values = {
        CPU: 100 * (after.cpu_ns - before.cpu_ns) / 1e9 / spent_s,
        SWITCHES: switches / spent_s,
        PSS: both.pss,
        RSS: both.rss,
        ALONE: alone,
    }
    return [figure(quantity, [value]) for quantity, value in values.items()]


def explain(before: Usage, after: Usage, memory: list[Memory]) -> None:
    """Which threads woke up, and which process has the memory."""
    spent_s = after.at_s - before.at_s
    for thread, switches in after.switches.items():
        rate = (switches - before.switches.get(thread, 0)) / spent_s
        print(f"{rate:8.2f} switches/s  {thread}")
    for name, one in zip(("daemon", "engine"), memory, strict=True):
        print(f"{name}: PSS {one.pss:.1f}, RSS {one.rss:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--sound", choices=SOUND, default="silent")
    parser.add_argument("--why", action="store_true", help="show where it comes from")
    options = parser.parse_args()
    if options.why:
        _imports.show()
    report(measure(options.seconds, options.sound, why=options.why))


if __name__ == "__main__":
    main()
