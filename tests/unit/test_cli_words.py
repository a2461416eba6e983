# SPDX-License-Identifier: GPL-2.0-or-later
"""Which module does what a command line says."""

import pytest

from offhook.cli.parser import parser


@pytest.mark.parametrize(
    ("words", "module"),
    [
        ("accounts", "accounts"),
        ("accounts default work", "accounts"),
        ("accounts add work", "account"),
        ("account add work", "account"),
        ("accounts remove work", "account"),
        ("devices", "devices"),
        ("devices learn", "learn"),
        ("device learn", "learn"),
        ("devices describe --descriptor x", "device"),
    ],
)
def test_one_or_many_is_no_matter(words: str, module: str) -> None:
    assert parser().parse_args(words.split()).module == module
