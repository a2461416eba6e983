# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation points to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("clients/examples/*.md"),
    *ROOT.glob("tests/*.md"),
]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
TEST = re.compile(r"\btests/\w+/\w+\.py\b")


def missing(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if "://" not in target and not (page.parent / target).exists():
            yield target
    for test in TEST.findall(text):
        if not (ROOT / test).exists():
            yield test


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    assert list(missing(page)) == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.name)
def test_every_page_is_reached_from_the_readme(page: Path) -> None:
    assert f"(docs/{page.name})" in (ROOT / "README.md").read_text(encoding="utf-8")
