# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of SIP, session descriptions and other documents that hostile peers put together."""

from tests.support.raw_sip import SDP

HEADERS = (
    "Record-Route: <sip:127.0.0.1;lr>", "Route: <sip:127.0.0.1;lr>", "Require: 100rel",
    "Supported: timer, 100rel, replaces, path, outbound", "Session-Expires: 90;refresher=uas",
    "Min-SE: 90", "RSeq: 1", "RAck: 1 1 INVITE", "Replaces: x;to-tag=a;from-tag=b",
    "Refer-To: <sip:a@127.0.0.1:9>", "Referred-By: <sip:b@127.0.0.1>", "Event: presence",
    "Event: message-summary", "Event: refer", "Expires: 60", "Min-Expires: 3600", "Allow: INVITE",
    "Subscription-State: active;expires=60", "Subscription-State: terminated;reason=timeout",
    "Service-Route: <sip:127.0.0.1;lr>", 'WWW-Authenticate: Digest realm="a",nonce="b",qop="auth"',
    'Proxy-Authenticate: Digest realm="a",nonce="b",algorithm=SHA-256', "Retry-After: 1",
    "Contact: <sip:peer@127.0.0.1:9;transport=tcp>", "Contact: *", "Contact: <tel:1>",
    "Content-Type: multipart/mixed;boundary=x", "Content-Type: application/dtmf-relay",
    "Content-Type: application/pidf+xml", "Content-Type: application/simple-message-summary",
    "Content-Type: message/sipfrag", "Content-Type: application/media_control+xml",
    "Content-Type: application/trickle-ice-sdpfrag", "Content-Disposition: session",
    "Authorization: Digest username=a", "P-Asserted-Identity: <sip:a@b>", "Accept: text/plain",
    "History-Info: <sip:a@b?Reason=SIP%3Bcause%3D302>;index=1, <sip:c@d>;index=1.1;mp=1",
    "Diversion: <sip:a@b>;reason=unconditional;counter=99", "Privacy: id;header;session",
    "Alert-Info: <http://127.0.0.1/x>;info=external;delay=0", "Answer-Mode: Auto;require",
    "Call-Info: <sip:127.0.0.1>;answer-after=0", "Call-Info: <http://[::1>;purpose=icon",
    "Event: talk", "Event: hold", "Event: dialog;call-id=x", "Event: conference",
    "Content-Type: application/dialog-info+xml", "Content-Type: application/hook-flash",
    "Content-Type: text/plain;charset=nonsense", "Content-Type: text/html",
    "Content-Encoding: gzip", 'Reason: Q.850;cause=26;text="a"', "Reason: SIP;cause=200",
    "Max-Forwards: 0", "Max-Forwards: 4294967295", "Remote-Party-ID: <sip:a@b>;party=called",
    "Target-Dialog: a;local-tag=b;remote-tag=c", "Refer-Sub: false", "SIP-ETag: x",
    "Join: a;from-tag=b;to-tag=c", 'Warning: 399 a "b"', "Require: " + "teleport," * 200,
    "P-Called-Party-ID: <tel:+1>", "Identity: a;info=<x>", "Timestamp: 1e999", "Date: never",
)  # fmt: skip

PIDF = (
    '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:a">'
    '<tuple id="1"><status><basic>open</basic></status></tuple></presence>'
)

DIALOG_INFO = (
    '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" '
    'state="full" entity="sip:a@127.0.0.1"><dialog id="1" call-id="x" local-tag="a" '
    'remote-tag="b" direction="recipient"><state>early</state></dialog></dialog-info>'
)

CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"

ICE_SDP = (
    SDP + "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\n"
    "a=candidate:1 1 UDP 2130706431 127.0.0.1 40000 typ host\r\n"
    "a=candidate:1 2 UDP 2130706430 127.0.0.1 40001 typ host\r\n"
    "a=candidate:2 1 UDP 1694498815 127.0.0.1 40004 typ srflx raddr 127.0.0.1 rport 9\r\n"
)

BODIES = (
    SDP,
    SDP + "a=sendonly\r\n",
    SDP + "a=inactive\r\na=rtcp-mux\r\na=rtcp:40001\r\n",
    SDP.replace("40000 RTP/AVP 8", "0 RTP/AVP 8"),
    SDP.replace("RTP/AVP 8", "RTP/AVP 0 8 101") + "a=rtpmap:101 telephone-event/8000\r\n",
    SDP.replace("RTP/AVP", "RTP/SAVP") + CRYPTO,
    SDP + "m=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    SDP + "m=audio 40004 RTP/AVP 0\r\nm=image 40006 udptl t38\r\n",
    SDP.replace("40000", "70000"),
    "",
    "Signal=5\r\nDuration=160\r\n",
    "Messages-Waiting: yes\r\nVoice-Message: 1/2\r\n",
    PIDF,
    "SIP/2.0 180 Ringing\r\n",
    "--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + "\r\n--x--\r\n",
    ICE_SDP,
    ICE_SDP + "a=ice-lite\r\na=remote-candidates:1 127.0.0.1 40000\r\na=end-of-candidates\r\n",
    SDP.replace("127.0.0.1", "0.0.0.0"),  # noqa: S104 - a hold of old, nothing is bound
    SDP.replace("IP4 127.0.0.1", "IP6 ::1"),
    SDP.replace("t=0 0\r\n", "t=0 0\r\na=group:BUNDLE 0 1\r\n") + "a=mid:0\r\na=rtcp-mux\r\n",
    SDP.replace("RTP/AVP 8", "UDP/TLS/RTP/SAVPF 8") + "a=setup:actpass\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AA"] * 32) + "\r\n",
    SDP + CRYPTO + CRYPTO.replace(":1 ", ":2 ").replace("_80", "_32"),
    SDP.replace("RTP/AVP 8", "RTP/AVP " + " ".join(map(str, range(128)))),
    SDP + "a=rtpmap:8 opus/48000/2\r\na=fmtp:8 maxplaybackrate=0;stereo=9\r\na=maxptime:1\r\n",
    DIALOG_INFO,
    "--x\r\n\r\n--x\r\nContent-Type: multipart/mixed;boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--",
)

COMPACT = {
    b"Via": b"v", b"From": b"f", b"To": b"t", b"Call-ID": b"i", b"Contact": b"m",
    b"Content-Type": b"c", b"Content-Length": b"l", b"Event": b"o", b"Refer-To": b"r",
    b"Supported": b"k", b"Referred-By": b"b", b"Session-Expires": b"x",
}  # fmt: skip

IN_DIALOG = ("INVITE", "UPDATE", "INFO", "REFER", "NOTIFY", "MESSAGE", "PRACK", "OPTIONS", "BYE",
             "SUBSCRIBE", "ACK", "CANCEL")  # fmt: skip
OUT_OF_DIALOG = ("OPTIONS", "MESSAGE", "NOTIFY", "SUBSCRIBE", "REFER", "REGISTER", "PUBLISH",
                 "INFO", "BYE", "CANCEL", "ACK", "PRACK", "UPDATE")  # fmt: skip
ANSWERS = ("100 Trying", "180 Ringing", "183 Session Progress", "200 OK", "200 OK", "200 OK",
           "202 Accepted", "300 Multiple", "302 Moved", "401 Unauthorized", "407 Proxy",
           "408 Timeout", "422 Too Small", "423 Brief", "481 Gone", "486 Busy", "489 Bad Event",
           "491 Pending", "500 Error", "503 Unavailable", "603 Decline")  # fmt: skip
SIPFRAG = "Content-Type: message/sipfrag;version=2.0\r\n"
RELAY = "Content-Type: application/dtmf-relay\r\n"

SENSE = (
    *(("INVITE", "", body) for body in BODIES[:9]),
    *(("INVITE", "", "") for _ in range(4)),
    *(("UPDATE", "", body) for body in ("", *BODIES[:9])),
    ("INVITE", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", SDP),
    ("UPDATE", "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nMin-SE: 90\r\n", ""),
    ("INVITE", "Require: 100rel\r\n", SDP),
    ("REFER", "Refer-To: <sip:peer@127.0.0.1:9>\r\n", ""),
    ("REFER", "Refer-To: <sip:peer@127.0.0.1:9>\r\nRefer-Sub: false\r\n", ""),
    ("REFER", "Refer-To: <sip:peer@127.0.0.1:9>\r\nEvent: conference\r\n", ""),
    ("SUBSCRIBE", "Event: refer\r\nExpires: 0\r\n", ""),
    ("SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n", ""),
    *(
        (
            "NOTIFY",
            f"Event: refer\r\nSubscription-State: {state}\r\n{SIPFRAG}",
            f"SIP/2.0 {line}\r\n",
        )
        for state in ("active;expires=60", "terminated;reason=noresource", "pending")
        for line in ("100 Trying", "200 OK", "486 Busy Here")
    ),
    ("INFO", RELAY, "Signal=5\r\nDuration=160\r\n"),
    ("INFO", "", ""),
    ("MESSAGE", "Content-Type: text/plain\r\n", "hello"),
    ("BYE", "", ""),
)
"""What real far ends say: method, headers, body."""

WORDS = (b"", b" ", b"0", b"-1", b"4294967296", b"99999999999999999999", b"%00", b"%s%n", b"<",
         b">", b'"', b";", b",", b"@", b":", b"\0", b"sip:",
         b"tel:1", b"<sip:>", b"[::1]", b"\r\n ",
         b"a" * 300, b"\xff\xfe", b";tag=", b";lr", b";hide", b";transport=tcp",
         b";branch=z9hG4bK")  # fmt: skip
