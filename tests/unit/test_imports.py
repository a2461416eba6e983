# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may import whom: the floors of the house, held by reading the source.

`phone` knows nothing but itself, errors and values included; `config` knows the words of `phone`;
the adaptors know both and never one another; only the top floor knows them all.  Foreign libraries
each stay in their own room.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAEMON = ROOT / "daemon" / "offhookd"
CLIENT = ROOT / "clients" / "offhook"

MAY_IMPORT = {
    "phone": {"phone"},
    "config": {"config", "phone"},
    **{
        adaptor: {adaptor, "phone", "config", "lean", "__version__"}
        for adaptor in (
            "bus",
            "desk",
            "desktop",
            "devices",
            "directory",
            "engine",
            "sound",
            "store",
        )
    },
}

ENGINE_CHILD = DAEMON / "engine" / "__main__.py"
"""What the daemon starts as the engine: everything it reaches must stay under engine/."""

FOREIGN_ROOMS = {
    "dbus_next": ("bus/bus.py",),
    "dbus_fast": ("bus/bus.py",),
    "pjsua2": ("engine/",),
    "pulsectl": ("sound/",),
    "pulsectl_asyncio": ("sound/",),
    "pyudev": ("devices/",),
    "secretstorage": ("desktop/keyring.py",),
    "sqlite3": ("store/", "directory/"),
    "vobject": ("directory/cards.py",),
    "httpx": ("directory/",),
    "ldap3": ("directory/ldap.py",),
    "defusedxml": ("directory/carddav.py",),
    "yaml": ("config/", "devices/"),
}

CLIENT_ROOMS = {
    "dbus_next": ("bus.py",),
    "PySide6": ("tray/",),
}
"""The tray's Qt is an extra: whoever does without it has it nowhere."""

PURE_TRAY = ("cards", "deeds", "fields", "handing", "menu", "notices", "people", "status", "words")
"""From the phone to what a person sees, without Qt."""

OFFLINE = {
    "cli/doctor.py": ("offhookd.config.",),
    "cli/examine_machine.py": ("offhookd.devices.",),
    "cli/examine_servers.py": (
        "offhookd.config.",
        "offhookd.desktop.",
        "offhookd.hosts",
        "offhookd.phone.errors.PhoneError",
        "offhookd.phone.values",
        "offhookd.server_watch",
        "offhookd.stun_probe",
        "offhookd.turn_probe",
    ),
    "cli/device.py": ("offhookd.devices.",),
    "settings/file.py": ("offhookd.config.",),
    "cli/learn.py": (
        *("offhookd.devices.", "offhookd.phone.buttons."),
        *("offhookd.clock.", "offhookd.config.problems."),
    ),
}
"""Clients that examine a file or a device with the daemon's own eyes, without asking it."""

IMPURE = frozenset(
    {"asyncio", "ctypes", "os", "pathlib", "select", "socket", "sqlite3", "subprocess"}
    | {"tempfile", "threading", "time"}
)
"""I/O and clocks: `phone` is fed with events and a clock instead."""


def sources(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def inside(path: Path) -> str:
    return path.relative_to(DAEMON).as_posix()


def package(path: Path) -> list[str]:
    """The dotted parts of the package a source file lies in."""
    base = DAEMON.parent if path.is_relative_to(DAEMON) else CLIENT.parent
    return list(path.relative_to(base).parent.parts)


def imports(path: Path) -> Iterator[str]:
    """Full dotted names a file imports anywhere, those for type checking only included."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = package(path) if node.level else []
            origin = [*here[: len(here) + 1 - node.level], *([node.module] if node.module else [])]
            yield from (".".join([*origin, name.name]) for name in node.names)


def rooms(path: Path) -> set[str]:
    """The packages and top modules of the daemon that a file imports."""
    names = (name.split(".") for name in imports(path))
    return {parts[1] for parts in names if parts[0] == "offhookd" and len(parts) > 1}


def module_file(name: str) -> Path | None:
    """The daemon's file behind a dotted name, or behind the module that defines it."""
    for candidate in (name, name.rpartition(".")[0]):
        path = DAEMON.parent.joinpath(*candidate.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


def reached_from(start: Path) -> set[Path]:
    """The daemon's files that running `start` can ever lead to."""
    todo, seen = [start], set[Path]()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            ours = [module_file(name) for name in imports(path) if name.startswith("offhookd.")]
            todo += filter(None, ours)
    return seen


@pytest.mark.parametrize(
    "path", [path for room in MAY_IMPORT for path in sources(DAEMON / room)], ids=inside
)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    assert rooms(path) <= MAY_IMPORT[path.relative_to(DAEMON).parts[0]]


def test_every_room_has_its_rule() -> None:
    found = {path.relative_to(DAEMON).parts[0] for path in DAEMON.glob("*/*.py")}
    assert found <= MAY_IMPORT.keys()


@pytest.mark.parametrize("path", sources(DAEMON / "phone"), ids=inside)
def test_the_phone_is_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE


def test_the_engine_process_holds_nothing_of_the_daemon() -> None:
    reached = {inside(path) for path in reached_from(ENGINE_CHILD)}
    assert {path for path in reached if not path.startswith("engine/")} <= {"__init__.py"}


@pytest.mark.parametrize("path", sources(DAEMON), ids=inside)
def test_each_foreign_library_stays_in_its_room(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)} & FOREIGN_ROOMS.keys()
    astray = {name for name in used if not inside(path).startswith(FOREIGN_ROOMS[name])}
    assert not astray


@pytest.mark.parametrize(
    "path", sources(CLIENT), ids=lambda path: path.relative_to(CLIENT).as_posix()
)
def test_a_client_uses_the_bus_and_never_the_daemons_code(path: Path) -> None:
    used = [name for name in imports(path) if name.split(".")[0] == "offhookd"]
    allowed = OFFLINE.get(path.relative_to(CLIENT).as_posix(), ())
    assert not [name for name in used if not name.startswith(allowed)]


@pytest.mark.parametrize(
    "path", sources(CLIENT), ids=lambda path: path.relative_to(CLIENT).as_posix()
)
def test_a_clients_foreign_libraries_stay_in_their_rooms(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)} & CLIENT_ROOMS.keys()
    inside_client = path.relative_to(CLIENT).as_posix()
    assert not {name for name in used if not inside_client.startswith(CLIENT_ROOMS[name])}


@pytest.mark.parametrize("room", PURE_TRAY)
def test_what_the_tray_shows_is_decided_without_qt(room: str) -> None:
    names = set(imports(CLIENT / "tray" / f"{room}.py"))
    assert not {name for name in names if name.startswith("PySide6")}
    rooms_used = {name.split(".")[2] for name in names if name.startswith("offhook.tray.")}
    assert rooms_used <= set(PURE_TRAY)


@pytest.mark.parametrize(
    "path", sources(ROOT / "daemon") + sources(CLIENT) + sources(ROOT / "tests")
)
def test_every_file_states_its_licence(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# SPDX-License-Identifier: GPL-2.0-or-later"
