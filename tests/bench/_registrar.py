# SPDX-License-Identifier: GPL-2.0-or-later
"""A phone registered at a real Kamailio, with a piece of wire between that sees every packet."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench._client import Client
from tests.bench._phone import Phone, phone
from tests.support.certificates import Certificates
from tests.support.dbus import PrivateBus, private_bus
from tests.support.kamailio import Kamailio, password
from tests.support.processes import wait_until
from tests.support.sound import sound_server
from tests.support.wire import Datagram, Direction, Wire

USER = "1001"
PATIENCE_S = 10.0
SOUND = ("silent", "pulseaudio", "pipewire")

CONFIG = """\
accounts:
  work:
    uri: {uri}
    proxy: sip:127.0.0.1:{port};lr
    password: {password}
sip: {{bind: 127.0.0.1}}
audio: {{backend: {backend}}}
"""


@dataclass(slots=True)
class Rig:
    """What outlives one phone."""

    bus: PrivateBus
    kamailio: Kamailio
    wire: Wire
    client: Client
    environment: dict[str, str]
    backend: str
    directory: Path

    @contextmanager
    def registered_phone(self) -> Iterator[Phone]:
        """A phone that is registered; the wire has seen nothing else."""
        self.wire.seen.clear()
        config = CONFIG.format(
            uri=self.kamailio.uri(USER),
            port=self.wire.port,
            password=password(USER),
            backend=self.backend,
        )
        with phone(self.directory, config, self.environment, self.client) as running:
            wait_until(lambda: accepted(self.wire), PATIENCE_S, "the registration")
            yield running


@contextmanager
def rig(sound: str) -> Iterator[Rig]:
    """Bus, registrar, wire and, unless `sound` is "silent", a sound server with null sinks."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bus = stack.enter_context(private_bus())
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address}
        if sound != "silent":
            server = stack.enter_context(sound_server(sound, directory))
            environment = {**server.environment, **environment}
        certificate = Certificates(directory).server
        kamailio = stack.enter_context(Kamailio(directory, certificate))
        wire = stack.enter_context(Wire(kamailio.port))
        client = stack.enter_context(Client(bus.address))
        backend = "silent" if sound == "silent" else "auto"
        yield Rig(bus, kamailio, wire, client, environment, backend, directory)


def accepted(wire: Wire, expires: bool = True) -> Datagram | None:
    """The first "200 OK" to a REGISTER; without `expires`, to one that ends the registration."""
    for seen in wire.messages(Direction.FROM_TARGET):
        registers = seen.start_line == "SIP/2.0 200 OK" and "REGISTER" in seen.header("CSeq")
        if registers and expires == bool(seen.header("Contact")):
            return seen
    return None
