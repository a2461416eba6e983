# SPDX-License-Identifier: GPL-2.0-or-later
"""Every code of Manager.Problems is explained to a person."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TELL = {"hold", "raise_"}


def told(tree: ast.Module) -> Iterator[str]:
    """The codes that a module tells, or how those begin that it puts together."""
    named = {
        target.id: one.value
        for one in tree.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        function, *arguments = [call.func, *call.args]
        if isinstance(function, ast.Name) and function.id == "partial":
            function, *arguments = arguments
        if isinstance(function, ast.Attribute) and function.attr in TELL and arguments:
            code = arguments[0]
            code = named.get(code.id, code) if isinstance(code, ast.Name) else code
            code = code.values[0] if isinstance(code, ast.JoinedStr) else code
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


def test_every_problem_is_explained() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    modules = (ROOT / "daemon" / "offhookd").rglob("*.py")
    codes = {
        code
        for file in modules
        if "engine" not in file.relative_to(ROOT).parts
        for code in told(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert {"stun", "voicemail", "audio-no-", "history-storage"} <= codes
    assert {code for code in codes if f"`{code}" not in page} == set()
