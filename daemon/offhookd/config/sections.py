# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading one section of the tree by its table of readers."""

from typing import Any

from offhookd.config import calling, readers
from offhookd.config.problems import Report, did_you_mean
from offhookd.config.readers import SectionReaders, UnfitError
from offhookd.config.schema import LogLevel
from offhookd.config.sip_uri import MAX_PORT
from offhookd.config.tree import Entry, Scalar, Table, kind
from offhookd.phone.ringing import RingAt

SIP: SectionReaders = {
    "port": readers.number(0, MAX_PORT),
    "bind": readers.address,
    "ca_file": readers.file,
}
LONGEST_HOT_LINE_WAIT_S = 20
"""After this a lifted set that dials nothing is released anyway."""

DEVICES: SectionReaders = {
    "ring": readers.choice(RingAt),
    "hot_line": calling.target,
    "hot_line_seconds": readers.number(0, LONGEST_HOT_LINE_WAIT_S),
    "speed_dials": readers.speed_dials,
}
TONES: SectionReaders = {"country": readers.country}
DESKTOP: SectionReaders = {"pause_players": readers.flag, "inhibit_sleep": readers.flag}
RECORDING: SectionReaders = {
    "directory": readers.path,
    "template": readers.file_template,
    "beep": readers.flag,
    "stereo": readers.flag,
}
LOG: SectionReaders = {"level": readers.choice(LogLevel)}


def read_section(path: str, table: Table, known: SectionReaders, report: Report) -> dict[str, Any]:
    """The values of `table` that are in order; the others go to `report`."""
    values: dict[str, Any] = {}
    for name, entry in table.entries.items():
        key = f"{path}.{name}"
        read = known.get(name)
        if read is None:
            reason = f"unknown key{did_you_mean(name, known)}"
            report.add(entry.file.path, entry.line, key, reason)
            continue
        try:
            values[name] = read(entry)
        except UnfitError as error:
            report.add(entry.file.path, entry.line, key, str(error))
    return values


def as_table(path: str, entry: Entry, report: Report) -> Table:
    """The section's keys; a section whose keys are all commented out has none."""
    if isinstance(entry.node, Table):
        return entry.node
    if not isinstance(entry.node, Scalar) or not entry.node.empty:
        reason = f"must be a table of keys, not {kind(entry.node)}"
        report.add(entry.file.path, entry.line, path, reason)
    return Table()
