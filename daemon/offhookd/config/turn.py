# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``turn`` table of an account: the server that relays, and how it knows the user."""

from offhookd.config import readers
from offhookd.config.passwords import check_passwords
from offhookd.config.problems import Report
from offhookd.config.readers import SectionReaders
from offhookd.config.schema import TurnConfig
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry

KEYS: SectionReaders = {
    "server": readers.server("turn"),
    "username": readers.text,
    "password": readers.secret,
    "password_file": readers.private_file,
    "password_command": readers.command,
}
EXAMPLES = {"server": "turn.example.com", "username": "ada"}


def read_turn(path: str, entry: Entry, report: Report) -> TurnConfig | None:
    """None where something is wrong, or no server is wanted; the faults go to `report`."""
    table = as_table(path, entry, report)
    values = read_section(path, table, KEYS, report)
    check_passwords(path, table, report)
    for name, example in EXAMPLES.items():
        if table.entries and name not in table.entries:
            reason = f"is missing; write {name}: {example}"
            report.add(entry.file.path, entry.line, f"{path}.{name}", reason)
    if not values.get("server") or "username" not in values:
        return None
    return TurnConfig(**values)
