# SPDX-License-Identifier: GPL-2.0-or-later
"""What hostile and broken peers send: real messages, mutated."""

import random
import re
from collections import deque

from tests.bench._hostile_words import (
    ANSWERS,
    BODIES,
    COMPACT,
    HEADERS,
    ICE_SDP,
    IN_DIALOG,
    OUT_OF_DIALOG,
    SENSE,
    WORDS,
)
from tests.support.raw_sip import Dialog, RawPeer, status_of

REMEMBERED = 40

MUTATED = 0.6
"""The rest is sent as it is, so that calls get far enough for the next message to matter."""

SENSIBLE = 0.6
"""Requests within a dialog that mean something, though perhaps not here and now."""


FINAL, REFUSAL = 200, 300


def number_in(message: bytes, header: bytes) -> int:
    found = re.search(rb"\r\n%s: *(\d{1,9})" % header, message)
    return int(found[1]) if found else 1


def branch_of(message: bytes) -> bytes:
    found = re.search(rb";branch=([^;\r]+)", message)
    return found[1] if found else b"z9hG4bKnone"


class Mutator:
    def __init__(self, rng: random.Random, share: float) -> None:
        self._rng = rng
        self._share = share
        self._ways = (
            self._replace_word, self._drop_line, self._double_line, self._swap_lines, self._flip,
            self._cut, self._insert, self._add_header, self._change_number, self._splice,
            self._fold, self._compact, self._change_length,
        )  # fmt: skip

    def mutate(self, message: bytes) -> bytes:
        if self._rng.random() > self._share:
            return message
        for _ in range(self._rng.choice((1, 1, 1, 2))):
            message = self._rng.choice(self._ways)(message) or message
        return message[:3900]

    def _spot(self, message: bytes) -> int:
        return self._rng.randrange(len(message) + 1)

    def _line(self, lines: list[bytes]) -> int:
        return self._rng.randrange(1, max(2, len(lines)))

    def _replace_word(self, message: bytes) -> bytes:
        words = [match.span() for match in re.finditer(rb"[^\s;,<>=]+", message)]
        start, end = self._rng.choice(words) if words else (0, 0)
        return message[:start] + self._rng.choice(WORDS) + message[end:]

    def _drop_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        del lines[self._line(lines) : self._line(lines) + 1]
        return b"\r\n".join(lines)

    def _double_line(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        at = self._line(lines) % len(lines)
        lines[at:at] = [lines[at]] * self._rng.choice((1, 2, 20, 80))
        return b"\r\n".join(lines)

    def _swap_lines(self, message: bytes) -> bytes:
        lines = message.split(b"\r\n")
        one, two = self._line(lines) % len(lines), self._line(lines) % len(lines)
        lines[one], lines[two] = lines[two], lines[one]
        return b"\r\n".join(lines)

    def _flip(self, message: bytes) -> bytes:
        changed = bytearray(message)
        for _ in range(self._rng.choice((1, 2, 8))):
            changed[self._spot(message) % len(changed)] = self._rng.randrange(256)
        return bytes(changed)

    def _cut(self, message: bytes) -> bytes:
        return message[: self._spot(message)]

    def _insert(self, message: bytes) -> bytes:
        at = self._spot(message)
        return message[:at] + self._rng.choice(WORDS) + message[at:]

    def _add_header(self, message: bytes) -> bytes:
        start, line_end, rest = message.partition(b"\r\n")
        return start + line_end + self._rng.choice(HEADERS).encode() + b"\r\n" + rest

    def _change_number(self, message: bytes) -> bytes:
        numbers = [match.span() for match in re.finditer(rb"[0-9]+", message)]
        start, end = self._rng.choice(numbers) if numbers else (0, 0)
        number = self._rng.choice(
            (b"0", b"1", b"65536", b"-1", b"2147483648", b"255", b"00", b"4294967295", b"9" * 40)
        )
        return message[:start] + number + message[end:]

    def _splice(self, message: bytes) -> bytes:
        head, blank, _body = message.partition(b"\r\n\r\n")
        return head + blank + self._rng.choice(BODIES).encode()

    def _fold(self, message: bytes) -> bytes:
        """A header over several lines, which RFC 3261 still allows."""
        lines = message.split(b"\r\n")
        at = self._line(lines) % len(lines)
        lines[at] = lines[at].replace(b" ", b"\r\n\t", self._rng.choice((1, 3, 50)))
        return b"\r\n".join(lines)

    def _compact(self, message: bytes) -> bytes:
        for name, short in COMPACT.items():
            if self._rng.random() < 0.5:
                message = message.replace(b"\r\n" + name + b":", b"\r\n" + short + b" :")
        return message

    def _change_length(self, message: bytes) -> bytes:
        length = self._rng.choice((b"0", b"1", b"-1", b"65535", b"4294967295", b"9" * 30, b""))
        return re.sub(rb"Content-Length: \d+", b"Content-Length: " + length, message)


class Author:
    """Writes what a hostile far end says; each message may come out broken.

    It remembers the dialogs that it has seen, to name them where they do not belong.
    """

    def __init__(self, rng: random.Random, mutated: float = MUTATED) -> None:
        self._rng = rng
        self._mutator = Mutator(rng, mutated)
        self._dialogs: deque[Dialog] = deque(maxlen=REMEMBERED)

    def remember(self, dialog: Dialog) -> None:
        self._dialogs.append(dialog)

    def new_dialog(self) -> Dialog:
        return Dialog(call_id=f"{self._rng.random()}", from_tag=f"{self._rng.random()}")

    def of_request(self, request: bytes) -> Dialog | None:
        """The dialog that a request of the phone's began, as the far end sees it."""
        text = request.decode("latin-1")
        call_id = re.search(r"\r\nCall-ID: ([^\r]+)", text)
        tag = re.search(r"\r\nFrom:[^\r]*;tag=([^;\r]+)", text)
        if not (call_id and tag):
            return None
        return Dialog(call_id[1], "peer", tag[1], self._rng.randrange(1, 9))

    def invite(self, peer: RawPeer, dialog: Dialog, to: str = "me") -> bytes:
        body = self._rng.choice([*BODIES[:9], ICE_SDP, "", *BODIES])
        return self._mutator.mutate(peer.request("INVITE", dialog, self._headers(), body, to))

    def request(self, peer: RawPeer, method: str, dialog: Dialog, to: str = "me") -> bytes:
        return self._mutator.mutate(peer.request(method, dialog, to=to))

    def in_dialog(self, peer: RawPeer, dialog: Dialog) -> bytes:
        dialog.cseq += 1
        if self._rng.random() < SENSIBLE:
            method, headers, body = self._rng.choice(SENSE)
            return self._mutator.mutate(peer.request(method, dialog, headers, body))
        method, body = self._rng.choice(IN_DIALOG), self._rng.choice(BODIES)
        return self._mutator.mutate(peer.request(method, dialog, self._headers(), body))

    def confirm(self, peer: RawPeer, dialog: Dialog, answer: bytes) -> bytes:
        """The ACK of a final answer, or the PRACK of one that is not and wants it, in its place."""
        cseq, rseq = number_in(answer, b"CSeq"), number_in(answer, b"RSeq")
        body = self._rng.choice(("", "", "", *BODIES[:9]))
        if status_of(answer) >= FINAL:
            copied = Dialog(dialog.call_id, dialog.from_tag, dialog.to_tag, cseq)
            request = peer.request("ACK", copied, body=body)
            if status_of(answer) >= REFUSAL:
                request = request.replace(branch_of(request), branch_of(answer))
            return self._mutator.mutate(request)
        dialog.cseq += 1
        rack = f"RAck: {rseq} {cseq} INVITE\r\n"
        return self._mutator.mutate(peer.request("PRACK", dialog, rack, body))

    def cancel(self, invite: bytes) -> bytes:
        """Of that very INVITE."""
        head = invite.partition(b"\r\n\r\n")[0]
        kept = re.findall(rb"(?im)^(?:INVITE|Via|From|To|Call-ID|CSeq)[: ].*?(?=\r?$)", head)
        lines = [*kept, b"Max-Forwards: 70", b"Content-Length: 0", b"", b""]
        return self._mutator.mutate(b"\r\n".join(lines).replace(b"INVITE", b"CANCEL"))

    def strange(self, peer: RawPeer, to: str = "me") -> bytes:
        """A request that has no place outside of a dialog, or a place of its own."""
        dialog = self.new_dialog()
        dialog.to_tag = self._rng.choice(("", "", "x"))
        method, body = self._rng.choice(OUT_OF_DIALOG), self._rng.choice(BODIES)
        return self._mutator.mutate(peer.request(method, dialog, self._headers(), body, to))

    def answers(self, peer: RawPeer, request: bytes, contact: str) -> list[bytes]:
        """None, one or several; `contact` is an address."""
        return [self._answer(peer, request, contact) for _ in range(self._some((0, 1, 1, 2, 3)))]

    def _answer(self, peer: RawPeer, request: bytes, contact: str) -> bytes:
        headers = f"Contact: <{contact}>\r\nExpires: 60\r\n"
        if self._rng.random() < 0.3:
            headers += self._headers()
        body = self._rng.choice(BODIES) if request.startswith(b"INVITE") else ""
        tag = self._rng.choice(("peer", "peer", "peer", "fork", ""))
        answer = peer.answer(request, self._rng.choice(ANSWERS), headers, body, tag)
        return self._mutator.mutate(answer)

    def _headers(self) -> str:
        lines = [self._rng.choice(HEADERS) for _ in range(self._some((0, 1, 2, 3)))]
        if self._dialogs and self._rng.random() < 0.2:
            lines.append(self._naming(self._rng.choice(self._dialogs)))
        return "".join(f"{line}\r\n" for line in lines)

    def _naming(self, other: Dialog) -> str:
        tags = f"to-tag={other.to_tag};from-tag={other.from_tag}"
        escaped = f"{other.call_id};{tags}".replace(";", "%3B").replace("=", "%3D")
        return self._rng.choice((
            f"Replaces: {other.call_id};{tags}", f"Replaces: {other.call_id};{tags};early-only",
            f"Refer-To: <sip:peer@127.0.0.1:9?Replaces={escaped}>", f"Join: {other.call_id};{tags}",
            f"Target-Dialog: {other.call_id};{tags}",
        ))  # fmt: skip

    def _some(self, counts: tuple[int, ...]) -> int:
        return self._rng.choice(counts)
