# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion script of fish, which shtab does not write."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FUNCTIONS = """\
# Completes offhook in fish; printed by: offhook --print-completion fish

# The words so far that are neither options nor their values, without offhook itself.
function __offhook_words
    set -l valued {valued}
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word $valued
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether $argv[2..] were typed, and $argv[1] further words; "1+" are one or more.
function __offhook_after
    set -l words (__offhook_words)
    set -l verb $argv[2..]
    set -l depth (count $verb)
    test (count $words) -ge $depth; or return 1
    if test $depth -gt 0
        test "$words[1..$depth]" = "$verb"; or return 1
    end
    set -l further (math (count $words) - $depth)
    switch $argv[1]
        case '*+'
            test $further -ge (string trim -r -c + $argv[1])
        case '*'
            test $further = $argv[1]
    end
end

complete -c offhook -f
"""
FILES = "(__fish_complete_path (commandline -ct))"

Verb = tuple[str, ...]


def script(parser: argparse.ArgumentParser, words: Mapping[str, str]) -> str:
    """`words`: the kind of ``offhook complete`` that an argument takes, by its metavar."""
    lines = list(_lines(parser, (), words))
    valued = " ".join(sorted(set(_valued(parser))))
    return FUNCTIONS.replace("{valued}", valued) + "\n".join(lines)


def _lines(parser: argparse.ArgumentParser, verb: Verb, words: Mapping[str, str]) -> Iterator[str]:
    """Of a command and those below it; its positional arguments have their places."""
    place = 0
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as shtab does
            helps = {one.dest: one.help or "" for one in _below(action)}
            for name, text in helps.items():
                yield _line(_after(verb, f"{place}"), f"-a {name}", text)
            for name in helps:
                yield from _lines(action.choices[name], (*verb, name), words)
        elif action.option_strings:
            if action.help is not argparse.SUPPRESS:
                when = _after(verb, "0+" if verb else "0")
                yield _line(when, _option(action, words), _help(parser, action))
        else:
            if offered := _offered(action, words):
                many = action.nargs in ("*", "+")
                yield _line(_after(verb, f"{place}+" if many else f"{place}"), f"-a {offered}", "")
            place += 1


def _line(condition: str, what: str, text: str) -> str:
    """One rule; `what` is quoted already."""
    said = f" -d {_quoted(text)}" if text else ""
    return f"complete -c offhook -n {_quoted(condition)} {what}{said}"


def _after(verb: Verb, further: str) -> str:
    return " ".join(["__offhook_after", further, *verb])


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """With defaults and signs of percent as people see them."""
    return parser._get_formatter()._expand_help(action)  # noqa: SLF001 - as below


def _option(action: argparse.Action, words: Mapping[str, str]) -> str:
    names = " ".join(
        f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}"
        for one in action.option_strings
    )
    if action.nargs == 0:
        return names
    offered = _offered(action, words)
    return f"{names} -x -a {offered}" if offered else f"{names} -x"


def _offered(action: argparse.Action, words: Mapping[str, str]) -> str:
    """What an argument may be, as fish evaluates it; "" for anything."""
    if action.choices is not None:
        return _quoted(" ".join(map(str, action.choices)))
    metavar = str(action.metavar)
    if metavar == "FILE":
        return _quoted(FILES)
    if kind := words.get(metavar):
        return _quoted(f"(offhook complete {kind} (commandline -ct) 2>/dev/null)")
    return ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _valued(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every option that takes a value, at any command."""
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for below in action.choices.values():
                yield from _valued(below)
        elif action.nargs != 0:
            yield from action.option_strings


def _actions(parser: argparse.ArgumentParser) -> Sequence[Any]:
    return parser._actions  # noqa: SLF001 - there is no public way


def _below(action: Any) -> Sequence[argparse.Action]:
    """The commands with a help; one without is not for people."""
    found: Sequence[argparse.Action] = action._choices_actions  # noqa: SLF001 - likewise
    return found
