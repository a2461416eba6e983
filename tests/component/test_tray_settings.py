# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of the tray, drawn nowhere, and the file they write."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QWidget,
)

from offhook.account import ACCOUNT
from offhook.aio import MANAGER, Phone
from offhook.objects import ROOT
from offhook.tray import loop
from offhook.tray.account_dialog import AccountDialog
from offhook.tray.settings_window import SettingsWindow
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.phone_image import PhoneImage
from tests.support.processes import PATIENCE_S, until
from tests.support.qt import offscreen

TEXT = """\
# mine
accounts:
  work: &work {uri: sip:1001@pbx, registrar: none}   # the desk
tones: {country: de}   # here
screening:
  block:
    - 0900*    # dear
    - "0190*"  # dearer
"""

Story = Callable[["Sitter"], Coroutine[Any, Any, None]]
W = TypeVar("W", bound=QWidget)


class Sitter:
    """Somebody in front of the settings."""

    def __init__(self, phone: Phone, file: Path) -> None:
        self.phone = phone
        self.file = file
        self.window = SettingsWindow(phone)
        self.window.come()

    def find(self, kind: type[W], name: str) -> W:
        """A control, by its accessible name."""
        (found,) = [one for one in self.window.findChildren(kind) if one.accessibleName() == name]
        return found

    def write(self, name: str, text: str) -> None:
        """Type over what is in a line, and go on."""
        line = self.find(QLineEdit, name)
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)

    def text(self) -> str:
        return self.file.read_text()

    def press(self, name: str) -> None:
        (found,) = [one for one in self.window.findChildren(QAbstractButton) if one.text() == name]
        found.click()

    def reads(self, text: str) -> bool:
        return any(text in one.text() for one in self.window.findChildren(QLabel))

    async def sees(self, text: str) -> None:
        await until(lambda: self.reads(text), PATIENCE_S, text)

    async def wrote(self, text: str) -> None:
        await until(lambda: text in self.text(), PATIENCE_S, f"{text}: {self.file}")


def focus_out() -> QFocusEvent:
    return QFocusEvent(QEvent.Type.FocusOut)


def fill(dialog: QDialog, name: str, text: str) -> str:
    """Type into a line; what is in it then."""
    (line,) = [one for one in dialog.findChildren(QLineEdit) if one.accessibleName() == name]
    QTest.keyClicks(line, text)
    return line.text()


def written(directory: Path) -> Path:
    """The user's configuration there."""
    file = directory / "offhook/offhook.yaml"
    file.parent.mkdir()
    file.write_text(TEXT)
    file.chmod(0o600)
    return file


async def told(story: Story, phone: Phone, file: Path) -> None:
    sitter = Sitter(phone, file)
    try:
        await until(lambda: sitter.find(QComboBox, "Account").count(), PATIENCE_S, "accounts")
        await story(sitter)
    finally:
        await sitter.window.stop()
        sitter.window.deleteLater()


async def look(sitter: Sitter) -> None:
    await sitter.sees("Address")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> QApplication:
    """Keeps what Qt needs for its first window, threads that draw it included."""
    directory = tmp_path_factory.mktemp("first")
    made = offscreen()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(directory))
        loop.run(told(look, PhoneImage(), written(directory)))
    return made


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return written(tmp_path)


@pytest.fixture
def sit(application: QApplication, file: Path) -> Callable[[Story], None]:
    """Tells a story in front of the settings of a phone that is told what to be."""
    del application
    phone = PhoneImage()
    phone.say(f"{ROOT}/accounts/work", ACCOUNT, ForwardNoAnswerSeconds=20)
    return lambda story: loop.run(told(story, phone, file))


def test_a_key_is_written_where_it_stands_and_used(
    sit: Callable[[Story], None], file: Path
) -> None:
    async def story(sitter: Sitter) -> None:
        sitter.write("Tones as in", "gb")
        await sitter.wrote("country: gb")
        assert sitter.text() == TEXT.replace("de}", "gb}")
        sitter.find(QCheckBox, "Stay awake in a call").click()
        await sitter.wrote("desktop:\n  inhibit_sleep: false\n")
        assert isinstance(sitter.phone, PhoneImage)
        reloads = sitter.phone.asked
        await until(lambda: len(reloads) == 2, PATIENCE_S, "used at once")
        assert reloads == [("", "Reload", ())] * 2

    sit(story)


def test_lines_of_a_list_keep_their_comments(sit: Callable[[Story], None]) -> None:
    async def story(sitter: Sitter) -> None:
        block = sitter.find(QPlainTextEdit, "Unwanted")
        assert block.toPlainText() == "0900*\n0190*"
        block.document().setPlainText("0190*\n0137*\n")
        block.document().setModified(True)
        QApplication.sendEvent(block, focus_out())
        await sitter.wrote('    - "0190*"  # dearer\n    - "0137*"\n')
        assert "dear\n" not in sitter.text()

    sit(story)


def test_a_mistake_is_said_beside_its_field_and_mended(sit: Callable[[Story], None]) -> None:
    async def story(sitter: Sitter) -> None:
        sitter.write("Tones as in", "Germany")
        await sitter.sees("Line 4: must be a country of two letters")
        line = sitter.find(QLineEdit, "Tones as in")
        interface = QAccessible.queryAccessibleInterface(line)
        assert "Line 4" in interface.text(QAccessible.Text.Description)
        assert (line.text(), sitter.text()) == ("Germany", TEXT)
        sitter.write("Tones as in", "fr")
        await sitter.wrote("country: fr")
        await until(lambda: not sitter.reads("Line 4"), PATIENCE_S, "nothing is wrong")

    sit(story)


def test_what_is_wrong_in_the_file_is_shown_with_its_line(
    sit: Callable[[Story], None], file: Path
) -> None:
    file.write_text(TEXT.replace("de}", "Deutschland}") + "lgo: {}\n")

    async def story(sitter: Sitter) -> None:
        await sitter.sees("Line 9: lgo: unknown key (did you mean log?)")
        await sitter.sees("Line 4: must be a country")
        sitter.write("Tones as in", "de")  # one thing after the other
        await sitter.wrote("country: de}")
        await until(lambda: not sitter.reads("Line 4"), PATIENCE_S, "one mistake less")

    sit(story)


def test_what_cannot_be_changed_safely_is_left_and_said(
    sit: Callable[[Story], None], file: Path
) -> None:
    text = TEXT.replace("tones:", "  home: *work\ntones:")
    file.write_text(text)

    async def story(sitter: Sitter) -> None:
        sitter.write("Address", "sip:1002@pbx")
        await sitter.sees("written in a way that offhook does not edit. Edit the file by hand")
        assert sitter.text() == text

    sit(story)


def test_an_account_is_added_and_removed(sit: Callable[[Story], None], file: Path) -> None:
    async def story(sitter: Sitter) -> None:
        sitter.press("Add…")
        (dialog,) = sitter.window.findChildren(AccountDialog)
        assert fill(dialog, "Name", "") == "work2"
        fill(dialog, "Address", "1003@pbx")
        dialog.findChildren(QAbstractButton)[-1].click()
        added = "  work2:\n    uri: sip:1003@pbx\n    transport: udp\n    registrar: none\n"
        await sitter.wrote(added)
        chosen = sitter.find(QComboBox, "Account")
        await until(lambda: chosen.currentText() == "work2", PATIENCE_S, "it is shown")
        sitter.press("Remove")
        sitter.window.findChildren(QDialog)[-1].findChildren(QAbstractButton)[0].click()
        await until(lambda: sitter.text() == TEXT, PATIENCE_S, "as before")

    sit(story)


def test_forwarding_is_asked_of_the_daemon(sit: Callable[[Story], None]) -> None:
    async def story(sitter: Sitter) -> None:
        sitter.write("When busy to", "1002")
        sitter.write("Note for others", "lunch")
        assert isinstance(sitter.phone, PhoneImage)
        asked = sitter.phone.asked
        await until(lambda: len(asked) == 2, PATIENCE_S, "both")
        assert [arguments[:2] for _, _, arguments in asked] == [
            (ACCOUNT, "ForwardBusy"),
            (MANAGER, "AvailabilityNote"),
        ]

    sit(story)


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(
    sit: Callable[[Story], None],
) -> None:
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QSlider, QSpinBox, QListWidget)

    async def story(sitter: Sitter) -> None:
        controls = [
            one
            for one in sitter.window.findChildren(QWidget)
            if isinstance(one, kinds)
            and not one.objectName().startswith("qt_")
            and not isinstance(one.parent(), QLineEdit | QSpinBox | QComboBox)
        ]
        for control in controls:
            interface = QAccessible.queryAccessibleInterface(control)
            name = interface.text(QAccessible.Text.Name)
            assert name, (control, control.parent())
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, name

    sit(story)


def test_a_running_phone_uses_what_is_written(
    application: QApplication, session_bus: PrivateBus, file: Path
) -> None:
    del application

    async def story(sitter: Sitter) -> None:
        sitter.write("Called in lists", "Desk")
        phone = sitter.phone
        await until(
            lambda: [one.label for one in phone.accounts] == ["Desk"], PATIENCE_S, "its name"
        )

    async def with_daemon() -> None:
        daemon = RunningDaemon(session_bus, file.parent, DIRECT)
        try:
            await daemon.start()
            async with Phone(session_bus.address) as phone:
                await told(story, phone, file)
        finally:
            daemon.close()

    loop.run(with_daemon())
