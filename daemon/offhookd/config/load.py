# SPDX-License-Identifier: GPL-2.0-or-later
"""From files to `Config`: find them, lay one over the other, check the whole."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from offhookd.config import calling, files, sections
from offhookd.config.accounts import read_accounts
from offhookd.config.audio import read_audio
from offhookd.config.desk import check_through, read_desk_phones
from offhookd.config.directory import read_directory
from offhookd.config.hooks import read_hooks, read_screen_pop
from offhookd.config.passwords import PASSWORD_KEYS
from offhookd.config.problems import ConfigError, Problem, Report, did_you_mean
from offhookd.config.readers import SectionReaders
from offhookd.config.schema import (
    CallsConfig,
    Config,
    DesktopConfig,
    DevicesConfig,
    LogConfig,
    RecordingConfig,
    SipConfig,
    TonesConfig,
)
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry, Scalar, Table, kind, parse
from offhookd.phone.auto_answer import AutoAnswerRules
from offhookd.phone.emergency import EmergencyRules
from offhookd.phone.ring_sound import RingRules
from offhookd.phone.screening import ScreeningRules

SYSTEM_FILE = Path("/etc/xdg/offhook/offhook.yaml")

# Eight accounts with every key explained are about 10 kB.
MAX_BYTES = 262_144

SECTIONS = (
    "accounts",
    "sip",
    "audio",
    "devices",
    "directory",
    "tones",
    "log",
    "calls",
    "screening",
    "auto_answer",
    "ringing",
    "emergency",
    "desktop",
    "hooks",
    "screen_pop",
    "recording",
    "desk_phones",
)


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    base = environ.get("XDG_CONFIG_HOME", "")
    # Relative values are to be ignored (XDG Base Directory Specification).
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME", "/")) / ".config"
    return home / "offhook" / "offhook.yaml"


def search(
    only: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    system_file: Path = SYSTEM_FILE,
) -> tuple[Path, ...]:
    """The files to load, weakest first: those that exist of the system's and the user's, or
    `only` that one, whether it exists or not.  None at all is a phone without accounts."""
    if only is not None:
        return (only,)
    return tuple(path for path in (system_file, user_file(environ)) if files.may_exist(path))


def load(paths: Sequence[Path]) -> Config:
    """The configuration in `paths`, of which later ones outweigh earlier ones key by key;
    `ConfigError` with everything that is wrong.  Only blocks for reading those files."""
    report = Report()
    whole = Table()
    for path in paths:
        whole = _overlaid(whole, _read(path, report))
    config = _build(whole, report)
    report.raise_if_any()
    return config


def validate(paths: Sequence[Path]) -> tuple[Problem, ...]:
    """What `load` would complain of."""
    try:
        load(paths)
    except ConfigError as error:
        return error.problems
    return ()


def _read(path: Path, report: Report) -> Table:
    try:
        file = files.read(path, MAX_BYTES)
    except files.UnreadableError as error:
        report.add(path, error.line, "", str(error))
        return Table()
    root = parse(file, report)
    if isinstance(root, Table):
        return root
    if not isinstance(root, Scalar) or not root.empty:
        report.add(path, 1, "", f"must be a table of keys such as accounts:, not {kind(root)}")
    return Table()


def _overlaid(lower: Table, upper: Table, tables: int = 2) -> Table:
    """`upper` over `lower`, key by key in so many levels of `tables` below this one, which is
    down to an account's keys.  What `upper` names comes first, so that the user's accounts are
    preferred; naming one way to the password it drops the other."""
    entries = dict(upper.entries)
    for name, below in lower.entries.items():
        above = entries.get(name)
        if above is None:
            if name not in PASSWORD_KEYS or not upper.entries.keys() & set(PASSWORD_KEYS):
                entries[name] = below
        elif isinstance(below.node, Table):
            entries[name] = _entry_overlaid(above, below, below.node, tables)
    return Table(entries)


def _entry_overlaid(above: Entry, below: Entry, lower: Table, tables: int) -> Entry:
    if isinstance(above.node, Scalar) and above.node.empty:
        return below
    if isinstance(above.node, Table) and tables:
        return replace(above, node=_overlaid(lower, above.node, tables - 1))
    return above


def _build(whole: Table, report: Report) -> Config:
    tables = dict.fromkeys(SECTIONS, Table())
    for name, entry in whole.entries.items():
        if name in tables:
            tables[name] = as_table(name, entry, report)
        else:
            reason = f"unknown key{did_you_mean(name, SECTIONS)}"
            report.add(entry.file.path, entry.line, name, reason)
    accounts = MappingProxyType(read_accounts(tables["accounts"], report))
    check_through(tables["accounts"], accounts, tables["desk_phones"], report)
    return Config(
        accounts=accounts,
        desk_phones=read_desk_phones(tables["desk_phones"], accounts, report),
        sip=SipConfig(**read_section("sip", tables["sip"], sections.SIP, report)),
        audio=read_audio(tables["audio"], report),
        devices=DevicesConfig(
            **read_section("devices", tables["devices"], sections.DEVICES, report)
        ),
        tones=TonesConfig(**read_section("tones", tables["tones"], sections.TONES, report)),
        directory=read_directory(tables["directory"], report),
        desktop=DesktopConfig(
            **read_section("desktop", tables["desktop"], sections.DESKTOP, report)
        ),
        recording=RecordingConfig(
            **read_section("recording", tables["recording"], sections.RECORDING, report)
        ),
        hooks=read_hooks(tables["hooks"], report),
        screen_pop=read_screen_pop(tables["screen_pop"], report),
        log=LogConfig(**read_section("log", tables["log"], sections.LOG, report)),
        **_calling(tables, report),
    )


def _calling(tables: Mapping[str, Table], report: Report) -> dict[str, Any]:
    """What happens before a call."""

    def section(name: str, known: SectionReaders) -> dict[str, Any]:
        return read_section(name, tables[name], known, report)

    return {
        "calls": CallsConfig(**section("calls", calling.CALLS)),
        "screening": ScreeningRules(**section("screening", calling.SCREENING)),
        "auto_answer": AutoAnswerRules(**section("auto_answer", calling.AUTO_ANSWER)),
        "ringing": RingRules(**section("ringing", calling.RINGING)),
        "emergency": EmergencyRules(**section("emergency", calling.EMERGENCY)),
    }
