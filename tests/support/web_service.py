# SPDX-License-Identifier: GPL-2.0-or-later
"""A web service that knows customers by their numbers."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class WebService:
    """`answers`: JSON by number; `asked`: every number in order.  `answer` unset: it hangs."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[str] = []
        self.headers: Mapping[str, str] = {}
        self.answer = threading.Event()
        self.answer.set()
        self.url = ""


@contextmanager
def web_service() -> Iterator[WebService]:
    service = WebService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (number,) = parse_qs(urlsplit(self.path).query)["n"]
            service.asked.append(number)
            service.headers = dict(self.headers)
            service.answer.wait()
            known = number in service.answers
            self.send_response(200 if known else 404)
            self.end_headers()
            if known:
                self.wfile.write(json.dumps(service.answers[number]).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}/?n={{number}}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        service.answer.set()
        server.shutdown()
        thread.join()
        server.server_close()
