# SPDX-License-Identifier: GPL-2.0-or-later
"""What a valid configuration becomes, and which files it comes from."""

from dataclasses import fields
from pathlib import Path

import pytest

from offhookd.config import audio, sections
from offhookd.config.accounts import KEYS
from offhookd.config.load import SECTIONS, load, search
from offhookd.config.problems import ConfigError
from offhookd.config.schema import (
    AccountConfig,
    AudioConfig,
    Config,
    DevicesConfig,
    JitterBufferConfig,
    LogConfig,
    LogLevel,
    Secret,
    SipConfig,
    TonesConfig,
)
from offhookd.phone.ringing import RingAt
from offhookd.phone.values import (
    AcceptFrom,
    AccountId,
    AudioBackend,
    OnUnplug,
    Srtp,
    Transport,
)
from tests.support.config_file import write

WORK = AccountId("work")

EVERYTHING = """
    accounts:
      work:
        uri: sip:1001@PBX.example.com:5070
        enabled: no
        label: Office
        display_name: Ada
        username: 0049
        password: hunter2
        registrar: sip:registrar.example.com:5060
        proxy: sip:edge.example.com
        transport: TCP
        register_seconds: 600
        keepalive_seconds: 0
        srtp: required
        codecs: [pcmu, Speex/16000]
        accept_from: anyone
    sip: {port: 5060, bind: 127.0.0.2, ca_file: ca.pem}
    audio:
      backend: silent
      capture: [alsa_input.usb, default]
      playback: alsa_output.usb
      ringer: [default]
      on_unplug: speaker
      jitter_buffer: {minimum_ms: 60}
    devices: {ring: both, speed_dials: {1: 0049, voice-mail: "*97"}}
    tones: {country: NO}
    log: {level: debug}
"""


def test_every_key_arrives_in_its_type(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    path = write(tmp_path / "offhook.yaml", EVERYTHING)
    assert load([path]) == Config(
        accounts={
            WORK: AccountConfig(
                id=WORK,
                uri="sip:1001@pbx.example.com:5070",
                enabled=False,
                label="Office",
                display_name="Ada",
                username="0049",
                password=Secret("hunter2"),
                registrar="sip:registrar.example.com:5060",
                proxy="sip:edge.example.com;lr",
                transport=Transport.TCP,
                register_seconds=600,
                keepalive_seconds=0,
                srtp=Srtp.REQUIRED,
                codecs=("PCMU", "speex/16000"),
                accept_from=AcceptFrom.ANYONE,
            )
        },
        sip=SipConfig(port=5060, bind="127.0.0.2", ca_file=tmp_path / "ca.pem"),
        audio=AudioConfig(
            backend=AudioBackend.SILENT,
            capture=("alsa_input.usb", "default"),
            playback=("alsa_output.usb",),
            on_unplug=OnUnplug.SPEAKER,
            jitter_buffer=JitterBufferConfig(minimum_ms=60, maximum_ms=400),
        ),
        devices=DevicesConfig(ring=RingAt.BOTH, speed_dials={"1": "0049", "voice-mail": "*97"}),
        tones=TonesConfig(country="no"),
        log=LogConfig(level=LogLevel.DEBUG),
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("{minimum_ms: 10}", "minimum_ms: must be a number from 20 to 1000, not 10"),
        ("{maximum_ms: 5000}", "maximum_ms: must be a number from 20 to 1000, not 5000"),
        ("{minimum_ms: 500}", "minimum_ms: must not be above maximum_ms, which is 400"),
        ("{maximum: 5}", "maximum: unknown key (did you mean maximum_ms?)"),
        ("60", ": must be a table of keys, not 60"),
    ],
)
def test_jitter_buffer_outside_its_limits_is_refused(
    tmp_path: Path, table: str, reason: str
) -> None:
    path = write(tmp_path / "c.yaml", f"audio: {{jitter_buffer: {table}}}")
    with pytest.raises(ConfigError) as refused:
        load([path])
    assert f"audio.jitter_buffer{'' if reason[0] == ':' else '.'}{reason}" in str(refused.value)


def test_what_is_left_out_follows_from_the_uri(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "accounts: {work: {uri: 'sips:ada%40x@pbx.example.com:99'}}")
    account = load([path]).accounts[WORK]
    assert account.username == "ada@x"
    assert account.registrar == "sips:pbx.example.com:99"
    assert account.transport == Transport.TLS
    assert account.label == "work"


@pytest.mark.parametrize("word", ["none", "None", "no", "off"])
def test_an_account_without_registrar_takes_direct_calls(tmp_path: Path, word: str) -> None:
    text = f"accounts: {{work: {{uri: sip:me@127.0.0.1, registrar: {word}}}}}"
    assert load([write(tmp_path / "c.yaml", text)]).accounts[WORK].registrar == ""


@pytest.mark.parametrize(
    ("section", "known"),
    [
        (SipConfig, sections.SIP),
        (AudioConfig, audio.AUDIO),
        (TonesConfig, sections.TONES),
        (LogConfig, sections.LOG),
        (AccountConfig, {"id": None, **KEYS}),
        (Config, SECTIONS),
    ],
)
def test_every_field_has_a_key_of_its_name(section: type[Config], known: dict[str, object]) -> None:
    assert {item.name for item in fields(section)} == set(known)


def test_no_file_is_a_phone_without_accounts(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "not/absolute"}
    paths = search(environ=environ, system_file=tmp_path / "none.yaml")
    assert paths == ()
    assert load(paths) == Config()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "accounts:\nsip:\n", "{}"])
def test_empty_files_and_sections_are_fine(tmp_path: Path, text: str) -> None:
    assert load([write(tmp_path / "c.yaml", text)]) == Config()


def test_the_file_on_the_command_line_stands_alone(tmp_path: Path) -> None:
    write(tmp_path / ".config/offhook/offhook.yaml", "log: {level: debug}")
    only = tmp_path / "other.yaml"
    paths = search(only, {"HOME": str(tmp_path)})
    assert paths == (only,)
    with pytest.raises(ConfigError, match=r"other\.yaml: cannot be read: no such file"):
        load(paths)


def test_the_users_file_outweighs_the_systems_key_by_key(tmp_path: Path) -> None:
    system = write(
        tmp_path / "system.yaml",
        """
        accounts:
          office: {uri: sip:1@office.example.com, srtp: required, codecs: [PCMA, PCMU]}
          lab: {uri: sip:2@lab.example.com}
        sip: {port: 5060, bind: 127.0.0.1}
        log: {level: warning}
        """,
    )
    user = write(
        tmp_path / "xdg/offhook/offhook.yaml",
        """
        accounts:
          home: {uri: sip:3@home.example.com}
          office: {codecs: [G722], label: Desk}
        sip: {port: 5070}
        log:
        """,
    )
    paths = search(environ={"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, system_file=system)
    assert paths == (system, user)
    config = load(paths)
    assert list(config.accounts) == ["home", "office", "lab"]
    office = config.accounts[AccountId("office")]
    assert (office.srtp, office.codecs, office.label) == (Srtp.REQUIRED, ("G722",), "Desk")
    assert config.sip == SipConfig(port=5070, bind="127.0.0.1")
    assert config.log.level == LogLevel.WARNING


def test_the_users_way_to_the_password_replaces_the_systems(tmp_path: Path) -> None:
    system = write(
        tmp_path / "s.yaml", "accounts: {work: {uri: sip:1@x.org, password_command: pass x}}"
    )
    user = write(tmp_path / "u.yaml", "accounts: {work: {password: mine}}")
    account = load([system, user]).accounts[WORK]
    assert account.password == Secret("mine")
    assert account.password_command == ()


def test_problems_of_both_files_name_their_own(tmp_path: Path) -> None:
    system = write(tmp_path / "s.yaml", "sip: {port: x}")
    user = write(tmp_path / "u.yaml", "\nsip: {bond: 0.0.0.0}")
    with pytest.raises(ConfigError) as caught:
        load([system, user])
    assert [(Path(p.file).name, p.line, p.key) for p in caught.value.problems] == [
        ("s.yaml", 1, "sip.port"),
        ("u.yaml", 2, "sip.bond"),
    ]


def test_secrets_print_as_asterisks(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "accounts: {work: {uri: sip:1@x.org, password: hunter2}}")
    config = load([path])
    password = config.accounts[WORK].password
    assert password is not None
    assert f"{password} {password!r} {password!s}" == "******** ******** ********"
    assert "hunter2" not in repr(config)
    assert password.reveal() == "hunter2"


def test_the_arguments_of_a_command_may_be_secret_too(tmp_path: Path) -> None:
    text = "accounts: {work: {uri: sip:1@x.org, password_command: 'decrypt --key hunter2'}}"
    config = load([write(tmp_path / "c.yaml", text, mode=0o644)])
    assert config.accounts[WORK].password_command == ("decrypt", "--key", "hunter2")
    assert "hunter2" not in repr(config)
