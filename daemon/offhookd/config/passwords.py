# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys that lead to a password, wherever one is needed."""

from offhookd.config.files import exposure
from offhookd.config.problems import Report
from offhookd.config.tree import Table

PASSWORD_KEYS = ("password", "password_file", "password_command")


def check_passwords(key: str, table: Table, report: Report) -> None:
    """That at most one way to the password is given, and that nobody else can read it."""
    given = [(name, table.entries[name]) for name in PASSWORD_KEYS if name in table.entries]
    for name, entry in given[1:]:
        first, where = given[0]
        reason = f"the password is already given by {first} on line {where.line}; keep one of them"
        report.add(entry.file.path, entry.line, f"{key}.{name}", reason)
    inline = table.entries.get("password")
    if inline is not None and (exposed := exposure(inline.file.mode)):
        reason = f"must not stand in this file: {exposed}, or use password_command"
        report.add(inline.file.path, inline.line, f"{key}.password", reason)
