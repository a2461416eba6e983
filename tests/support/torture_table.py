# SPDX-License-Identifier: GPL-2.0-or-later
"""The SIP torture messages of RFC 4475, said to this phone, and what it is to make of each.

The names are those of the RFC, and so is what is strange in each; who talks to whom is not, as most
of the originals would not be for us.
"""

from tests.support.torture import (
    IGNORED,
    RINGS,
    SDP,
    Torture,
    answer,
    invite,
    options,
    register,
)

_WSINV = """INVITE sip:bob@$us;unknownparam SIP/2.0
TO :
 sip:bob@$us
from   : "J Caller \\\\\\""       <sip:caller@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: $call
Content-Length   : $length
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    $me;branch=390skdjuw$call
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:caller@$me> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

$sdp""".replace("$length", str(len(SDP) + SDP.count("\n")))

_ODD = "!interesting-Method0123456789_*+`.%indeed'~"
_LONG = "".join(f"Unknown-{'Long' * 20}-{n}: unknown-{'long' * 40}-value\n" for n in range(9))
_SIGNED = "".join(map(chr, (*range(0xDC80, 0xDD00), 0, 1, 9, 32)))
_MULTIPART = (
    "--7a9cbec02ceef655\nContent-Type: text/plain\nContent-Transfer-Encoding: binary\n\nHello\n"
    f"--7a9cbec02ceef655\nContent-Type: application/octet-stream\n\n{_SIGNED}\n"
    "--7a9cbec02ceef655--\n"
)
_MULTIPART_BYTES = len(_MULTIPART) + _MULTIPART.count("\n")

VALID = (
    Torture("wsinv", RINGS, "well-formed: white space, folding, escapes", _WSINV),
    Torture(
        "intmeth",
        405,
        "a method of all the characters there may be",
        options(f"{_ODD} sip:bob@$us SIP/2.0", cseq=f"CSeq: 8 {_ODD}"),
    ),
    Torture(
        "esc01",
        RINGS,
        "escaped characters in names",
        invite(
            "sip:sips%3Auser%40example.com@$us",
            to="To: sip:%75se%72@$us",
            sender="From: <sip:I%20have%20spaces@example.net>;tag=938",
        ),
    ),
    Torture(
        "escnull",
        405,
        "escaped NULs; nothing registers at a phone",
        register("Contact: <sip:%00@$me>, <sip:%00%00@$me>"),
    ),
    Torture(
        "esc02",
        405,
        "what looks escaped in a method is not",
        options("RE%47IST%45R sip:bob@$us SIP/2.0", cseq="CSeq: 8 RE%47IST%45R"),
    ),
    Torture(
        "lwsdisp",
        200,
        "no space between name and <",
        options(sender="From: caller<sip:caller@example.com>;tag=323"),
    ),
    Torture(
        "longreq",
        RINGS,
        "long values",
        invite(
            to=f'To: "{"I have a user name of extreme proportion " * 8}" <sip:bob@$us'
            f";unknownparam1=very{'long' * 15}value;longparam=shortvalue>",
            sender=f"From: <sip:{'amazinglylongcallername' * 5}@example.net>;tag=12{'982' * 50}424"
            f";unknownheaderparam={'longer' * 40}",
            more=_LONG.rstrip("\n"),
        ),
    ),
    Torture(
        "dblreq",
        200,
        "another request behind the first in the same datagram is none",
        options() + options("INVITE sip:bob@$us SIP/2.0", cseq="CSeq: 9 INVITE"),
    ),
    Torture(
        "semiuri",
        200,
        "a semicolon in the user part",
        options("OPTIONS sip:user;par=u%40example.net@$us SIP/2.0"),
    ),
    Torture(
        "transports",
        200,
        "known and unknown transports in Via",
        options(
            more="Via: SIP/2.0/TCP t1.example.com;branch=z9hG4bK1\n"
            "Via: SIP/2.0/UNKNOWN t2.example.com;branch=z9hG4bK2\n"
            "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK3\n"
            "Via: SIP/2.0/SCTP t4.example.com;branch=z9hG4bK4"
        ),
    ),
    Torture(
        "mpart01",
        415,
        "binary parts; only plain text is read",
        "MESSAGE sip:bob@$us SIP/2.0\nVia: SIP/2.0/UDP $me;branch=z9hG4bK$call\n"
        "To: <sip:bob@$us>\nFrom: <sip:caller@example.net>;tag=3\nMax-Forwards: 70\n"
        "Call-ID: $call\nCSeq: 1 MESSAGE\n"
        "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\n"
        f"Content-Length: {_MULTIPART_BYTES}\n\n{_MULTIPART}",
    ),
    Torture(
        "unreason",
        IGNORED,
        "a reason of any characters; an answer to nothing",
        answer("200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e", "CSeq: 35 INVITE"),
    ),
    Torture("noreason", IGNORED, "no reason at all; an answer to nothing", answer("100 ")),
)

INVALID = (
    Torture(
        "badinv01",
        IGNORED,
        "separators without values in Contact and Via",
        invite(
            contact='Contact: "Joe" <sip:joe@$me>;;;;',
            via="Via: SIP/2.0/UDP $me;;,;,,",
        ),
    ),
    Torture(
        "clerr",
        RINGS,
        "Content-Length beyond the datagram, which is not believed",
        invite(length="l: 9999"),
    ),
    Torture("ncl", IGNORED, "negative Content-Length", invite(length="l: -999")),
    Torture(
        "scalar02",
        IGNORED,
        "numbers that overflow, in a request",
        options(
            "REGISTER sip:bob@$us SIP/2.0",
            cseq="CSeq: 36893488147419103232 REGISTER",
            hops="Max-Forwards: 300",
            more="Expires: 10000000000000000000000000000000\n"
            "Contact: <sip:user@$me>;expires=280297596632815",
        ),
    ),
    Torture(
        "scalarlg",
        IGNORED,
        "numbers that overflow, in an answer",
        answer("503 Service Unavailable", "CSeq: 9292394834772304023312 OPTIONS").replace(
            "Content-Length", "Retry-After: 949302838503028349304023988\nContent-Length"
        ),
    ),
    Torture(
        "quotbal",
        IGNORED,
        "a quote that does not end",
        invite(to='To: "Mr. J. User <sip:bob@$us>'),
    ),
    Torture("ltgtruri", IGNORED, "Request-URI in <>", invite("<sip:bob@$us>")),
    Torture("lwsruri", IGNORED, "a space within the Request-URI", invite("sip:bob@$us; lr")),
    Torture(
        "lwsstart",
        IGNORED,
        "several spaces in the start line",
        invite(start="INVITE  $uri  SIP/2.0"),
    ),
    Torture(
        "trws", IGNORED, "spaces behind the start line", options("OPTIONS sip:b@$us SIP/2.0  ")
    ),
    Torture(
        "escruri",
        RINGS,
        "headers in a Request-URI, which are not obeyed",
        invite("sip:bob@$us?Route=%3Csip:example.com%3E"),
    ),
    Torture(
        "baddate",
        RINGS,
        "a Date that is none, which nobody reads",
        invite(more="Date: Fri, 01 Jan 2010 16:00:00 EST"),
    ),
    Torture(
        "regbadct",
        IGNORED,
        "headers in a Contact without <>, which is not understood",
        register("Contact: sip:user@$me?Route=%3Csip:sip.example.com%3E"),
    ),
    Torture(
        "badaspec",
        200,
        "spaces within <>, which are understood",
        options(to='To: "Watson, Thomas" < sip:bob@$us >'),
    ),
    Torture(
        "baddn",
        200,
        "a name with a comma and no quotes, which is understood",
        options(sender="From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
    ),
    Torture(
        "badvers",
        IGNORED,
        "another version of SIP",
        options("OPTIONS sip:bob@$us SIP/7.0", via="Via: SIP/7.0/UDP $me;branch=z9hG4bKkdjuw$call"),
    ),
    Torture("mismatch01", IGNORED, "CSeq of another method", options(cseq="CSeq: 8 INVITE")),
    Torture(
        "mismatch02",
        IGNORED,
        "CSeq of another method, the first one unknown",
        options("NEWMETHOD sip:bob@$us SIP/2.0", cseq="CSeq: 8 INVITE"),
    ),
    Torture(
        "bigcode",
        IGNORED,
        "a status that overflows",
        answer("4294967301 better not break the receiver"),
    ),
)

TRANSACTION = (
    Torture(
        "badbranch",
        200,
        "the magic cookie alone for a branch",
        options(via="Via: SIP/2.0/UDP $me;branch=z9hG4bK"),
    ),
)

APPLICATION = (
    Torture(
        "insuf",
        IGNORED,
        "no From, To, Call-ID",
        "INVITE sip:bob@$us SIP/2.0\nCSeq: 193942 INVITE\n"
        "Via: SIP/2.0/UDP $me;branch=z9hG4bKkdj$call\n"
        "Content-Type: application/sdp\nl: 0\n\n",
    ),
    Torture(
        "unkscm",
        IGNORED,
        "an unknown scheme; the stack reads no other than sip, sips and tel",
        options("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    ),
    Torture(
        "novelsc",
        IGNORED,
        "a known scheme of something else",
        options("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    ),
    Torture(
        "unksm2",
        405,
        "unknown schemes in From and To",
        options(
            "REGISTER sip:$us SIP/2.0",
            to="To: isbn:2983792873",
            sender="From: <http://www.example.com>;tag=3234233",
            cseq="CSeq: 8 REGISTER",
        ),
    ),
    Torture(
        "bext01",
        420,
        "extensions that nobody has",
        options(
            more="Require: nothingSupportsThis, nothingSupportsThisEither\n"
            "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis"
        ),
    ),
    Torture(
        "invut",
        415,
        "an INVITE with a body of no known kind",
        invite().replace("application/sdp", "application/unknownformat"),
    ),
    Torture(
        "regaut01",
        IGNORED,
        "an unknown scheme of authorization",
        register("Authorization: NoOneKnowsThisScheme opaque-data=here"),
    ),
    Torture(
        "multi01",
        IGNORED,
        "headers that may be there once are there twice",
        invite(more="CSeq: 59 INVITE\nCall-ID: other\nFrom: <sip:other@example.net>;tag=3"),
    ),
    Torture(
        "mcl01",
        IGNORED,
        "two Content-Lengths",
        options(length="Content-Length: 13\nContent-Length: 5"),
    ),
    Torture(
        "bcast",
        IGNORED,
        "an answer sent to everybody: its Via is not ours",
        answer("200 OK").replace("$us;branch", "192.0.2.198;branch"),
    ),
    Torture(
        "zeromf",
        200,
        "no hops left, which who is asked needs not",
        options(hops="Max-Forwards: 0"),
    ),
    Torture(
        "cparam01",
        405,
        "an unknown parameter of Contact",
        register("Contact: sip:+19725552222@gw1.example.net;unknownparam"),
    ),
    Torture(
        "cparam02",
        405,
        "an unknown parameter of the URI in Contact",
        register("Contact: <sip:+19725552222@gw1.example.net;unknownparam>"),
    ),
    Torture(
        "regescrt",
        405,
        "a header escaped in the URI of Contact",
        register("Contact: <sip:user@$me?Route=%3Csip:sip.example.com%3E>"),
    ),
    Torture(
        "sdp01",
        RINGS,
        "an answer is wanted in no format that we write: who offers a session takes one",
        invite(more="Accept: text/nobodyKnowsThis"),
    ),
)

BACKWARD = (
    Torture(
        "inv2543",
        RINGS,
        "an INVITE of RFC 2543: no branch, no tag, no Max-Forwards",
        "INVITE sip:bob@$us SIP/2.0\nVia: SIP/2.0/UDP $me\n"
        "From: <sip:caller@$me>\nTo: <sip:bob@$us>\nCall-ID: $call\nCSeq: 56 INVITE\n"
        "Contact: <sip:caller@$me>\nContent-Type: application/sdp\n\n$sdp",
    ),
)

TABLE = (*VALID, *INVALID, *TRANSACTION, *APPLICATION, *BACKWARD)
