# SPDX-License-Identifier: GPL-2.0-or-later
"""What a phone that nobody uses does not load: each costs memory for as long as it runs."""

import subprocess
import sys

import pytest

from tests.support.start_up import PROCESSES

NEVER_IDLE = {
    "ssl": "4 MB; asyncio wants it for connections that the phone makes none of by itself",
    "_hashlib": "3.5 MB of another OpenSSL",
    "gi": "4 MB of GLib, which dbus-next takes where it is installed",
    "http": "5 MB, with ssl and email: only the reader of address books asks web servers",
    "email": "likewise",
    "multiprocessing": "0.5 MB; our processes are started as programs",
    "decimal": "0.4 MB",
    "importlib.metadata": "2 MB; our version is a constant",
    "logging.config": "0.9 MB; the configuration has one level and no files",
    "unittest": "1 MB, which some libraries import for their own tests",
}
ELSEWHERE = {
    "daemon": {
        "pjsua2": "11 MB, and what may abort: the engine has it",
        "argparse": "0.4 MB; the service is started without arguments",
        "phonenumbers": "1 MB; loaded for the first number that is to be completed",
        "pulsectl": "4 MB; loaded where there is a sound server",
        "secretstorage": "11 MB; a program of its own searches the keyring",
        "jeepney": "likewise",
        "vobject": "of the reader of address books, as the three below",
        "httpx": "likewise",
        "ldap3": "likewise",
        "defusedxml": "likewise",
    },
    "engine": {
        "asyncio": "6 MB; its loop is that of the SIP stack",
        "subprocess": "the sandbox starts nothing",
        "yaml": "1 MB; the daemon reads the configuration",
        "sqlite3": "1 MB; the daemon stores",
        "dbus_next": "7 MB; the daemon is on the bus",
        "xml": "loaded when the first document of a stranger is to be read",
    },
}


@pytest.mark.parametrize("process", PROCESSES)
def test_an_idle_process_has_nothing_loaded_that_it_does_without(process: str) -> None:
    program = f"{PROCESSES[process]}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    unwanted = {**NEVER_IDLE, **ELSEWHERE[process]}
    loaded = unwanted.keys() & set(done.stdout.split())
    assert {name: unwanted[name] for name in loaded} == {}
