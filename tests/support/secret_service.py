# SPDX-License-Identifier: GPL-2.0-or-later
"""A real keyring (gnome-keyring-daemon) on a bus of its own, with nothing of the user's in it."""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import secretstorage
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

from tests.support.processes import PATIENCE_S, Program

# Unlike the session bus's own rules, these start no service: whether one runs is the test's say.
BUS_CONFIG = """
<busconfig>
  <type>session</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

KEYRING = "gnome-keyring-daemon --foreground --unlock --components=secrets"


class SecretService:
    """The bus at `address`, and the keyring on it once `start` was called."""

    def __init__(self, directory: Path) -> None:
        self.address = f"unix:path={directory}/bus"
        self.environment = {
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "HOME": str(directory),
            "XDG_DATA_HOME": str(directory),
            "XDG_RUNTIME_DIR": str(directory),
        }
        rules = directory / "bus.conf"
        rules.write_text(BUS_CONFIG.format(directory=directory))
        log = directory / "log"
        self._bus = Program("bus", ["dbus-daemon", "--nofork", f"--config-file={rules}"], log)
        # It takes the password of the keyring it creates from standard input.
        password = directory / "keyring-password"
        password.write_text("keyring")
        keyring = ["sh", "-c", f"exec {KEYRING} < {password}"]
        self._keyring = Program("keyring", keyring, log, environment=self.environment)
        self._directory = directory

    def start_bus(self) -> None:
        self._bus.start().wait_ready((self._directory / "bus").is_socket)

    def start(self) -> None:
        """Start the keyring; it is unlocked and empty."""
        self._keyring.start().wait_ready(self._owned)

    def stop(self) -> None:
        if self._keyring.running:
            self.thaw()
        self._keyring.stop()
        self._bus.stop()

    def store(self, command: str, password: str) -> None:
        """Run a ``secret-tool store`` line as a person would."""
        subprocess.run(
            shlex.split(command),
            input=password.encode(),
            env=os.environ | self.environment,
            timeout=PATIENCE_S,
            check=True,
        )

    def lock(self) -> None:
        with closing(open_dbus_connection(self.address)) as connection:
            for collection in secretstorage.get_all_collections(connection):
                collection.lock()

    def freeze(self) -> None:
        """Make it accept questions and answer none, as while it waits for a person."""
        os.kill(self._keyring.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._keyring.pid, signal.SIGCONT)

    def _owned(self) -> bool:
        with closing(open_dbus_connection(self.address)) as connection:
            return bool(Proxy(message_bus, connection).NameHasOwner("org.freedesktop.secrets")[0])


@contextmanager
def secret_service(directory: Path) -> Iterator[SecretService]:
    """A bus without a keyring for the length of the block; `start` adds the keyring."""
    service = SecretService(directory)
    service.start_bus()
    try:
        yield service
    finally:
        service.stop()
