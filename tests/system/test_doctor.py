# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook doctor`` in sickness and in health."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates
from tests.support.cli import CommandLine
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import Keys, account, configuration, registered
from tests.support.processes import PATIENCE_S, until
from tests.support.sound import NATURES, SoundServer, sound_server
from tests.system.conftest import _needs

DEVICES = ("loudspeaker", "microphone")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "offhook"
    directory.mkdir()
    return directory


@pytest.fixture
def offhook(session_bus: PrivateBus, tmp_path: Path) -> CommandLine:
    return CommandLine(session_bus.address, {"XDG_CONFIG_HOME": str(tmp_path)})


async def examined(offhook: CommandLine, status: int) -> dict[str, list[tuple[str, str, str]]]:
    """Subject -> verdict, text and remedy of each finding about it."""
    said = await offhook("doctor", "--json")
    assert (said.status, said.err) == (status, "")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(said.out):
        one_said = (one["verdict"], one["text"], one["remedy"])
        found.setdefault(one["subject"], []).append(one_said)
    return found


def write(home: Path, keys: Keys, ca_file: Path | None = None) -> str:
    text = configuration(keys, ca_file=ca_file)
    path = home / "offhook.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return text


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_phone_in_order_is_told_so(
    home: Path,
    offhook: CommandLine,
    session_bus: PrivateBus,
    kamailio: Kamailio,
    certificates: Certificates,
    transport: str,
) -> None:
    config = write(home, account(kamailio, "1001", transport), ca_file=certificates.authority)
    async with registered(session_bus, home, config):
        found = await examined(offhook, 0)
        people = await offhook("doctor")
    assert found["work registration"] == [("ok", "registered", "")]
    answers, *certificate = found["work server"]
    assert answers[0] == "ok"
    assert answers[1].endswith(f"over {transport} answers")
    assert bool(certificate) is (transport == "tls")
    assert found["work way"][0][0] == "ok"
    assert (people.status, people.err) == (0, "")
    assert "ok    daemon" in people.out


@pytest.mark.parametrize(
    ("managed", "remedy"),
    [(True, "systemctl --user start offhookd.service"), (False, "start it: offhookd")],
)
async def test_without_a_daemon_it_says_what_is_missing(
    home: Path, offhook: CommandLine, managed: bool, remedy: str
) -> None:
    offhook.environment["XDG_RUNTIME_DIR"] = str(home)
    if managed:
        (home / "systemd").mkdir()
        (home / "systemd" / "private").touch()
    found = await examined(offhook, 1)
    assert found["daemon"] == [("fail", "offhookd does not run", remedy)]
    assert found["configuration"][0][2] == "offhook account add"
    people = await offhook("doctor")
    assert people.status == 1
    assert f"  -> {remedy}\n" in people.out


async def test_every_mistake_of_the_configuration_is_a_line(
    home: Path, offhook: CommandLine
) -> None:
    (home / "offhook.yaml").write_text("sip: {prot: 1}\nlog: {level: loud}\n")
    found = await examined(offhook, 1)
    first, second = found["configuration"]
    assert ":1: sip.prot" in first[1]
    assert ":2: log.level" in second[1]


async def test_a_server_that_is_not_there(home: Path, offhook: CommandLine) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        uri = f"sip:1001@127.0.0.1:{silent.getsockname()[1]}"
        write(home, {"uri": uri, "password": "x", "transport": "tcp"})
        found = await examined(offhook, 1)
    verdict, text, remedy = found["work server"][0]
    assert verdict == "fail"
    assert "refused" in text.lower()
    assert "firewall" in remedy


async def test_a_certificate_of_an_unknown_authority(
    home: Path, offhook: CommandLine, kamailio: Kamailio
) -> None:
    write(home, {**account(kamailio, "1001", "tls")})
    verdict, text, remedy = (await examined(offhook, 1))["work server"][0]
    assert verdict == "fail"
    assert "certificate" in text or "issuer" in text
    assert "ca_file" in remedy


async def test_a_name_that_leads_nowhere_and_no_keyring(home: Path, offhook: CommandLine) -> None:
    write(home, {"uri": "sip:1001@nowhere.invalid"})
    found = await examined(offhook, 1)
    assert found["work server"][0][0] == "fail"
    assert found["work password"][0][0] == "fail"


async def test_without_a_bus_the_rest_is_examined(home: Path, offhook: CommandLine) -> None:
    offhook.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
    found = await examined(offhook, 1)
    assert found["session bus"][0][0] == "fail"
    assert "telephone sets" in found


@pytest.fixture(params=NATURES)
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SoundServer]:
    _needs(request.param)
    directory = tmp_path / "sound"
    directory.mkdir()
    with sound_server(request.param, directory) as server:
        yield server


async def test_the_devices_of_the_sound_server_are_examined(
    home: Path, session_bus: PrivateBus, sound: SoundServer
) -> None:
    path = home / "offhook.yaml"
    path.write_text("audio: {backend: auto}\n")
    path.chmod(0o600)
    environment = {**sound.environment, "XDG_CONFIG_HOME": str(home.parent)}
    offhook = CommandLine(session_bus.address, environment)

    async def said() -> dict[str, tuple[str, str, str]]:
        found = await examined(offhook, 1)  # without a daemon
        return {subject: found[subject][0] for subject in ("sound", *DEVICES) if subject in found}

    found = await said()
    assert found["sound"][0] == "ok"
    assert found["loudspeaker"] == ("ok", "ring", "")
    assert found["microphone"] == ("fail", "there is none", "plug in a microphone or headset")
    sound.plug_microphone("mouth", "a_mic")
    sound.pactl("set-default-source", "ring.monitor")
    verdict, text, remedy = (await said())["microphone"]
    assert (verdict, "ring.monitor, is none" in text) == ("warn", True)
    assert remedy == "offhook audio use capture mouth"
    sound.pactl("set-default-source", "mouth")
    await until(
        lambda: sound.pactl("get-default-source") == "mouth", PATIENCE_S, "the source to be chosen"
    )
    assert (await said())["microphone"] == ("ok", "mouth", "")
    for kind, device in (("source", "mouth"), ("sink", "ring")):
        sound.pactl(f"set-{kind}-mute", device, "1")
    found = await said()
    for subject, device in (("microphone", "mouth"), ("loudspeaker", "ring")):
        assert found[subject][:2] == ("warn", f"{device} is muted for all programs")
    sound.kill()
    found = await said()
    assert found["sound"][:2] == ("fail", "no PulseAudio or PipeWire answers")
    assert "pipewire-pulse" in found["sound"][2]
