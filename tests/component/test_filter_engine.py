# SPDX-License-Identifier: GPL-2.0-or-later
from tests.support.bare_engine import run


def test_engine_answers_its_servers_only_and_the_set_changes_live() -> None:
    outcome = run("tests.component.engine_filter", "restricts")
    assert outcome.status == 0, outcome.errors
    assert outcome.value == [True, False, False, True]
