# SPDX-License-Identifier: GPL-2.0-or-later
"""From the death of the engine (kill -9) to the phone that is registered again.

    python -m tests.bench.rescue [--deaths 10]

Each death is that of another phone: one that dies again and again is given growing pauses.
"""

import argparse
import os
import signal
import time

from tests.bench._figures import Figure, Quantity, figure, report
from tests.bench._registrar import PATIENCE_S, Rig, accepted, rig
from tests.support.processes import wait_until

DEATHS = 10

RESCUE = Quantity("engine killed -> REGISTER 200", "ms", 1000.0, digits=0)


def measure(deaths: int = DEATHS) -> list[Figure]:
    """The median of so many deaths."""
    with rig("silent") as around:
        return [figure(RESCUE, [_once(around) for _ in range(deaths)])]


def _once(around: Rig) -> float:
    with around.registered_phone() as phone:
        engine = phone.engine_pid
        around.wire.seen.clear()
        died_s = time.time()
        os.kill(engine, signal.SIGKILL)
        wait_until(lambda: accepted(around.wire), PATIENCE_S, "the registration after the death")
        answer = accepted(around.wire)
        assert answer
        phone.stop()
    return (answer.time_s - died_s) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deaths", type=int, default=DEATHS)
    report(measure(parser.parse_args().deaths))


if __name__ == "__main__":
    main()
