# SPDX-License-Identifier: GPL-2.0-or-later
"""One SIP identity in the stack: its settings, its credentials, its REGISTER requests."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pjsua2 as pj

from .protocol import Registration, SetAccount
from .refusal import Refused, check_range, check_text, check_uri
from .sip_dtmf import METHODS as DTMF_METHODS
from .sip_endpoint import TRANSPORT_NAMES, SipEndpoint
from .sip_flash import METHODS as FLASH_METHODS
from .sip_headers import Headers, clean, host_of, user_of
from .sip_offer import is_lenient
from .sip_relays import Relay, Relays
from .sip_status import (
    FIRST_FAILURE,
    PROXY_AUTHENTICATION_REQUIRED,
    REQUEST_TIMEOUT,
    SERVICE_UNAVAILABLE,
    UNAUTHORIZED,
)
from .sip_thread import SipThread, guarded

CHALLENGES = frozenset({UNAUTHORIZED, PROXY_AUTHENTICATION_REQUIRED})

MOST_REALMS = 4
"""pjsip keeps eight credentials of an account; nobody has more than a registrar and a proxy."""

MOST_REALM_RETRIES = 2
"""A request meets a proxy's challenge and the registrar's, one after the other."""

SHORTEST_KEEPALIVE_S = 2
"""With 1 the library sends 150,000 packets a second."""

REFRESH_MARGIN_S = 1
"""The daemon refreshes; pjsip's own timer cannot be switched off and comes after it."""

SRTP_USE = {
    "disabled": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "required": pj.PJMEDIA_SRTP_MANDATORY,
}

IncomingCall = Callable[["Account", int, str, str], None]
"""(account, pjsua's call id, source "ip:port", whole INVITE), inside a callback."""


class _PjAccount(pj.Account):  # type: ignore[misc]  # pjsua2 has no type information
    def __init__(self, owner: "Account", thread: SipThread) -> None:
        super().__init__()
        self.thread = thread
        self.owner: Account | None = owner

    @guarded()
    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.owner:
            self.owner.incoming(prm.callId, prm.rdata.srcAddress, prm.rdata.wholeMsg)

    @guarded()
    def onRegState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        if self.owner:
            message = prm.rdata.wholeMsg
            self.owner.registered(prm.code, prm.reason, prm.expiration, message)


class Account:
    """`on_incoming` is called inside pjsua2's callback: it must only take notes."""

    def __init__(
        self,
        thread: SipThread,
        endpoint: SipEndpoint,
        relays: Relays,
        settings: SetAccount,
        on_incoming: IncomingCall,
    ) -> None:
        _check(settings)
        self.settings = settings
        self.id = settings.account
        self._thread = thread
        self._endpoint = endpoint
        self._relays = relays
        self._relay: Relay | None = None
        self._on_incoming = on_incoming
        self._realms: list[str] = []
        self._request = ""
        self._realm_retries = 0
        self._lenient_legs: set[int] = set()
        self._lenient = False
        self.pj = _PjAccount(self, thread)
        try:
            self.pj.create(self._configuration())
        except pj.Error as error:
            raise Refused(f"Account {self.id}: {error.reason}.", error.status) from None

    def change(self, settings: SetAccount) -> None:
        """Other settings; calls go on.  Raises `Refused` and keeps the old ones."""
        _check(settings)
        old, self.settings = self.settings, settings
        if (old.username, old.password, old.registrar) != (
            settings.username,
            settings.password,
            settings.registrar,
        ):
            self._realms.clear()
        try:
            self.pj.modify(self._configuration())
        except pj.Error as error:
            self.settings = old
            raise Refused(f"Account {self.id}: {error.reason}.", error.status) from None

    def close(self) -> None:
        """Take it out of the stack; no call of it may be left there."""
        self.pj.owner = None  # else the two keep each other alive
        self.pj.shutdown()
        del self.pj

    # ------------------------------------------------------------ requests from outside

    @property
    def pj_id(self) -> int:
        return int(self.pj.getId())

    def accepts(self, ip: str) -> bool:
        """Whether a request from this address may reach the account."""
        return self.settings.accept_anyone or ip in self.settings.servers

    def is_named(self, user: str) -> bool:
        return user != "" and user_of(self.settings.uri) == user

    def incoming(self, call_id: int, source: str, message: str) -> None:
        self._on_incoming(self, call_id, source, message)

    # ------------------------------------------------------------ registration

    @property
    def is_registered(self) -> bool:
        """Whether the registrar has a binding of ours, as far as the stack knows."""
        return bool(self.settings.registrar) and bool(self.pj.getInfo().regIsActive)

    @property
    def is_busy(self) -> bool:
        return self._request != ""

    def register(self, *, reachable: bool) -> None:
        """Send one REGISTER; the outcome is one `Registration` event.

        `reachable`: whether there is an address for the server.
        """
        if not self.settings.registrar:
            raise Refused(f"Account {self.id} has no registrar.")
        self._begin("register")
        if reachable:
            self._send_register(renew=True)
        else:
            text = f"No address is known for the server {self._server()}."
            self._finish(0, text, 0, "dns", 0)

    def unregister(self) -> None:
        """Remove the binding; the outcome is one `Registration` event."""
        self._begin("unregister")
        if self.is_registered:
            self._send_register(renew=False)
        else:
            self._finish(200, "Not registered", 0, "", 0)

    def leave(self) -> None:
        """Unregister when there is anything to unregister."""
        if self.is_registered and not self.is_busy:
            self.unregister()

    def _server(self) -> str:
        return host_of(self.settings.proxy) or host_of(self.settings.registrar)

    def _begin(self, request: str) -> None:
        if self.is_busy:
            raise Refused(f"A registration of account {self.id} is under way.")
        self._request = request
        self._realm_retries = 0

    def _send_register(self, *, renew: bool) -> None:
        try:
            self.pj.setRegistration(renew)
        except pj.Error as error:
            if self.is_busy:  # else the callback has told already
                self._unanswered(SERVICE_UNAVAILABLE, error.reason)

    def registered(self, code: int, reason: str, expires_s: int, message: str) -> None:
        """Inside the callback: the answer, or "" when none came."""
        headers = Headers(message)
        renew = self._request != "unregister"
        if code in CHALLENGES and self._may_retry(headers):
            self._realm_retries += 1
            self._thread.soon(lambda: self._send_register(renew=renew))
        elif not message:
            self._unanswered(code, reason)
        elif code < FIRST_FAILURE and renew and expires_s < 1:
            text = f"The server {self._server()} granted no time to the registration."
            self._finish(0, text, 0, "network", 0)
        else:
            retry_s = headers.seconds("Retry-After")
            self._finish(code, clean(reason), expires_s if code < FIRST_FAILURE else 0, "", retry_s)

    def _may_retry(self, headers: Headers) -> bool:
        """The first REGISTER goes out without credentials: the registrar names its realm, and
        nobody else's challenge is ever answered."""
        return self._realm_retries < MOST_REALM_RETRIES and self.learn_realms(headers.realms())

    def _unanswered(self, code: int, reason: str) -> None:
        host = self._server()
        refusal = self._endpoint.recent_tls_refusal() if self.settings.transport == "tls" else ""
        if refusal:
            self._finish(0, refusal, 0, "tls", 0)
        elif code == REQUEST_TIMEOUT:
            self._finish(0, f"The server {host} did not answer in time.", 0, "timeout", 0)
        else:
            text = f"The server {host} cannot be reached: {clean(reason).rstrip('.')}."
            self._finish(0, text, 0, "network", 0)

    def _finish(self, code: int, text: str, expires_s: int, cause: str, retry_after_s: int) -> None:
        """`code`: of the registrar, 0 when it said nothing."""
        unregistered, self._request = self._request == "unregister", ""
        self._thread.send(
            Registration(
                account=self.id,
                code=max(0, code),
                text=text,
                expires=0 if unregistered else max(0, expires_s),
                retry_after=retry_after_s,
                cause=cause,
            )
        )

    # ------------------------------------------------------------ credentials

    def learn_realms(self, realms: Iterable[str]) -> bool:
        """Answer challenges of these realms from now on; whether any of them is new.

        To be called only with what a server of the account has sent.
        """
        if not self.settings.password:
            return False
        known = {realm.lower() for realm in self._realms}
        new = [realm for realm in realms if realm.lower() not in known]
        self._realms = (new + self._realms)[:MOST_REALMS]
        if new:
            # Of no effect for dialogs and registrations that exist; those learnt it themselves.
            self._thread.soon(lambda: self.pj.modify(self._configuration()))
        return bool(new)

    def _credentials(self) -> Iterable[Any]:
        user = self.settings.username or user_of(self.settings.uri)
        for realm in self._realms:
            yield pj.AuthCredInfo("digest", realm, user, 0, self.settings.password)

    # ------------------------------------------------------------ configuration

    def route(self, uri: str) -> str:
        """`uri` with the account's transport, in angle brackets."""
        return f"<{with_transport(uri, self.settings.transport)}>"

    def _configuration(self) -> Any:
        settings = self.settings
        config = pj.AccountConfig()
        config.idUri = identity(settings.display_name, settings.uri)
        self._configure_registration(config.regConfig)
        sip = config.sipConfig
        sip.transportId = self._endpoint.transport(settings.transport)
        for credential in self._credentials():
            sip.authCreds.append(credential)
        if settings.proxy:
            sip.proxies.append(self.route(loose(settings.proxy)))
        self._configure_media(config.mediaConfig)
        self._configure_nat(config.natConfig)
        config.mwiConfig.enabled = False
        return config

    def prepare(self) -> None:
        """A call comes next, and its sockets with it."""
        relay = self._relays.alive(self.id) if self._tries_ways else None
        if relay != self._relay:
            self._relay = relay
            self.pj.modify(self._configuration())

    @property
    def _tries_ways(self) -> bool:
        return self.settings.ice and self._endpoint.has_candidates

    def _configure_nat(self, nat: Any) -> None:
        nat.iceEnabled = self._tries_ways
        nat.udpKaIntervalSec = self.settings.keepalive_seconds
        if self._relay:
            self._relay.configure(nat)

    def _configure_registration(self, registration: Any) -> None:
        if self.settings.registrar:
            uri = with_transport(self.settings.registrar, self.settings.transport)
            registration.registrarUri = uri
        registration.registerOnAdd = False
        registration.disableRegOnModify = True
        registration.retryIntervalSec = 0
        registration.dropCallsOnFail = False
        registration.unregWaitMsec = 0
        registration.delayBeforeRefreshSec = REFRESH_MARGIN_S
        registration.timeoutSec = self.settings.register_seconds

    def meet(self, offer: str) -> None:
        """The INVITE that comes next.  For one that leaves encryption open the stack has to be told
        that it is optional, as long as the call lasts; that it is used is seen to elsewhere."""
        lenient = bool(self._lenient_legs) or is_lenient(offer, self.settings.srtp)
        if lenient is not self._lenient:
            self._lenient = lenient
            self.pj.modify(self._configuration())

    def took(self, leg: int, offer: str) -> None:
        """That INVITE has become `leg`."""
        if is_lenient(offer, self.settings.srtp):
            self._lenient_legs.add(leg)

    def lost(self, leg: int) -> None:
        if leg in self._lenient_legs:
            self._lenient_legs.discard(leg)
            self.meet("")

    @contextmanager
    def insisting(self) -> Iterator[None]:
        """An INVITE that is sent in here demands encryption, whatever the account is set to."""
        configuration = self._configuration()
        configuration.mediaConfig.srtpUse = SRTP_USE["required"]
        self.pj.modify(configuration)
        try:
            yield
        finally:
            self.pj.modify(self._configuration())

    def _configure_media(self, media: Any) -> None:
        media.transportConfig.port = 0
        bind = self._endpoint.bind
        if bind:
            media.transportConfig.boundAddress = bind
        lenient = self._lenient and self.settings.srtp == "required"
        media.srtpUse = SRTP_USE["optional" if lenient else self.settings.srtp]
        media.srtpSecureSignaling = 0
        # DTLS-SRTP would confirm calls in plaintext without a word.
        media.srtpOpt.keyings.append(pj.PJMEDIA_SRTP_KEYING_SDES)


def identity(display_name: str, uri: str) -> str:
    if not display_name:
        return f"<{uri}>"
    escaped = display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{uri}>'


def with_transport(uri: str, transport: str) -> str:
    """`uri` naming its transport, without which pjsip takes UDP."""
    if transport == "udp" or uri[:5].lower() == "sips:" or ";transport=" in uri.lower():
        return uri
    address, question, headers = uri.partition("?")
    return f"{address};transport={transport}{question}{headers}"


def loose(uri: str) -> str:
    """`uri` marked as a loose router (RFC 3261, 16.12): strict ones are gone."""
    parameters = uri.lower().split(";")[1:]
    return uri if "lr" in parameters else f"{uri};lr"


def _check(settings: SetAccount) -> None:
    check_text("account", settings.account, 64)
    check_uri("uri", settings.uri)
    check_text("display_name", settings.display_name, 128)
    check_text("username", settings.username, 128)
    check_text("password", settings.password, 256)
    if settings.registrar:
        check_uri("registrar", settings.registrar)
    if settings.proxy:
        check_uri("proxy", settings.proxy)
    if settings.transport not in TRANSPORT_NAMES:
        raise Refused(f"transport must be udp, tcp or tls, not {settings.transport[:20]!r}.")
    if settings.srtp not in SRTP_USE:
        raise Refused(f"srtp must be disabled, optional or required, not {settings.srtp[:20]!r}.")
    if settings.dtmf not in DTMF_METHODS:
        raise Refused(f"dtmf must be one of {', '.join(DTMF_METHODS)}.")
    if settings.flash not in FLASH_METHODS:
        raise Refused(f"flash must be auto, rfc4733 or info, not {settings.flash[:20]!r}.")
    check_range("register_seconds", settings.register_seconds, 10, 86_400)
    if settings.keepalive_seconds:
        check_range("keepalive_seconds", settings.keepalive_seconds, SHORTEST_KEEPALIVE_S, 3600)
