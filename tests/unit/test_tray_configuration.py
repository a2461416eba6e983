# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration behind the settings."""

from pathlib import Path

import pytest

from offhook.settings.errors import UnchangedError
from offhook.tray.configuration import Configuration
from tests.support.config_file import write
from tests.support.phone_image import PhoneImage


async def test_a_password_that_nobody_would_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    text = "accounts:\n  work: {uri: sip:a@b, password_command: pass show sip}\n"
    write(tmp_path / "offhook/offhook.yaml", text)
    configuration = Configuration(PhoneImage(), lambda: None)
    await configuration.read()
    with pytest.raises(UnchangedError, match="work takes its password from password_command"):
        await configuration.keep_password("work", "secret")


async def test_without_a_phone_the_file_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    phone = PhoneImage()
    phone.goes()
    configuration = Configuration(phone, lambda: None)
    await configuration.set(("tones", "country"), "de")
    assert configuration.path.read_text() == "tones:\n  country: de\n"
    await configuration.set(("tones", "country"), None)
    assert (configuration.value(("tones", "country")), phone.asked) == (None, [])
