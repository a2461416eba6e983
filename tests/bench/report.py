# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed and size in one table: latency, start, rescue, idle, sets and address books, in turn.

python -m tests.bench.report [--seconds 60] [--calls 40] [--starts 20] [--realtime]
"""

import argparse
from contextlib import nullcontext

from tests.bench import devices, directory, idle, latency, rescue, start
from tests.bench._figures import report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=latency.CALLS)
    parser.add_argument("--seconds", type=float, default=idle.SECONDS)
    parser.add_argument("--starts", type=int, default=start.STARTS)
    parser.add_argument("--realtime", action="store_true", help="see tests.bench.latency")
    options = parser.parse_args()
    with latency.first() if options.realtime else nullcontext():
        figures = latency.measure(options.calls)
    figures += start.measure(options.starts)
    figures += rescue.measure()
    figures += idle.measure(options.seconds)
    figures += devices.measure()
    figures += directory.measure()
    report(figures)


if __name__ == "__main__":
    main()
