"""An OpenTelemetry collector, as far as OTLP over HTTP goes."""

from __future__ import annotations

import http.server
import json
from typing import Any


class Collector:
    """An OTLP/HTTP collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: dict[str, Any] = {"partialSuccess": {}}
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                collector.bodies.append(json.loads(body))
                collector.headers.append(dict(self.headers.items()))
                answer = json.dumps(collector.answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[dict[str, Any]]:
        """Every span, with its attributes as a dict."""
        found = []
        for body in self.bodies:
            (resource,) = body["resourceSpans"]
            (scope,) = resource["scopeSpans"]
            assert scope["scope"] == {"name": "Execlave", "version": "1.0.0"}
            for span in scope["spans"]:
                found.append({**span, "attributes": decoded(span["attributes"])})
        return found


def decoded(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    names = [attribute["key"] for attribute in attributes]
    assert len(names) == len(set(names))
    return {attribute["key"]: value(attribute["value"]) for attribute in attributes}


def value(wrapped: dict[str, Any]) -> Any:
    ((kind, inner),) = wrapped.items()
    if kind == "arrayValue":
        return [value(item) for item in inner["values"]]
    # The format writes 64-bit numbers as text.
    return int(inner) if kind == "intValue" else inner
