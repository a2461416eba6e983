# SPDX-License-Identifier: GPL-2.0-or-later
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.bare_engine import run

NAME = "pbx.offhook.test"


def program(name: str, *arguments: str) -> Any:
    outcome = run("tests.component.engine_resolver", name, *arguments)
    assert outcome.status == 0, outcome.errors
    return outcome.value


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a test CA, and with a certificate and key for two names."""
    folder = tmp_path_factory.mktemp("ca")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA",
        "-days", "2", cwd=folder,
    )  # fmt: skip
    for name in (NAME, "other.offhook.test"):
        openssl(
            "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
            cwd=folder,
        )  # fmt: skip
        (folder / "ext").write_text(f"subjectAltName=DNS:{name}")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", "ext", cwd=folder,
        )  # fmt: skip
    return folder


def tls_request_gets_through(authority: Path, name: str) -> Any:
    files = (authority / "ca.pem", authority / f"{name}.pem", authority / f"{name}.key")
    return program("tls_request", *map(str, files))


def test_layout_of_this_module_is_recognised() -> None:
    assert program("installs") == ""


def test_request_goes_to_the_address_and_keeps_the_name() -> None:
    assert program("name_reaches_its_address") == [True, True]


def test_unknown_name_fails_at_once() -> None:
    code, stood_ms = program("unknown_name")
    assert code == 502
    assert stood_ms < 100


def test_next_address_is_tried_when_the_first_refuses_the_connection() -> None:
    assert program("second_address_is_tried")


def test_certificate_is_checked_against_the_name(authority: Path) -> None:
    assert tls_request_gets_through(authority, NAME)
    assert not tls_request_gets_through(authority, "other.offhook.test")
