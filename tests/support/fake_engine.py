# SPDX-License-Identifier: GPL-2.0-or-later
"""A child process that speaks the engine's protocol and misbehaves on demand.

`Dial.target` says what it does: "die" aborts, "garbage" writes what is no message, "endless"
writes a line without end, "hang" stops reading, "deaf" stops answering; anything else succeeds.
"""

import os
import signal
import socket
import sys

from offhookd.engine import protocol as p


def main() -> None:
    sock = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    deaf = False
    with sock.makefile("rb") as lines:
        for line in lines:
            command = p.decode(line, p.Command)
            if isinstance(command, p.Stop):
                return
            if isinstance(command, p.Dial):
                misbehave(sock, command.target)
                deaf = command.target == "deaf"
            if not deaf:
                data: dict[str, p.Value] = {}
                if isinstance(command, p.Start):
                    data = {"protocol": p.VERSION, "pid": os.getpid(), "max_calls": 4}
                sock.sendall(p.encode(p.Reply(request=command.request, data=data)))


def misbehave(sock: socket.socket, how: str) -> None:
    match how:
        case "die":
            os.kill(os.getpid(), signal.SIGABRT)
        case "garbage":
            sock.sendall(b'{"is":"nothing"}\n' * 30)
        case "endless":
            sock.sendall(b"x" * (3 * p.MAX_LINE_BYTES))
        case "hang":
            signal.pause()


if __name__ == "__main__":
    main()
