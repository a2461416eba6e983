# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording calls and playing files into them: the core's rules, the engine, and the disc."""

import binascii
import os
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from offhookd.config.schema import RecordingConfig
from offhookd.engine import protocol as p
from offhookd.engine.client import EngineClient
from offhookd.engine.sound_client import SoundClient
from offhookd.phone.call_sound import CallSound
from offhookd.phone.calls import Calls
from offhookd.phone.hold_music import HoldMusic
from offhookd.phone.playing import Playing
from offhookd.phone.ports import CallLog, Clock
from offhookd.phone.problems import Problems
from offhookd.phone.recording import RecordingOptions, Recordings
from offhookd.store.recordings import Place, RecordingDesk
from offhookd.store.sounds import WavReader


class Sounds:
    """`config` is asked for with every recording."""

    def __init__(
        self,
        calls: Calls,
        engine: EngineClient,
        log: CallLog,
        problems: Problems,
        clock: Clock,
        config: Callable[[], RecordingConfig],
    ) -> None:
        self._config = config
        self._files = RecordingDesk(self._place)
        client = SoundClient(engine)
        self._recordings = Recordings(
            calls, client, self._files, log, problems, clock, self._options
        )
        files = WavReader()
        self.of_calls = CallSound(self._recordings, Playing(calls, client, files))
        self.hold_music = HoldMusic(calls, client, files, problems)

    def recorded(self, event: p.Recorded) -> None:
        """What the engine sends; it is not trusted to send base64 of whole samples."""
        try:
            samples = b64decode(event.samples, validate=True)
        except (binascii.Error, ValueError):
            samples = b""
        self._recordings.heard(event.recording, samples, last=event.last)

    def stop(self) -> None:
        self._files.stop()

    def _place(self) -> Place:
        config = self._config()
        return Place(config.directory or data_directory() / "recordings", config.template)

    def _options(self) -> RecordingOptions:
        config = self._config()
        return RecordingOptions(stereo=config.stereo, beep=config.beep)


def data_directory() -> Path:
    base = os.environ.get("XDG_DATA_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return home / "offhook"
