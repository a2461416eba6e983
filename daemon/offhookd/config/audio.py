# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``audio`` section."""

from offhookd.config import readers
from offhookd.config.problems import Report
from offhookd.config.readers import SectionReaders
from offhookd.config.schema import AudioConfig, JitterBufferConfig
from offhookd.config.sections import as_table, read_section
from offhookd.config.tree import Entry, Table
from offhookd.phone.values import AudioBackend, OnUnplug

# One packet; more delay than a second is two people waiting for each other to speak.
JITTER_MS = (20, 1000)

AUDIO: SectionReaders = {
    "backend": readers.choice(AudioBackend),
    "capture": readers.listing,
    "playback": readers.listing,
    "ringer": readers.listing,
    "on_unplug": readers.choice(OnUnplug),
    "hold_music": readers.path,
    "jitter_buffer": readers.unread,
}
JITTER_BUFFER: SectionReaders = {
    "minimum_ms": readers.number(*JITTER_MS),
    "maximum_ms": readers.number(*JITTER_MS),
}


def read_audio(table: Table, report: Report) -> AudioConfig:
    """What is in order; the rest goes to `report`."""
    values = read_section("audio", table, AUDIO, report)
    if "jitter_buffer" in values:
        values["jitter_buffer"] = _read_jitter_buffer(values["jitter_buffer"], report)
    return AudioConfig(**values)


def _read_jitter_buffer(entry: Entry, report: Report) -> JitterBufferConfig:
    key = "audio.jitter_buffer"
    table = as_table(key, entry, report)
    found = JitterBufferConfig(**read_section(key, table, JITTER_BUFFER, report))
    if found.minimum_ms <= found.maximum_ms:
        return found
    reason = f"must not be above maximum_ms, which is {found.maximum_ms}"
    where = table.entries.get("minimum_ms", entry)
    report.add(where.file.path, where.line, f"{key}.minimum_ms", reason)
    return JitterBufferConfig()
