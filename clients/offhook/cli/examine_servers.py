# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook doctor`` on an account: password, name look-up, server, certificate, the way there."""

import asyncio
import ipaddress
import os
import secrets
import socket
import ssl
import time
from itertools import chain
from typing import Any

from offhookd import stun_probe, turn_probe
from offhookd.config.schema import AccountConfig, SipConfig
from offhookd.desktop.resolve import ResolveError, Resolver
from offhookd.desktop.secrets import SecretError, password_for, turn_password_for
from offhookd.hosts import Server, host_part, server_of
from offhookd.phone.errors import PhoneError
from offhookd.phone.values import Transport
from offhookd.server_watch import RefusingError

from .finding import Finding, fail, ok, warn

ANSWER_LIMIT_S = 3.0
"""A server far away answers within half a second; over UDP a question may be lost once."""

SHORTEST_LIFE_S = 14 * 86_400
"""A certificate that ends within two weeks should have been renewed."""

OPTIONS = (
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{token};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:doctor@{here}>;tag={token}\r\nTo: <sip:{host}>\r\n"
    "Call-ID: {token}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
"""RFC 3261, section 11: asks what a server can do; any answer shows that it is there."""


async def account(config: AccountConfig, sip: SipConfig) -> list[Finding]:
    if not config.enabled:
        return [ok(config.id, "switched off in the configuration")]
    if not config.registrar:
        relayed = [*await _stun(config), *await _turn(config)]
        return [ok(config.id, "direct calls, without a server"), *relayed]
    server = server_of(config.proxy or config.registrar, config.transport)
    found = await asyncio.gather(
        _password(config), _server(config, server, sip), _stun(config), _turn(config)
    )
    return list(chain.from_iterable(found))


async def _stun(config: AccountConfig) -> list[Finding]:
    if not config.stun:
        return []
    subject = f"{config.id} STUN"
    try:
        found = await stun_probe.look(config.stun, Resolver().resolve_stun)
    except PhoneError as error:
        remedy = f"let UDP through to it, or name another one: accounts: {config.id}: stun: HOST"
        return [warn(subject, f"{config.stun}: {str(error).rstrip('.')}", remedy)]
    return [ok(subject, f"{config.stun} at {found}")]


async def _turn(config: AccountConfig) -> list[Finding]:
    if not config.turn:
        return []
    subject = f"{config.id} TURN"
    try:
        password = await turn_password_for(config.id, config.turn)
        found = await turn_probe.look(config.turn, password, Resolver().resolve_turn)
    except RefusingError as error:
        remedy = f"correct accounts: {config.id}: turn: username or its password"
        return [fail(subject, f"{config.turn.server}: {str(error).rstrip('.')}", remedy)]
    except PhoneError as error:
        remedy = f"let UDP through to it, or name another one: accounts: {config.id}: turn: server"
        return [warn(subject, f"{config.turn.server}: {str(error).rstrip('.')}", remedy)]
    return [ok(subject, f"{config.turn.server} at {found}")]


async def _password(config: AccountConfig) -> list[Finding]:
    """Fetched as the daemon does: a program of the user's runs, and may ask for a passphrase."""
    subject = f"{config.id} password"
    try:
        await password_for(config, keyring_seconds=ANSWER_LIMIT_S)
    except SecretError as error:
        text, _, remedy = str(error).partition("; ")
        return [fail(subject, text, remedy or "correct it, or: offhook account add")]
    return [ok(subject, _whence(config))]


def _whence(config: AccountConfig) -> str:
    if config.password is not None:
        return "in the configuration"
    if config.password_command:
        return f"printed by {config.password_command[0]}"
    return f"in {config.password_file or 'the keyring'}"


async def _server(config: AccountConfig, server: Server, sip: SipConfig) -> list[Finding]:
    subject = f"{config.id} server"
    try:
        addresses = await Resolver().resolve(server.host, server.port, server.transport)
    except ResolveError as error:
        return [
            fail(subject, str(error).rstrip("."), "correct uri or registrar, or the name server")
        ]
    address = addresses[0]
    where = f"{server.host} at {address} over {server.transport}"
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            found = await _asked(subject, server, address, sip)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        remedy = "mend the server's certificate, or name its authority in sip: {ca_file: ...}"
        return [fail(subject, f"{where}: {reason}", remedy)]
    except (OSError, TimeoutError) as error:
        reason = os.strerror(error.errno).lower() if error.errno else "no answer"
        remedy = "a firewall, or the wrong transport or port: try transport: tcp or tls"
        return [fail(subject, f"{where}: {reason}", remedy)]
    return [ok(subject, f"{where} answers"), *found, _way(config, address)]


async def _asked(subject: str, server: Server, address: str, sip: SipConfig) -> list[Finding]:
    """Talk to it; OSError or TimeoutError when nobody is there."""
    host, port = host_part(address), int(address.rpartition(":")[2])
    if server.transport is Transport.UDP:
        await _options(host, port)
        return []
    context = _context(sip) if server.transport is Transport.TLS else None
    name = server.host.strip("[]") if context else None
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        certificate = writer.get_extra_info("peercert") or {}
    finally:
        writer.close()
    return _lifetime(subject, certificate) if context else []


def _context(sip: SipConfig) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(sip.ca_file) if sip.ca_file else None)


def _lifetime(subject: str, certificate: dict[str, Any]) -> list[Finding]:
    end = str(certificate.get("notAfter", ""))
    if end and ssl.cert_time_to_seconds(end) - time.time() < SHORTEST_LIFE_S:
        return [warn(subject, f"its certificate ends {end}", "tell the operator of the server")]
    return [ok(subject, f"its certificate is good until {end}")]


async def _options(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((host, port))
        local, local_port = sock.getsockname()[:2]
        spelt = f"[{host}]" if ":" in host else host
        here = f"[{local}]:{local_port}" if ":" in local else f"{local}:{local_port}"
        question = OPTIONS.format(host=spelt, here=here, token=secrets.token_hex(8))
        await loop.sock_sendall(sock, question.encode())
        await loop.sock_recv(sock, 2048)


def _way(config: AccountConfig, address: str) -> Finding:
    """Whether a router between here and there must be reminded of us."""
    subject = f"{config.id} way"
    there = ipaddress.ip_address(host_part(address))
    here = _own_address(there)
    if not here.is_private or there.is_private:
        return ok(subject, f"from {here}, without address translation on this side")
    if config.keepalive_seconds:
        return ok(
            subject, f"from {here} through a router, kept open every {config.keepalive_seconds} s"
        )
    return warn(
        subject,
        f"from {here} through a router that may forget us: calls would not arrive",
        f"accounts: {config.id}: keepalive_seconds: 25, or transport: tcp",
    )


def _own_address(
    there: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """What this machine is seen by on the first part of the way; sends nothing."""
    family = socket.AF_INET6 if there.version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((str(there), 9))
        return ipaddress.ip_address(sock.getsockname()[0].partition("%")[0])
