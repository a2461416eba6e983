# SPDX-License-Identifier: GPL-2.0-or-later
"""The tray in other languages."""

import ast
import gettext
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from offhook import tray
from offhook.tray.status import tooltip
from offhook.tray.words import compiled, ntr, speak, tr
from tests.support.phone_image import PhoneImage

PACKAGE = Path(tray.__file__).parent
CATALOGUES = sorted(PACKAGE.glob("locale/*.po"))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("C")


def said() -> Iterator[tuple[str, ...]]:
    """Every text of the program: one, or the singular and the plural."""
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="tr" | "ntr"), args=args):
                    texts = [one.value for one in args if isinstance(one, ast.Constant)]
                    yield tuple(map(str, texts))


def test_a_language_is_spoken_with_its_plurals() -> None:
    speak("de_DE")
    assert tr("Hang up") == "Auflegen"
    assert [ntr("{} missed call", "{} missed calls", n) for n in (1, 2)] == [
        "1 verpasster Anruf",
        "2 verpasste Anrufe",
    ]
    assert tooltip(PhoneImage()) == "work: bereit"


def test_an_unknown_language_is_english() -> None:
    speak("tlh")
    assert (tr("Hang up"), ntr("{} call", "{} calls", 2)) == ("Hang up", "2 calls")


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_translates_everything(catalogue: Path) -> None:
    translations = gettext.GNUTranslations(BytesIO(compiled(catalogue.read_text("utf-8"))))
    translations.add_fallback(Refusing())
    for texts in said():
        match texts:
            case [text]:
                assert translations.gettext(text)
            case [one, many]:
                assert all(translations.ngettext(one, many, number) for number in (1, 2))


class Refusing(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        raise AssertionError(f"no translation of {message!r}")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise AssertionError(f"no translation of {msgid1!r}")


def test_placeholders_survive_translation() -> None:
    speak("de")
    for texts in said():
        if len(texts) == 1:
            assert tr(texts[0]).count("{}") == texts[0].count("{}")
