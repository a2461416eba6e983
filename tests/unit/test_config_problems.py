# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person reads about a configuration that is not valid."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from offhookd.config.load import load, search, validate
from offhookd.config.problems import MAX_PROBLEMS, ConfigError, Problem
from tests.support.config_file import write


def complaints(path: Path) -> list[str]:
    return [str(problem).removeprefix(f"{path}:") for problem in validate([path])]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.yaml",
        """\
        accounts:
          work:
            uri: sip:1001@pbx.example.com
            regsiter_seconds: 300
            srtp: off
            password: hunter2
            password_command: pass show sip/work
            codecs: [G722, pmca]
            uri: sip:1002@pbx.example.com
        sip: {port: 65536}
        lgo: {level: info}
        """,
        mode=0o644,
    )
    assert complaints(path) == [
        "4: accounts.work.regsiter_seconds: unknown key (did you mean register_seconds?)",
        (
            "5: accounts.work.srtp: must be one of disabled, optional, required, not off"
            " (did you mean disabled?)"
        ),
        (
            "6: accounts.work.password: must not stand in this file: others can read it (mode 0644)"
            "; run chmod 600 on it, or use password_command"
        ),
        (
            "7: accounts.work.password_command: the password is already given by password on line 6"
            "; keep one of them"
        ),
        "8: accounts.work.codecs: pmca is no codec (did you mean PCMA?)",
        "9: accounts.work.uri: is already given on line 3; remove one",
        "10: sip.port: must be a number from 0 to 65535, not 65536",
        "11: lgo: unknown key (did you mean log?)",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("srtp: on", "one of disabled, optional, required, not on (did you mean required?)"),
        ("srtp: [required]", "must be one of disabled, optional, required, not a list"),
        ("transport: tsl", "must be one of udp, tcp, tls, not tsl (did you mean tls?)"),
        ("accept_from: all", "must be one of servers, anyone, not all"),
        ("enabled: maybe", "must be true or false, not maybe"),
        ("enabled: 'true'", "must be true or false, not text"),
        ("display_name:", "has no value; write text or remove the line"),
        ("display_name: ~", "has no value"),
        ("display_name: [Ada]", "must be text, not a list"),
        ('display_name: "Ada\\r\\nX: y"', "must be one line without control characters"),
        (f"display_name: {'x' * 256}", "is longer than 255 characters"),
        ("username: {a: b}", "must be text, not a table of keys"),
        ("username: '  '", "has no value"),
        ("register_seconds: '300'", "must be a number from 30 to 86400, without quotes"),
        ("register_seconds: 29", "must be a number from 30 to 86400, not 29"),
        ("register_seconds: 0300", "must be a number from 30 to 86400, not 0300"),
        ("register_seconds: 5:00", "must be a number from 30 to 86400, not 5:00"),
        ("register_seconds: 1e3", "must be a number from 30 to 86400, not 1e3"),
        ("register_seconds: -1", "must be a number from 30 to 86400, not -1"),
        (f"register_seconds: {'9' * 5000}", "must be a number from 30 to 86400, not 999"),
        ("keepalive_seconds: 601", "must be a number from 0 to 600, not 601"),
        ("codecs: []", "must be a list such as [first, second], not an empty one"),
        ("codecs: [[PCMA]]", "must be text, not a list"),
        ("codecs: {PCMA: 1}", "must be a list such as [first, second], not a table of keys"),
        ("codecs: [PCMA, pcma]", "names a codec twice"),
        ("codecs: [zzz]", "zzz is no codec; known are G722, PCMA"),
        ("password_command: pass show x | head -1", "where | means nothing; use sh -c '...'"),
        ("password_command: echo 'x", "cannot be split into words: no closing quotation"),
        ("password_file: /nowhere/x", "/nowhere/x cannot be read: no such file or directory"),
        ("password_file: /", "/ is not a regular file"),
        ("password_file: /dev/null", "/dev/null is not a regular file"),
        ("password_file: ~nobody-of-that-name/x", "home of a user who is not known"),
        ("password_file: /etc/passwd", "/etc/passwd: others can read it (mode 0644)"),
        ("registrar: pbx.example.com", "(did you mean sip:pbx.example.com?)"),
        ("registrar: sip:1@pbx.example.com", "(did you mean sip:pbx.example.com?)"),
        ("registrar: sip:a;transport=tls", "write transport: tls as a key of its own"),
        ("proxy: sip:a;lr;hide", "takes no parameter but ;lr"),
        ("proxy: sip:a:0", "has a port that is not a number from 1 to 65535"),
        ("proxy: sip:a:65536", "has a port that is not a number from 1 to 65535"),
        ("proxy: 'sip:a:'", "has a port that is not a number from 1 to 65535"),
        ("proxy: 'sip:'", "names no host"),
        ("proxy: sip:1.2.3", "neither a name nor an IPv4 address"),
        ("proxy: 'sip:[::g]'", "has no IPv6 address between its brackets"),
        ("proxy: sip:-a.example.com", "has a host that is no valid host name"),
        ("proxy: sip:b\u00fcro.example.com", "write its xn-- form"),
        ("proxy: <sip:a>", "is a bare SIP URI, without spaces"),
        ("proxy: !str sip:a", "tags (!...) have no meaning here"),
        ("label: *nothing", "stands for an anchor, and there is none; quote it"),
    ],
)
def test_a_wrong_value_is_named_with_its_reason(tmp_path: Path, line: str, complaint: str) -> None:
    text = f"accounts:\n  work:\n    uri: sip:1@x.org\n    {line}\n"
    path = write(tmp_path / "c.yaml", text.encode())
    (found,) = complaints(path)
    assert found.startswith("4: ")
    assert complaint in found


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("1001@pbx.example.com", "(did you mean sip:1001@pbx.example.com?)"),
        ("tel:+4930123", "is not a SIP URI such as sip:1001@pbx.example.com"),
        ("sip:pbx.example.com", "has no user; write it as sip:1001@pbx.example.com"),
        ("sip:@pbx.example.com", "none at all"),
        ("sip:a%zz@pbx.example.com", "must be written as %XX"),
        ("sip:1@a;transport=tcp", "must end before the semicolon; write transport: tcp"),
        ("sip:1@a?Subject=x", "is not a SIP URI"),
        ("sip:1@a@b", "is not a SIP URI"),
        ("", "has no value"),
    ],
)
def test_a_wrong_address_is_named_with_its_reason(tmp_path: Path, uri: str, complaint: str) -> None:
    (found,) = complaints(write(tmp_path / "c.yaml", f"accounts: {{a: {{uri: '{uri}'}}}}"))
    assert found.startswith("1: accounts.a.uri: ")
    assert complaint in found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("recording: {template: '../{name}'}", "recording.template: must stay in its directory"),
        ("recording: {template: /tmp/x}", "must stay in its directory"),
        ("recording: {template: '{nmae}'}", "has {nmae}; known are account, direction, id, name"),
        ("recording: {template: '{'}", "recording.template: is no template"),
        ("recording: {beep: often}", "recording.beep: must be true or false"),
        ("accounts: {a: }", "accounts.a: must be a table of keys with at least uri, not empty"),
        ("accounts: {a: {label: x}}", "accounts.a.uri: is missing; write uri: sip:1001@"),
        ("accounts: {'a b': {uri: sip:1@x}}", "accounts.a b: an account's name is 1 to 64 of"),
        (f"accounts: {{{'a' * 65}: {{uri: sip:1@x}}}}", "an account's name is 1 to 64 of"),
        ("accounts: {a: {uri: sips:1@x, transport: tcp}}", "must be tls, as uri begins with sips"),
        ("accounts: [a]", "accounts: must be a table of keys, not a list"),
        ("sip: 5060", "sip: must be a table of keys, not 5060"),
        ("sip: {bind: localhost}", "must be an IPv4 address such as 0.0.0.0, not localhost"),
        ("sip: {bind: '::'}", "must be an IPv4 address such as 0.0.0.0, not ::"),
        ("sip: {ca_file: none.pem}", "none.pem cannot be read: no such file or directory"),
        ("audio: {capture: [a, a]}", "names a twice"),
        ("devices: {ring: loud}", "must be one of auto, phone, speakers, both, not loud"),
        ("devices: {speed_dials: {10: x}}", "knows the keys 1 to 9 and voice-mail, not 10"),
        ("devices: {speed_dials: 5}", "must be a table such as 1: sip:ada@example.com, not 5"),
        ("tones: {country: Norway}", "must be a country of two letters such as de or us"),
        ("- accounts", "must be a table of keys such as accounts:, not a list"),
        ("offhook", "must be a table of keys such as accounts:, not offhook"),
        ("a: 1\n---\nb: 2", "2: a second document (---) starts here; write only one"),
        ("? [a]\n: b", "1: a key must be one word"),
        ("sip:\n\tport: 1", "2: not valid YAML: found character that cannot start any token"),
        ("log: {level: 'x", "not valid YAML: found unexpected end of stream"),
        ("\nlog: {level: \x07}", "2: not valid YAML: it contains a control character"),
    ],
)
def test_a_wrong_structure_is_named_with_its_reason(
    tmp_path: Path, text: str, complaint: str
) -> None:
    assert complaint in "\n".join(complaints(write(tmp_path / "c.yaml", text.encode())))


def test_a_ninth_account_is_one_too_many(tmp_path: Path) -> None:
    text = "accounts:\n" + "".join(f"  a{n}: {{uri: sip:{n}@x.org}}\n" for n in range(12))
    assert complaints(write(tmp_path / "c.yaml", text)) == [
        "10: accounts.a8: is one account too many; the engine has room for 8"
    ]


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = write(tmp_path / "work.password", "hunter2", mode=0o640)
    text = "accounts: {work: {uri: sip:1@x.org, password_file: work.password}}"
    path = write(tmp_path / "c.yaml", text, mode=0o644)
    where = f"1: accounts.work.password_file: {secret}"
    assert complaints(path) == [f"{where}: others can read it (mode 0640); run chmod 600 on it"]
    secret.chmod(0o400)
    assert complaints(path) == []


@pytest.mark.parametrize(
    "line",
    [
        "password: [hunter2]",
        "password: {hunter2: x}",
        "password: '%s'" % ("hunter2" * 100),
        "password: *hunter2",
        "password: !hunter2",
        "password: @hunter2",
        'password: "hunter2\\n"',
        "uri: sip:1001:hunter2@pbx.example.com",
    ],
)
def test_no_problem_gives_a_password_away(tmp_path: Path, line: str) -> None:
    text = f"accounts:\n  work:\n    label: x\n    {line}\n"
    found = complaints(write(tmp_path / "c.yaml", text, mode=0o644))
    assert found
    assert "hunter2" not in "\n".join(found)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (Path.mkdir, ": cannot be read: is a directory"),
        (os.mkfifo, ": is not a regular file"),
        (lambda path: path.write_bytes(b"#" * 262_145), ": is larger than 262144 bytes"),
        (lambda path: path.write_bytes(b"\n#\xfc"), ":2: is not UTF-8 text; save it in"),
    ],
    ids=["directory", "pipe", "too-large", "latin-1"],
)
def test_what_is_no_text_file_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], object], complaint: str
) -> None:
    path = tmp_path / "c.yaml"
    make(path)
    (problem,) = validate([path])
    assert str(problem).startswith(f"{path}{complaint}")


def test_a_dangling_link_is_reported_not_passed_over(tmp_path: Path) -> None:
    link = tmp_path / "offhook" / "offhook.yaml"
    link.parent.mkdir()
    link.symlink_to("gone")
    paths = search(environ={"XDG_CONFIG_HOME": str(tmp_path)}, system_file=tmp_path / "none")
    assert [str(problem) for problem in validate(paths)] == [
        f"{link}: cannot be read: no such file or directory"
    ]


def test_aliases_work_as_far_as_they_go(tmp_path: Path) -> None:
    text = """
        accounts:
          a: &a {uri: sip:1@x.org, codecs: &few [PCMA, PCMU]}
          b: {uri: sip:2@x.org, codecs: *few}
          c: *a
    """
    config = load([write(tmp_path / "c.yaml", text)])
    assert {account.codecs for account in config.accounts.values()} == {("PCMA", "PCMU")}


def test_a_bomb_of_aliases_is_defused(tmp_path: Path) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )
    assert complaints(write(tmp_path / "c.yaml", text)) == ["4: more than 10000 values"]


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 60_000, "- " * 100_000, "a: &a [*a]"])
def test_depth_and_recursion_are_bounded(tmp_path: Path, text: str) -> None:
    assert len(validate([write(tmp_path / "c.yaml", text.encode())])) == 1


def test_there_is_an_end_to_the_problems(tmp_path: Path) -> None:
    text = "sip:\n" + "".join(f"  prot{n}: 1\n" for n in range(3000))
    assert len(validate([write(tmp_path / "c.yaml", text)])) == MAX_PROBLEMS


def test_hostile_keys_reach_no_terminal(tmp_path: Path) -> None:
    (found,) = complaints(write(tmp_path / "c.yaml", '"\\e[2Jx": 1'))
    assert found == "1: \N{REPLACEMENT CHARACTER}[2Jx: unknown key"


def test_the_error_carries_its_problems_in_file_order() -> None:
    later, earlier = Problem("f", 10, "b", "is bad"), Problem("f", 9, "", "is worse")
    error = ConfigError([later, earlier])
    assert error.problems == (earlier, later)
    assert str(error) == "f:9: is worse\nf:10: b: is bad"
    assert error.name == "InvalidConfig"
