# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion scripts of shells; those of bash and zsh are shtab's, with words that are asked
of the phone."""

import argparse
from typing import Any

BASH = """
# $1=kind $2=word
_offhook_words() {
  offhook complete "$1" "$2" 2>/dev/null
}
# What has a name need not begin with what was typed: several are only shown, one is taken.  The
# blank keeps bash from replacing the word by what they have in common.
_offhook_contacts() {
  local found
  found=$(_offhook_words contacts "$1") && [ -n "$found" ] || return 0
  if [ "$(wc -l <<<"$found")" = 1 ] || [ -z "$(cut -f1 <<<"$found" | grep -vF -- "$1")" ]; then
    cut -f1 <<<"$found"
  else
    printf '%s\\n' "$found" ' ' | sed 's/\\t/  /'
  fi
}
"""
_BASH_KIND = '_offhook_{kind}() {{ _offhook_words {kind} "$1" | cut -f1; }}\n'

ZSH = """
# $1=kind; the rest are options of compadd
_offhook_words() {
  local kind=$1 line
  local -a found shown
  shift
  for line in "${(@f)$(offhook complete $kind "$PREFIX" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    found+=("${line%%$'\\t'*}")
    shown+=("${line%%$'\\t'*}  -- ${line#*$'\\t'}")
  done
  (( $#found )) && compadd "$@" -l -d shown -a found
}
_offhook_contacts() { _offhook_words contacts -U }
"""
_ZSH_KIND = "_offhook_{kind}() {{ _offhook_words {kind} }}\n"

WORDS = {
    "ACCOUNT": "accounts",
    "CALL": "calls",
    "DEVICE": "devices",
    "ENDPOINT": "sounds",
    "NAME": "colleagues",
    "NUMBER": "contacts",
    "PAST-CALL": "past",
    "TARGET": "contacts",
}
"""Kind of the words that an argument takes, by the name the usage calls it by."""

FILES = {"bash": "_shtab_compgen_files", "zsh": "_files"}


SHELLS = ("bash", "zsh", "fish")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """What makes `shell` complete the commands of `parser`."""
    if shell == "fish":
        from . import completion_fish  # noqa: PLC0415 - as below

        return completion_fish.script(parser, WORDS)
    import shtab  # noqa: PLC0415 - 15 ms that no other command needs

    _mark(parser)
    templates = {"bash": (BASH, _BASH_KIND), "zsh": (ZSH, _ZSH_KIND)}
    common, each = templates[shell]
    kinds = sorted(set(WORDS.values()) - {"contacts"})
    preamble = common + "".join(each.format(kind=kind) for kind in kinds)
    text: str = shtab.complete(parser, shell, preamble=preamble)
    return text


def _mark(parser: argparse.ArgumentParser) -> None:
    """Tell shtab, by its attribute, which function of the script completes an argument."""
    action: Any
    for action in parser._actions:  # noqa: SLF001 - as shtab does; there is no public way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for verb in action.choices.values():
                _mark(verb)
        elif action.metavar == "FILE":
            action.complete = FILES
        elif kind := WORDS.get(action.metavar):
            name = f"_offhook_{kind}"
            action.complete = {"bash": name, "zsh": name}
