# SPDX-License-Identifier: GPL-2.0-or-later
"""A real registrar and proxy: Kamailio on loopback, with faults to order."""

import itertools
import json
import shutil
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from tests.support.certificates import Certificate
from tests.support.processes import Program, free_ports

TABLES = Path("/usr/share/kamailio/dbtext/kamailio")
"""Empty ones, for the modules that want a database."""

TEMPLATE = Path(__file__).with_name("kamailio.cfg")
ADDRESS = "127.0.0.1"
# An answer comes within 1 ms where nothing else goes on.
RPC_TIMEOUT_S = 10.0
RPC_BYTES = 1 << 16
HANDSHAKE_LIMIT_S = 10.0
# What the two kinds of memory may grow to, in MB; the smallest Kamailio starts with.
SHARED_MB, PRIVATE_MB = "32", "8"
# Swallow the request instead of answering it.
SILENCE = -1

Algorithm = Literal["MD5", "SHA-256"]


def password(user: str) -> str:
    """Of any user of this server."""
    return f"pw{user}"


class Kamailio:
    """Registrar and proxy (RFC 3261) that stays in the signalling path (Record-Route).

    With `presence` it is a presence server too (RFC 3903, RFC 3856, RFC 4235).

    Its ports stay the same over `stop` and `start`, its registrations do not.
    """

    def __init__(
        self,
        directory: Path,
        certificate: Certificate,
        *,
        address: str = ADDRESS,
        algorithm: Algorithm = "MD5",
        min_expires_s: int = 1,
        max_expires_s: int = 3600,
        presence: bool = False,
    ) -> None:
        self.address = address
        self.port, self.tls_port = free_ports(2)
        self._directory = directory
        self._rpc_ids = itertools.count(1)
        config = directory / "kamailio.cfg"
        config.write_text(
            _filled(
                ADDRESS=address,
                PORT=self.port,
                TLS_PORT=self.tls_port,
                DIRECTORY=directory,
                CERTIFICATE=certificate.certificate,
                KEY=certificate.key,
                ALGORITHM="" if algorithm == "MD5" else algorithm,
                MIN_EXPIRES=min_expires_s,
                MAX_EXPIRES=max_expires_s,
                MODULES=_modules(),
            )
        )
        if presence:
            shutil.copytree(TABLES, directory / "db")
        options = ("-A", "WITH_PRESENCE") if presence else ()
        self.program = Program("kamailio", (*self._command(config), *options), directory / "log")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Start and return once it answers; 0.2 to 0.4 s."""
        self.program.start()
        self.program.wait_ready(self._answers)
        return self

    def stop(self) -> None:
        self.program.stop()

    def uri(self, user: str) -> str:
        """The address of record of a user."""
        return f"sip:{user}@{self.address}:{self.port}"

    def fail(self, method: str, status: int = SILENCE, *, retry_after_s: int | None = None) -> None:
        """Answer every request of this method with the status, or swallow it."""
        if retry_after_s is None:
            self._delete("retry_after", method)
        else:
            self.rpc("htable.seti", "retry_after", method, retry_after_s)
        self.rpc("htable.seti", "fault", method, status)

    def step_aside(self) -> None:
        """No Record-Route from now on: what follows the INVITE goes from phone to phone."""
        self.rpc("htable.seti", "fault", "Record-Route", 1)

    def mend(self, method: str) -> None:
        """End the fault of this method."""
        self._delete("fault", method)

    def contacts(self, user: str) -> list[str]:
        """The contact URIs registered for this user now."""
        records = self.rpc("ul.dump")["Domains"][0]["Domain"]["AoRs"]
        return [
            contact["Contact"]["Address"]
            for record in records
            if record["Info"]["AoR"] == user
            for contact in record["Info"]["Contacts"]
        ]

    def add_contact(self, user: str, uri: str) -> None:
        """Register a phone that does not register itself."""
        # table, AOR, contact, expires, q, path, flags, cflags, methods (all)
        self.rpc("ul.add", "location", user, uri, 3600, 1.0, "", 0, 0, 4095)

    def forget(self, user: str) -> None:
        """Drop the user's registration, as a restarted server would."""
        self.rpc("ul.rm", "location", user)

    def reset(self) -> None:
        """No faults, no registrations."""
        self.rpc("htable.flush", "fault")
        self.rpc("htable.flush", "retry_after")
        self.rpc("ul.flush")
        for record in self.rpc("ul.dump")["Domains"][0]["Domain"]["AoRs"]:
            self.forget(record["Info"]["AoR"])

    def rpc(self, method: str, *params: str | float) -> Any:
        """The result of one of Kamailio's RPC commands; RuntimeError with its refusal."""
        request = {
            "jsonrpc": "2.0",
            "id": next(self._rpc_ids),
            "method": method,
            "params": params,
        }
        reply = self._exchange(json.dumps(request).encode())
        if "error" in reply:
            raise RuntimeError(f"kamailio: {method}: {reply['error']['message']}")
        return reply.get("result")

    def _exchange(self, request: bytes) -> Any:
        ours = self._directory / f"rpc-client-{next(self._rpc_ids)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.settimeout(RPC_TIMEOUT_S)
            client.bind(str(ours))
            try:
                client.sendto(request, str(self._directory / "rpc"))
                return json.loads(client.recv(RPC_BYTES))
            finally:
                ours.unlink()

    def _answers(self) -> bool:
        try:
            self.rpc("core.version")
        except OSError:
            return False
        return self._speaks_tls()

    def _speaks_tls(self) -> bool:
        """Kamailio 5.7 has no certificate yet when it begins to listen."""
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname = False
        anybody.verify_mode = ssl.CERT_NONE
        try:
            with (
                socket.create_connection((self.address, self.tls_port), HANDSHAKE_LIMIT_S) as link,
                anybody.wrap_socket(link),
            ):
                return True
        except OSError:
            return False

    def _delete(self, table: str, key: str) -> None:
        if any(item["name"] == key for item in self._items(table)):
            self.rpc("htable.delete", table, key)

    def _items(self, table: str) -> list[dict[str, Any]]:
        slots: list[dict[str, Any]] = self.rpc("htable.dump", table)
        return [item for slot in slots for item in slot["slot"]]

    def _command(self, config: Path) -> Sequence[str | Path]:
        run = self._directory
        # -DD: do not go to the background; -E: log to stderr; -Y, -w: files stay in the directory
        memory = ("-m", SHARED_MB, "-M", PRIVATE_MB)
        return ("kamailio", "-f", config, "-DD", "-E", *memory, "-Y", run, "-w", run)


def _filled(**values: object) -> str:
    text = TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def _modules() -> str:
    for directory in Path("/usr/lib").glob("*/kamailio/modules"):
        return f"{directory}/"
    raise FileNotFoundError("kamailio is not installed")
