# SPDX-License-Identifier: GPL-2.0-or-later
"""A real LDAP server with a few people in it, that wants StartTLS before a password."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import Certificates
from tests.support.processes import Program, free_port, taken

BASE = "dc=example,dc=com"
USER, PASSWORD = f"cn=reader,{BASE}", "s3cret"

CONFIGURATION = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {directory}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security simple_bind=128
disallow bind_anon
database mdb
suffix "{base}"
rootdn "{user}"
rootpw {password}
directory {directory}/data
"""

PORTRAIT = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()
"""A JPEG as far as its first bytes go."""

PEOPLE = f"""dn: {BASE}
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: cn=Ada Lovelace,{BASE}
objectClass: inetOrgPerson
cn: Ada Lovelace
sn: Lovelace
o: Engines
telephoneNumber: +49 30 1234 567
mobile: 0171 / 2345678
description: Prefers mornings
jpegPhoto:: {PORTRAIT}

dn: cn=Grace (Hopper),{BASE}
objectClass: inetOrgPerson
cn: Grace (Hopper)
sn: Hopper
telephoneNumber: (030) 765-4321

dn: cn=Charles Babbage,{BASE}
objectClass: inetOrgPerson
cn: Charles Babbage
sn: Babbage
"""


class Slapd:
    def __init__(self, port: int, authority: Path) -> None:
        self.url = f"ldap://localhost:{port}"
        self.authority = authority


@contextmanager
def slapd(directory: Path) -> Iterator[Slapd]:
    (directory / "data").mkdir(parents=True)
    certificates = Certificates(directory)
    own = certificates.server
    config = directory / "slapd.conf"
    config.write_text(
        CONFIGURATION.format(
            directory=directory,
            authority=certificates.authority,
            certificate=own.certificate,
            key=own.key,
            base=BASE,
            user=USER,
            password=PASSWORD,
        )
    )
    people = directory / "people.ldif"
    people.write_text(PEOPLE)
    subprocess.run(
        ["/usr/sbin/slapadd", "-f", config, "-l", people], check=True, capture_output=True
    )
    port = free_port()
    command: list[str | Path] = [
        "/usr/sbin/slapd",
        "-f",
        config,
        "-h",
        f"ldap://127.0.0.1:{port}",
        "-d",
        "0",
    ]
    program = Program("slapd", command, directory / "slapd.log").start()
    try:
        program.wait_ready(lambda: taken("tcp", port))
        yield Slapd(port, certificates.authority)
    finally:
        program.stop()
