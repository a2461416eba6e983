# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line."""

import argparse
import subprocess
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from offhook.cli.main import main
from offhook.cli.parser import parser
from offhookd import __version__

VERBS = frozenset(
    {"status", "dial", "redial", "answer", "hangup", "hold", "resume", "mute", "unmute", "dtmf"}
    | {"history", "accounts", "audio", "watch", "config", "demo"}
    | {"device", "devices", "messages", "voicemail", "flash"}
    | {"merge", "split"}
    | {"presence", "colleagues", "pickup"}
    | {"device", "devices", "dnd", "forward", "callback"}
    | {"merge", "split", "record", "play", "toggle", "account", "doctor"}
)


def parse(line: str) -> dict[str, Any]:
    return vars(parser().parse_args(line.split()))


def leaves(found: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its verbs and actions."""
    yield found
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from leaves(child)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("status --json", {"module": "status", "json": True}),
        ("dnd", {"switch": None, "account": "", "json": False}),
        ("dnd on --account work", {"switch": "on", "account": "work"}),
        ("forward busy 2002", {"when": "busy", "target": "2002", "seconds": None}),
        ("forward no-answer off --seconds 9", {"target": "off", "seconds": 9}),
        ("callback c12", {"module": "control", "call": "c12"}),
        ("dial --check 112", {"check": True, "hide_caller_id": None}),
        ("dial --no-hide-caller-id 1", {"hide_caller_id": False}),
        ("dial 1234", {"target": "1234", "account": None, "confirm": False, "wait": False}),
        ("dial --confirm --muted tel:+491", {"target": "tel:+491", "confirm": True, "muted": True}),
        ("answer", {"module": "control", "command": "answer", "call": ""}),
        ("hangup c12", {"call": "c12", "all": False}),
        ("hangup --all", {"call": "", "all": True}),
        ("dtmf 12#, --method info --call 3", {"tones": "12#,", "method": "info", "call": "3"}),
        ("merge", {"module": "conference", "command": "merge", "calls": []}),
        ("merge c12 13", {"calls": ["c12", "13"]}),
        ("split c12", {"module": "conference", "command": "split", "call": "c12"}),
        ("record", {"module": "sound", "act": "start", "call": ""}),
        ("record pause --call 12", {"act": "pause", "call": "12"}),
        ("play a.wav", {"module": "sound", "file": "a.wav", "call": ""}),
        ("history --missed --limit 5", {"missed": True, "limit": 5, "json": False, "act": "list"}),
        ("history --peer 12 --account work", {"peer": "12", "account": "work"}),
        ("history delete c1 2", {"act": "delete", "calls": ["c1", "2"], "all": False}),
        ("toggle mute", {"module": "toggle", "what": "mute", "call": ""}),
        ("accounts", {"act": "list", "json": False}),
        ("accounts --json", {"act": "list", "json": True}),
        ("accounts list --json", {"act": "list", "json": True}),
        ("accounts --json list", {"act": "list", "json": True}),
        ("accounts disable work", {"act": "disable", "id": "work"}),
        ("accounts default work", {"act": "default", "id": "work"}),
        ("messages --unread", {"module": "messages", "act": "list", "unread": True}),
        ("messages send 12 Tea at five?", {"target": "12", "text": ["Tea", "at", "five?"]}),
        ("messages read 7", {"act": "read", "id": 7}),
        ("voicemail work", {"module": "voicemail", "account": "work", "list": False}),
        ("devices identify jabra", {"module": "devices", "act": "identify", "id": "jabra"}),
        ("audio", {"act": "list", "json": False}),
        (
            "audio use capture a default",
            {"act": "use", "path": "capture", "names": ["a", "default"]},
        ),
        ("audio volume ringer 50%", {"path": "ringer", "level": 0.5}),
        ("audio volume playback 0.25", {"path": "playback", "level": 0.25}),
        ("audio test capture --seconds 5", {"path": "capture", "seconds": 5}),
        ("watch --json", {"module": "watch", "json": True}),
        ("config check", {"act": "check"}),
        ("doctor --json", {"module": "doctor", "json": True}),
        ("account add", {"module": "account", "act": "add", "id": "", "uri": ""}),
        ("account add work --transport tls", {"id": "work", "transport": "tls"}),
        ("account remove work", {"act": "remove", "id": "work"}),
        (
            "device describe --descriptor x --json",
            {"module": "device", "act": "describe", "descriptor": "x", "json": True},
        ),
        ("demo", {"module": "demo"}),
        ("presence", {"module": "colleagues", "act": "list", "json": False}),
        ("presence set dnd --note Later", {"act": "set", "state": "dnd", "note": "Later"}),
        ("colleagues --json", {"module": "colleagues", "act": "list", "json": True}),
        ("colleagues add 1002", {"act": "add", "address": "1002"}),
        ("pickup Bob", {"module": "colleagues", "name": "Bob"}),
    ],
)
def test_a_line_becomes_what_its_verb_needs(line: str, expected: dict[str, Any]) -> None:
    assert parse(line).items() >= expected.items()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "explode",
        "dial",
        "dtmf",
        "dtmf 1 --method telepathy",
        "hangup c1 --all",
        "history --limit 0",
        "history --limit many",
        "audio volume ringer 1.1",
        "audio volume ringer nan",
        "audio volume ringer -5%",
        "audio volume nose 1",
        "audio test capture --seconds 0",
        "config eat",
        "history delete",
        "history delete c1 --all",
        "toggle nose",
        "account",
        "account add --password-stdin --password-command x",
        "complete noses",
        "device",
        "device describe",
        "presence set asleep",
        "pickup",
        "status --print-completion fish",
    ],
)
def test_wrong_usage_is_exit_status_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(line.split())
    assert exit_.value.code == 2
    assert "usage: offhook" in capsys.readouterr().err


def test_every_verb_has_a_module_that_runs_it() -> None:
    modules = {one.get_default("module") for one in leaves(parser())} - {None}
    assert all(callable(import_module(f"offhook.cli.{module}").run) for module in modules)


@pytest.mark.parametrize("found", [*leaves(parser())], ids=lambda found: found.prog)
def test_every_verb_explains_itself(found: argparse.ArgumentParser) -> None:
    assert found.format_help().startswith(f"usage: {found.prog}")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completions_name_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--print-completion", shell])
    assert exit_.value.code == 0
    script = capsys.readouterr().out
    assert {verb for verb in VERBS if verb not in script} == set()
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)


def test_the_version_is_that_of_the_daemon(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"offhook {__version__}\n"


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
    assert parse(words)["module"] == module


@pytest.mark.parametrize(
    "line", [["watch", "callto:\x1b[31m"], ["\x1b]0;x\a"], ["dnd", "\u202eno"]]
)
def test_a_wrong_word_is_shown_without_what_a_terminal_would_obey(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(line)
    said = capsys.readouterr().err
    assert "usage:" in said
    assert said.replace("\n", "").isprintable()
