# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of ours beside their targets and beside those of other softphones."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PEERS = ("baresip", "jamid", "pjsua", "linphone", "twinkle", "Calls")
PEERS_NOTE = (
    "baresip 4.10 over D-Bus, jamid over D-Bus, pjsua over telnet, linphone-daemon over a pipe,\n"
    "twinkle over stdin, GNOME Calls over D-Bus: measured once, on another run of another rig of\n"
    "the same kind (loopback, one account, kernel timestamps, n = 35); below 1 ms is a tie."
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is measured; `at_most` is its target, None where there is none."""

    name: str
    unit: str
    at_most: float | None = None
    peers: tuple[str, ...] = ("-",) * len(PEERS)
    """Theirs, as text, in the order of `PEERS`; latencies are median/p95."""
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity as it was measured; of a single value the 95th percentile is None."""

    quantity: Quantity
    median: float
    p95: float | None = None
    count: int = 1

    @property
    def met(self) -> bool:
        return self.quantity.at_most is None or self.median <= self.quantity.at_most


def figure(quantity: Quantity, samples: Sequence[float]) -> Figure:
    """Median and 95th percentile of `samples`."""
    if len(samples) == 1:
        return Figure(quantity, samples[0])
    ordered = sorted(samples)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    return Figure(quantity, statistics.median(ordered), p95, len(ordered))


HEADINGS = ("", "ours", "p95", "n", "target", "of target", *PEERS)


def table(figures: Iterable[Figure]) -> str:
    """Lines for a person, the peers' figures on the right."""
    rows = [HEADINGS, *(_row(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def report(figures: Sequence[Figure]) -> None:
    """Print the table and what it does not say by itself."""
    print(f"\n{table(figures)}\n\n{PEERS_NOTE}", flush=True)
    for missed in (one for one in figures if not one.met):
        print(f"MISSED: {missed.quantity.name}")


def _row(one: Figure) -> tuple[str, ...]:
    quantity, digits = one.quantity, one.quantity.digits
    target = quantity.at_most
    return (
        f"{quantity.name}, {quantity.unit}",
        f"{one.median:.{digits}f}",
        "" if one.p95 is None else f"{one.p95:.{digits}f}",
        "" if one.p95 is None else str(one.count),
        "" if target is None else f"<= {target:g}",
        "" if target is None else f"{100 * one.median / target:.0f} %",
        *quantity.peers,
    )
