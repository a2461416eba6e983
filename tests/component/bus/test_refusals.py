# SPDX-License-Identifier: GPL-2.0-or-later
"""What is refused, and how that is told."""

import pytest

from offhookd.bus import dispatch
from offhookd.bus.contract import CONTRACT_FILE
from offhookd.bus.names import INTROSPECTABLE, OBJECT_MANAGER, PEER, PROPERTIES, ROOT
from offhookd.bus.service import Service
from offhookd.phone.errors import InvalidTargetError, PhoneError
from tests.support.bus_rig import DBUS_ERROR, DIAL, ERROR, Rig
from tests.support.dbus import (
    DBusReply,
    GlibClient,
)
from tests.support.dbus_objects import (
    AUDIO,
    CALL,
    CALL_PATH,
    MEDIA,
    TELEPHONY,
    ShownTelephony,
)


@pytest.mark.parametrize(
    ("path", "interface", "member", "arguments", "error", "words"),
    [
        (ROOT, TELEPHONY, "Redial", "", ERROR + "NotSupported", "Redial is not supported"),
        (ROOT, TELEPHONY, "Call", "", DBUS_ERROR + "UnknownMethod", f"{TELEPHONY} has no method"),
        (ROOT, CALL, "Hold", "", DBUS_ERROR + "UnknownInterface", f"no interface {CALL}"),
        (CALL_PATH, CALL, "Hold", "", DBUS_ERROR + "UnknownObject", f"no object {CALL_PATH}"),
        ("/x", INTROSPECTABLE, "Introspect", "", DBUS_ERROR + "UnknownObject", "no object /x"),
        (
            *(ROOT, TELEPHONY, "Dial", "('x',)", DBUS_ERROR + "InvalidArgs"),
            "takes (target s, options a{sv}), it was given (s)",
        ),
        (ROOT, PEER, "Ping", "('x',)", DBUS_ERROR + "InvalidArgs", "Ping takes ()"),
        (
            *(ROOT, PROPERTIES, "Get", f"('{TELEPHONY}', 'X')"),
            *(DBUS_ERROR + "UnknownProperty", "no property X"),
        ),
        (
            *(ROOT, PROPERTIES, "Get", "('a.b', 'X')"),
            *(DBUS_ERROR + "UnknownInterface", "no interface a.b"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{TELEPHONY}', 'Calls', <@ao []>)"),
            *(DBUS_ERROR + "PropertyReadOnly", "Telephony.Calls cannot be set"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{AUDIO}', 'Silenced', <1>)"),
            *(DBUS_ERROR + "InvalidArgs", "Silenced has the type b"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{AUDIO}', 'Silenced', <true>)"),
            *(ERROR + "NotSupported", "Silenced cannot be set"),
        ),
        (ROOT, AUDIO, "MonitorLevels", "(objectpath '/', uint32 0)", ERROR + "Failed", "nothing"),
    ],
)
async def test_refusal_has_its_name_and_says_why(
    client: GlibClient,
    path: str,
    interface: str,
    member: str,
    arguments: str,
    error: str,
    words: str,
) -> None:
    reply = await client.call(path, interface, member, arguments)
    assert reply.error == error
    assert words in reply.text


async def test_error_of_the_phone_keeps_its_sentence(rig: Rig, client: GlibClient) -> None:
    rig.telephony.failure = InvalidTargetError("'x\0y' is not a number")
    reply = await client.call(ROOT, TELEPHONY, "Dial", DIAL)
    assert reply == DBusReply(ERROR + "InvalidTarget", ["'x\ufffdy' is not a number"])


@pytest.mark.parametrize(("member", "arguments"), [("Dial", DIAL), ("HangupAll", "")])
async def test_unforeseen_error_is_logged_and_not_shown(
    rig: Rig,
    client: GlibClient,
    member: str,
    arguments: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig.telephony.failure = RuntimeError("a secret")
    reply = await client.call(ROOT, TELEPHONY, member, arguments)
    assert reply == DBusReply(ERROR + "Failed", ["internal error, see the log of offhookd"])
    assert f"{TELEPHONY}.{member}" in caplog.text
    assert "RuntimeError: a secret" in caplog.text


async def test_adaptor_with_wrong_values_hides_nothing_else(
    rig: Rig, client: GlibClient, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.dial(client)
    rig.telephony.call.show(State=None)
    (managed,) = (await client.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).body
    assert managed[CALL_PATH][CALL]["State"] == "dialing"
    assert managed[CALL_PATH][MEDIA]["Codec"] == "G722"
    assert "the properties of org.offhook.Phone1.Call are wrong" in caplog.text


async def test_method_that_takes_too_long_is_a_timeout(
    rig: Rig, client: GlibClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "METHOD_TIMEOUT_S", 0.05)
    await rig.dial(client)
    reply = await client.call(CALL_PATH, CALL, "Transfer", "('sip:2@example.com',)")
    assert reply.error == ERROR + "Timeout"


async def test_call_that_wants_no_reply_gets_none(rig: Rig, client: GlibClient) -> None:
    quiet = await client.send(ROOT, TELEPHONY, "Dial", DIAL, reply=False)
    refused = await client.send(ROOT, TELEPHONY, "Nothing", reply=False)
    await client.call(ROOT, PEER, "Ping")
    assert rig.telephony.dialled
    assert not [
        one
        for one in client.seen
        if one["kind"] != "sent" and one.get("serial") in {quiet, refused}
    ]


def test_tree_refuses_what_the_contract_does_not_have(service_class: type[Service]) -> None:
    tree = service_class("unix:path=/nowhere").tree
    telephony = ShownTelephony(tree)
    with pytest.raises(ValueError, match="an object path"):
        tree.add("calls/c1", telephony)
    tree.add(ROOT, telephony)
    with pytest.raises(ValueError, match="in the tree already"):
        tree.add(ROOT, telephony)


def test_name_of_every_error_of_the_phone_is_in_the_contract() -> None:
    text = CONTRACT_FILE.read_text(encoding="utf-8")
    documented = text[text.index("Errors (prefix") : text.index("and the standard")]
    for error in PhoneError.__subclasses__():
        assert error.name == "Failed" or f"    {error.name} " in documented
