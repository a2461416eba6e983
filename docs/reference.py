# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the reference: the D-Bus interface from its XML, the configuration from the file that
explains every key, the manual pages from the parsers of the programs.

    python docs/reference.py              brings docs/dbus.md and docs/configuration.md up to date
    python docs/reference.py DIRECTORY    writes those and the manual pages there
"""

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "daemon/offhookd/bus/org.offhook.Phone1.xml"
CONFIGURATION = ROOT / "config/offhook.yaml"

MANUALS: Mapping[str, tuple[str, str]] = {
    "offhook.1": ("offhook.cli.parser", "use the phone that offhookd serves"),
    "offhook-tray.1": ("offhook.tray.main", "the phone on the desktop"),
    "offhookd.1": ("offhookd.main", "the phone of the Linux desktop, on D-Bus"),
}
"""Module with the function `parser`, and the line after the name, by file."""

MADE = "<!-- Made by docs/reference.py from {}: change it there. -->"

ACCESS = {"read": "read", "readwrite": "read, write", "write": "write"}
ANNOTATION = "org.freedesktop.DBus.Property.EmitsChangedSignal"
CHANGES = {"const": "never changes", "false": "changes are not announced"}


# ---------------------------------------------------------------- D-Bus


def dbus_reference(xml: str) -> str:
    """Markdown: the rules, then every interface with its members in the order of the XML."""
    root = ET.fromstring(xml, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))  # noqa: S314 - our own file
    opening = re.search(r"<!--(.*?)-->", xml.partition("<node")[0], re.DOTALL)
    parts = [
        MADE.format(CONTRACT.name),
        "",
        "# The D-Bus interface",
        "",
        *_verbatim(opening[1] if opening else ""),
    ]
    parts += _node(root, root.get("name", ""))
    return _page(parts)


def _node(node: ET.Element, path: str) -> Iterator[str]:
    """Its interfaces, and those of the nodes below."""
    comment = ""
    for child in node:
        if _is_comment(child):
            comment = child.text or ""
        elif child.tag == "interface":
            yield from _interface(child, path, comment)
            comment = ""
        elif child.tag == "node":
            yield from _node(child, f"{path}/{child.get('name')}")


def _interface(interface: ET.Element, path: str, comment: str) -> Iterator[str]:
    yield from ("", f"## {interface.get('name')}", "", f"On `{path}`.", "")
    yield from _verbatim(re.sub(r"^\s*org\.\S+:\s*@short_description:\s*", "", comment))
    said = ""
    for member in interface:
        if _is_comment(member):
            said = member.text or ""
            continue
        name = member.get("name", "")
        yield from ("", f"### {name}", "", f"`{_signature(member)}`", "")
        yield from _verbatim(re.sub(rf"^\s*(\w+, )*{name}(, \w+)*:\s*", "", said))
        # One comment may speak of several properties in a row: "Capture, Playback, Ringer: ...".
        if not re.match(rf"\s*\w+(, \w+)*, {name}\b|\s*{name},", said):
            said = ""


def _is_comment(element: ET.Element) -> bool:
    return not isinstance(element.tag, str)


def _signature(member: ET.Element) -> str:
    if member.tag == "property":
        found = member.find(f"annotation[@name='{ANNOTATION}']")
        changes = CHANGES.get(found.get("value", "") if found is not None else "", "")
        facts = [f"property {member.get('type')}", ACCESS[member.get("access", "read")], changes]
        return "; ".join(filter(None, facts))
    arguments: dict[str, list[str]] = {"in": [], "out": []}
    for one in member.findall("arg"):
        where = one.get("direction", "in")
        arguments[where].append(f"{one.get('name')} {one.get('type')}")
    call = f"{member.tag} {member.get('name')}({', '.join(arguments['in'])})"
    return f"{call} -> {', '.join(arguments['out'])}" if arguments["out"] else call


def _page(parts: Iterable[str]) -> str:
    """Its lines, with one blank line at most between two."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _verbatim(text: str) -> Iterator[str]:
    """A comment without its indentation; lists and columns in it stay as they are."""
    first, newline, rest = text.strip("\n").partition("\n")
    body = f"{first.strip()}{newline}{textwrap.dedent(rest)}".strip()
    if re.search(r"^@\w+: .*\n {2}", body, re.MULTILINE):
        yield _arguments_marked(re.sub(r"^@", "- @", body, flags=re.MULTILINE))
    elif re.search(r"^ {2,}\S", body, re.MULTILINE):
        yield from ("```", body, "```")
    elif body:
        yield _arguments_marked(body)


def _arguments_marked(text: str) -> str:
    return re.sub(r"@(\w+)", r"`\1`", text)


# ---------------------------------------------------------------- configuration

_KEY = re.compile(r"^(?P<indent> *)#?(?P<name>[a-z_]+):(?: (?P<value>.*))?$")
_COMMENT = re.compile(r"^ *# ?(?P<text>.*)$")


def configuration_reference(text: str) -> str:
    """Markdown: a heading for each section and key of the explained configuration."""
    parts = [MADE.format(CONFIGURATION.relative_to(ROOT)), "", "# The configuration", ""]
    remarks: list[str] = []
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if key := _KEY.match(line):
            indent = len(key["indent"])
            path = [one for one in path if one[0] < indent] + [(indent, key["name"])]
            if key["value"] or remarks:
                name = ".".join(one for _, one in path)
                parts += _key_heading(name, key["value"] or "", " ".join(remarks))
                parts += [*_verbatim("\n".join(remarks)), ""]
            remarks = []
        elif comment := _COMMENT.match(line):
            remarks.append(comment["text"])
        elif remarks:
            parts += [*_verbatim("\n".join(remarks)), ""]
            remarks = []
    return _page(parts)


def _key_heading(name: str, value: str, remarks: str) -> Iterator[str]:
    """With the value that the file shows: the default, unless one is told in words."""
    level = "##" if "." not in name else "###"
    yield from (f"{level} {name}", "")
    shown, _, kind = value.partition("# ")
    if shown.strip():
        told = kind.strip() == "example" or "Default:" in remarks or name.endswith(".uri")
        word = "Example" if told else "Default"
        yield from (f"{word}: `{shown.strip()}`", "")


# ---------------------------------------------------------------- manual pages


def manual(module: str, name: str, description: str) -> str:
    """The page of a program, as groff reads it."""
    start = "from argparse_manpage.cli import main; main()"
    command = [sys.executable, "-c", start, "--module", module]
    command += ["--function", "parser", "--project-name", "offhook", "--prog", name]
    command += ["--manual-title", "offhook", "--description", description]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stdout


def pages() -> Mapping[str, str]:
    """The text of each, by file."""
    return {
        "dbus.md": dbus_reference(CONTRACT.read_text()),
        "configuration.md": configuration_reference(CONFIGURATION.read_text()),
    }


def main() -> None:
    directory = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs"
    directory.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (directory / file).write_text(text)
    if not sys.argv[1:]:
        return
    for file, (module, description) in MANUALS.items():
        page = manual(module, Path(file).stem, description)
        (directory / file).write_text(page)


if __name__ == "__main__":
    main()
