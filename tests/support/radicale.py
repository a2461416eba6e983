# SPDX-License-Identifier: GPL-2.0-or-later
"""A real CardDAV server with one user and one address book."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.processes import Program, free_port, taken

USER, PASSWORD = "ada", "s3cret"

BOOK = """<?xml version="1.0"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>Team</displayname>
</prop></set></mkcol>"""

CONFIGURATION = """[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {directory}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {directory}/collections
"""


class Radicale:
    """`url` leads to the server's root, `book` to the address book itself."""

    def __init__(self, port: int, http: httpx.Client) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.book = f"{self.url}{USER}/team/"
        self._http = http

    def put(self, name: str, card: str) -> None:
        self._http.put(f"{self.book}{name}", content=card.encode()).raise_for_status()

    def delete(self, name: str) -> None:
        self._http.delete(f"{self.book}{name}").raise_for_status()

    def make_book(self) -> None:
        self._http.request("MKCOL", self.book, content=BOOK).raise_for_status()


@contextmanager
def radicale(directory: Path) -> Iterator[Radicale]:
    directory.mkdir()
    port = free_port()
    (directory / "users").write_text(f"{USER}:{PASSWORD}\n")
    config = directory / "radicale.conf"
    config.write_text(CONFIGURATION.format(port=port, directory=directory))
    command: list[str | Path] = [sys.executable, "-m", "radicale", "--config", config]
    program = Program("radicale", command, directory / "radicale.log").start()
    try:
        program.wait_ready(lambda: taken("tcp", port))
        with httpx.Client(auth=(USER, PASSWORD)) as http:
            server = Radicale(port, http)
            server.make_book()
            yield server
    finally:
        program.stop()
