# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``desk_phones`` section."""

from pathlib import Path

import pytest

from offhookd.config.load import load
from offhookd.config.problems import ConfigError
from offhookd.config.schema import DeskPhoneConfig, Secret
from offhookd.phone.desk import AutoAnswerHeader, DeskWay
from offhookd.phone.values import AccountId
from tests.support.config_file import write

EXAMPLE = Path(__file__).parents[2] / "config" / "offhook.yaml"
ACCOUNT = "accounts: {work: {uri: 'sip:1001@pbx'}}\n"
AMI = "way: asterisk, host: pbx, username: me, channel: PJSIP/1001, context: phones"


def read(directory: Path, table: str, accounts: str = ACCOUNT) -> DeskPhoneConfig:
    text = f"{accounts}desk_phones: {{desk: {table}}}\n"
    return load([write(directory / "offhook.yaml", text)]).desk_phones["desk"]


def test_the_keys_of_an_exchange_arrive(tmp_path: Path) -> None:
    table = (
        f"{{{AMI}, port: 5038, tls: no, password: hush, priority: 2, caller_id: 'Ada <1001>',"
        " account: work, auto_answer: alert-info, variables: {COLOUR: red}, ring_seconds: 20}"
    )
    phone = read(tmp_path, table)
    assert phone == DeskPhoneConfig(
        id="desk",
        way=DeskWay.ASTERISK,
        account="work",
        host="pbx",
        port=5038,
        tls=False,
        username="me",
        password=Secret("hush"),
        channel="PJSIP/1001",
        context="phones",
        priority=2,
        caller_id="Ada <1001>",
        auto_answer=AutoAnswerHeader.ALERT_INFO,
        variables={"COLOUR": "red"},
        ring_seconds=20,
    )
    assert "hush" not in repr(phone)


def test_the_desk_phones_of_the_example_are_valid(tmp_path: Path) -> None:
    head, _, tail = EXAMPLE.read_text().partition("\ndesk_phones:\n")
    authorities = write(tmp_path / "pbx.pem", "")
    lines = [line.removeprefix("  # ") for line in tail.partition("\n\n")[0].splitlines()]
    text = "\n".join(f"  {line}" for line in lines).replace("~/pbx.pem", str(authorities))
    config = load([write(tmp_path / "c.yaml", f"{head}\ndesk_phones:\n{text}\n".encode())])
    assert {phone.way for phone in config.desk_phones.values()} == set(DeskWay)


def test_an_account_may_dial_through_one(tmp_path: Path) -> None:
    accounts = "accounts: {work: {uri: 'sip:1001@pbx', through: desk}}\n"
    text = f"{accounts}desk_phones: {{desk: {{{AMI}}}}}\n"
    config = load([write(tmp_path / "offhook.yaml", text)])
    assert config.accounts[AccountId("work")].through == "desk"


@pytest.mark.parametrize(
    ("table", "address"),
    [
        (f"{{{AMI}, account: work, follow: true}}", "1001"),
        (f"{{{AMI}, account: work, follow: '1007'}}", "1007"),
        (f"{{{AMI}, follow: false}}", ""),
        ("{way: refer, account: work, phone: 'sip:1@192.0.2.7', follow: yes}", "sip:1@192.0.2.7"),
        ("{way: call, account: work, phone: 'sip:1@x', follow: 'sip:2@x'}", "sip:2@x"),
    ],
)
def test_a_phone_may_be_followed(tmp_path: Path, table: str, address: str) -> None:
    assert read(tmp_path, table).follow == address


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (f"{{{AMI}, follow: true}}", ("desk.follow", "needs account")),
        (
            f"{{{AMI.replace('PJSIP/1001', 'DAHDI/1')}, account: work, follow: true}}",
            ("desk.follow", "DAHDI/1 does not tell it"),
        ),
        (f"{{{AMI}, account: work, follow: 'http://x'}}", ("desk.follow", "cannot be called")),
        ("{}", ("desk_phones.desk", "way", "asterisk, refer, call")),
        ("{way: smoke}", ("desk.way", "smoke")),
        (f"{{{AMI}, account: home}}", ("desk.account", "no account home")),
        ("{way: refer, phone: 'sip:1@pbx'}", ("desk.account", "missing")),
        ("{way: refer, account: work, phone: '1002'}", ("desk.phone", "sip:")),
        ("{way: refer, phone: 'sip:1@pbx', account: work, host: x}", ("desk.host", "unknown")),
        (f"{{{AMI}, chanel: x}}", ("desk.chanel", "did you mean channel")),
        ("{way: asterisk, host: pbx}", ("desk.channel", "missing")),
        (f"{{{AMI}, priority: 0}}", ("desk.priority", "1")),
        (f"{{{AMI}, variables: {{A B: c}}}}", ("desk.variables", "A B")),
        (f"{{{AMI}, variables: {{A: 'b,c'}}}}", ("desk.variables", "comma")),
        (f"{{{AMI}, password: a, password_command: b}}", ("keep one of them",)),
        (f'{{{AMI}, caller_id: "a\\r\\nAction: Command"}}', ("desk.caller_id", "one line")),
        (
            f"{{{AMI.replace('PJSIP', 'DAHDI')}, auto_answer: call-info}}",
            ("desk.auto_answer", "variables"),
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, table: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, table)
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_a_phone_called_here_and_an_account_without_its_phone_are_mistakes(tmp_path: Path) -> None:
    accounts = "accounts: {work: {uri: 'sip:1001@pbx', through: dask}}\n"
    text = f"{accounts}desk_phones: {{here: {{{AMI}}}}}\n"
    with pytest.raises(ConfigError) as refused:
        load([write(tmp_path / "offhook.yaml", text)])
    assert "accounts.work.through: there is no dask among desk_phones" in str(refused.value)
    assert "not here" in str(refused.value)
