# SPDX-License-Identifier: GPL-2.0-or-later
"""From the start of the program to the registered phone, and from SIGTERM to its end.

    python -m tests.bench.start [--starts 20] [--sound silent|pulseaudio|pipewire]

The registrar is a real Kamailio that asks for the password; its answers carry the kernel's time
of arrival.  The registration must have been ended too when the phone has.
"""

import argparse
from collections import defaultdict

from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._registrar import PATIENCE_S, SOUND, Rig, accepted, rig
from tests.support.processes import wait_until
from tests.support.wire import Direction

STARTS = 20

START = Quantity(
    *("exec -> REGISTER 200", "ms", 300),
    ("14.7/16.5", "95/217", "133/284", "133/140", "20/22", "281/295"),
    digits=0,
)
FIRST = Quantity("exec -> first REGISTER", "ms", digits=0)
ON_BUS = Quantity("exec -> name on the bus", "ms", 3000, digits=0)
STOP = Quantity("SIGTERM -> end, unregistered", "ms", 2000, digits=0)
QUANTITIES = (START, FIRST, ON_BUS, STOP)


def measure(starts: int = STARTS, sound: str = "silent") -> list[Figure]:
    """Medians of so many starts and stops."""
    samples: dict[Quantity, list[float]] = defaultdict(list)
    with rig(sound) as around:
        for _ in range(starts + 1):
            for quantity, value_ms in _once(around).items():
                samples[quantity].append(value_ms)
    # The first start reads the program from the disk and compiles it.
    return [figure(quantity, samples[quantity][1:]) for quantity in QUANTITIES]


def _once(around: Rig) -> dict[Quantity, float]:
    with around.registered_phone() as phone:
        answer = accepted(around.wire)
        first = around.wire.messages(Direction.TO_TARGET)[0]
        assert answer
        stop_s = phone.stop()
    wait_until(lambda: accepted(around.wire, False), PATIENCE_S, "the end of the registration")
    return {
        START: answer.time_s * 1e3 - phone.exec_ns / 1e6,
        FIRST: first.time_s * 1e3 - phone.exec_ns / 1e6,
        ON_BUS: (phone.on_bus_ns - phone.exec_ns) / 1e6,
        STOP: stop_s * 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--sound", choices=SOUND, default="silent")
    options = parser.parse_args()
    report(measure(options.starts, options.sound))


if __name__ == "__main__":
    main()
