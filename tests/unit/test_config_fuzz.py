# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a file holds, it is a configuration or a list of problems, and soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhookd.config import tree
from offhookd.config.accounts import KEYS
from offhookd.config.load import SECTIONS, load, validate
from offhookd.config.problems import ConfigError
from offhookd.config.schema import Config
from tests.support.config_file import write

# Generous on a machine that is shared: a file that hangs the reader hangs it for minutes.
quick = settings(
    deadline=2000, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

FRAGMENTS = (
    *("accounts:", "work:", "uri: ", "sip:1@x.org", "sip:", "port: ", "codecs: ", "password: "),
    *(
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "| ",
        "> ",
        "--- ",
        "...",
    ),
    *("&a ", "*a", "!!python/object:os.system ", "!x ", "<<: ", "%YAML 9.9\n", "%TAG ! !\n", "# "),
    *("'", '"', "\\x", "\t", "\r", "\x00", "\x85", "\u2028", "\ufeff", "\u202e", "off", "~", "1e9"),
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
keys = st.sampled_from([*SECTIONS, *KEYS, "port", "capture", "level"]) | st.text(max_size=8)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


def outcome(path: Path) -> Config | ConfigError:
    try:
        return load([path])
    except ConfigError as error:
        problems = error
    assert problems.problems
    assert all(str(problem).isprintable() for problem in problems.problems)
    return problems


@contextmanager
def _parser_in_python() -> Iterator[None]:
    """What serves where PyYAML was built without libyaml."""
    fast, tree._Loader = tree._Loader, yaml.SafeLoader
    try:
        yield
    finally:
        tree._Loader = fast


@quick
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    outcome(write(tmp_path / "c.yaml", data))


@quick
@given(parts=st.lists(st.sampled_from(FRAGMENTS), max_size=40))
def test_any_sequence_of_yamls_tokens_with_either_parser(tmp_path: Path, parts: list[str]) -> None:
    path = write(tmp_path / "c.yaml", "".join(parts).encode())
    outcome(path)
    with _parser_in_python():
        outcome(path)


@quick
@given(document=documents, other=documents)
def test_any_two_documents_over_one_another(
    tmp_path: Path, document: object, other: object
) -> None:
    lower = write(tmp_path / "lower.yaml", yaml.safe_dump(document, allow_unicode=True).encode())
    upper = write(tmp_path / "upper.yaml", yaml.safe_dump(other, allow_unicode=True).encode())
    outcome(lower)
    validate([lower, upper])


@quick
@given(uri=st.text(max_size=60) | st.from_regex(r"\Asips?:[!-~]{1,40}\Z"))
def test_an_address_that_passes_is_fit_for_the_wire(tmp_path: Path, uri: str) -> None:
    document = yaml.safe_dump({"accounts": {"a": {"uri": uri}}}, allow_unicode=True)
    found = outcome(write(tmp_path / "c.yaml", document.encode()))
    if isinstance(found, Config):
        (account,) = found.accounts.values()
        assert account.uri.isascii()
        assert account.uri.isprintable()
        assert not set(account.uri) & set(' <>"')
        assert account.username


@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_both_parsers_find_the_same_line(tmp_path: Path, parser: str) -> None:
    path = write(tmp_path / "c.yaml", b"sip:\n  port: 1\n bind: [\n")
    if parser == "python":
        with _parser_in_python():
            (problem,) = validate([path])
    else:
        (problem,) = validate([path])
    assert problem.line == 3
