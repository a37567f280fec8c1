"""Takes traces the way a server does, at next to no cost, and counts them; in a process of its own, so that it disturbs nobody.

Prints its port. `GET /count` says how many traces have come.
"""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

count = 0
counting = threading.Lock()


class Receiver(BaseHTTPRequestHandler):
    """Answers every batch with a receipt."""

    protocol_version = "HTTP/1.1"
    # An answer is two small writes; the second must not wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Count the traces of a batch; their texts contain no such key."""
        global count
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        traces = body.count(b'"traceId"')
        with counting:
            count += traces
        self.answer(202, {"accepted": traces, "rejected": 0, "errors": []})

    def do_GET(self) -> None:
        """Answer the benchmark, and whatever a client may look for."""
        self.answer(200, {"count": count} if self.path == "/count" else {"data": []})

    def answer(self, status: int, content: object) -> None:
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
