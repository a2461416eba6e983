# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys about what happens before a call."""

from pathlib import Path

import pytest

from offhookd.config.load import load, validate
from offhookd.config.schema import CallsConfig
from offhookd.phone.auto_answer import AutoAnswerRules
from offhookd.phone.dial_plan import NumberFormat, Rewrite
from offhookd.phone.emergency import EmergencyRules
from offhookd.phone.ring_sound import RingRules
from offhookd.phone.screening import ScreeningRules, Treatment
from offhookd.phone.values import AccountId
from tests.support.config_file import write

ACCOUNT = "accounts: {work: {uri: sip:1@pbx.test, %s}}"


def test_every_key_arrives_in_its_type(tmp_path: Path) -> None:
    ring = tmp_path / "ring.wav"
    ring.touch()
    found = load(
        [
            write(
                tmp_path / "c.yaml",
                """
                calls: {dnd_code: 603}
                screening: {allow: "@x.test", block: [0900*, "+49 1"], others: Silent}
                auto_answer: {callers: [2???], beep: no, muted: yes}
                ringing:
                  sound: Bellcore-dr2
                  alert_info: {external: ring.wav}
                  callers: {"+4930*": bellcore-dr5}
                emergency: {numbers: [144], account: work, callback_minutes: 5}
                accounts:
                  work:
                    uri: sip:1@pbx.test
                    country: DE
                    outside_prefix: 0
                    extension_digits: 3
                    number_format: e164
                    rewrite: ['8(\\d+) -> 9\\1']
                    use_for: ["+49*"]
                    hide_caller_id: true
                    identity: sip:2@pbx.test
                    ring: bellcore-dr1
                    ring_group: all
                    call_waiting: false
                    auto_answer_seconds: 0
                """.replace('"+49 1"', '"+491"'),
            )
        ]
    )
    assert found.calls == CallsConfig(dnd_code=603)
    assert found.screening == ScreeningRules(
        allow=("@x.test",), block=("0900*", "+491"), others=Treatment.SILENT
    )
    assert found.auto_answer == AutoAnswerRules(callers=("2???",), beep=False, muted=True)
    assert found.ringing == RingRules(
        sound="bellcore-dr2",
        alert_info={"external": str(ring)},
        callers={"+4930*": "bellcore-dr5"},
    )
    assert found.emergency == EmergencyRules(
        numbers=("144",), account=AccountId("work"), callback_minutes=5
    )
    account = found.accounts[AccountId("work")]
    assert (account.country, account.outside_prefix, account.extension_digits) == ("de", "0", 3)
    assert account.number_format is NumberFormat.E164
    assert account.rewrite == (Rewrite("8(\\d+)", "9\\1"),)
    assert (account.use_for, account.hide_caller_id) == (("+49*",), True)
    assert (account.identity, account.ring) == ("sip:2@pbx.test", "bellcore-dr1")
    assert (account.ring_group, account.call_waiting) == ("all", False)
    assert account.auto_answer_seconds == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("calls: {dnd_code: 404}", "calls.dnd_code: must be one of 486, 480, 603, not 404"),
        ("screening: {block: [a b]}", "a b is neither a number nor an address"),
        ("screening: {blocked: drop}", "must be one of ring, silent, busy, decline, ignore"),
        ("ringing: {sound: bellcore-dr6}", "(did you mean bellcore-dr"),
        ("ringing: {sound: none.wav}", "none.wav cannot be read: no such file"),
        ("ringing: {callers: x}", "must be a table of keys"),
        ("ringing: {alert_info: {a: b}}", "a (line 1) must be bellcore-dr1 to bellcore-dr5"),
        ("ringing: {alert_info: {a b: bellcore-dr1}}", "a b is no key"),
        ("emergency: {numbers: [1x]}", "1x is no number"),
        (ACCOUNT % "outside_prefix: x", "must be digits"),
        (ACCOUNT % "rewrite: ['1 => 2']", "lacks the arrow"),
        (ACCOUNT % "rewrite: ['( -> 2']", "is no regular expression"),
        (ACCOUNT % "rewrite: ['1 -> \\2']", "is no regular expression: invalid group reference"),
        (ACCOUNT % "identity: pbx.test", "accounts.work.identity"),
        (ACCOUNT % "auto_answer_seconds: 61", "must be a number from 0 to 60"),
    ],
)
def test_a_wrong_value_is_named_with_its_reason(tmp_path: Path, line: str, complaint: str) -> None:
    (problem,) = validate([write(tmp_path / "c.yaml", line)])
    assert complaint in str(problem)
