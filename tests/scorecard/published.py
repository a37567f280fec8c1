"""What the published client finds: JSON lines in, JSON lines out, in the form of `execlave scan`.

The client is a black box. It is given each text as the input of a trace, with privacy on, and a receiver on this machine
looks at what it sends: `metadata.pii_detected`, `metadata.injection_scan` and the scrubbed input. Where something was found follows
from the placeholders in the scrubbed text.

With `--time FILE` it prints how many megabytes a second of that file, over and over, it masks, scans, and takes with both instead.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from execlave import Execlave

PLACEHOLDER = re.compile(r"\[([A-Z_]+)_REDACTED\]")
received: list[dict[str, Any]] = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        content = json.loads(body or b"{}")
        traces = content.get("traces", [])
        received.extend(traces)
        self.answer({"accepted": len(traces), "rejected": 0, "errors": []}, 202)

    def do_GET(self) -> None:
        self.answer({"data": []}, 200)

    def answer(self, content: dict[str, Any], status: int) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def spans(text: str, scrubbed: str) -> list[dict[str, Any]]:
    """Finds each piece between two placeholders again in the original."""
    found = []
    at = scrubbed_at = 0
    marks = list(PLACEHOLDER.finditer(scrubbed))
    for index, mark in enumerate(marks):
        at += mark.start() - scrubbed_at
        scrubbed_at = mark.end()
        following = marks[index + 1].start() if index + 1 < len(marks) else len(scrubbed)
        piece = scrubbed[mark.end() : following]
        end = text.find(piece, at + 1) if piece else len(text)
        end = end if end >= 0 else at + 1
        found.append({"type": mark.group(1).lower(), "start": at, "end": end})
        at = end
    return found


def open_client(port: int, **settings: Any) -> Execlave:
    return Execlave(
        api_key="exe_dev_scorecard",
        base_url=f"http://127.0.0.1:{port}",
        enable_control_channel=False,
        flush_interval_seconds=3600,
        **settings,
    )


def rate(client: Execlave, text: str) -> float:
    """How many megabytes (10^6 bytes) of `text` go through a trace in a second, the best of five."""
    best = float("inf")
    for _ in range(5):
        trace = client.start_trace(agent_id="scorecard")
        started = time.perf_counter()
        trace.set_input(text).finish()
        best = min(best, time.perf_counter() - started)
    client.shutdown()
    return len(text.encode()) / 1e6 / best


def print_rates(port: int, sentences: str) -> None:
    text = " ".join(sentences.split("\n"))
    text *= 1_000_000 // len(text.encode())
    masking = open_client(port, privacy={"enabled": True}, enable_injection_scan=False)
    scanning = open_client(port, privacy={"enabled": False}, enable_injection_scan=True)
    both = open_client(port, privacy={"enabled": True}, enable_injection_scan=True)
    rates = {
        "masking": rate(masking, text),
        "scanning": rate(scanning, text),
        "both": rate(both, text),
    }
    print(json.dumps({f"{what}_mb_per_second": round(value, 2) for what, value in rates.items()}))


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if sys.argv[1:2] == ["--time"]:
        with open(sys.argv[2], encoding="utf-8") as file:
            print_rates(server.server_port, file.read())
    else:
        client = open_client(server.server_port, privacy={"enabled": True})
        rows = [json.loads(line) for line in sys.stdin if line.strip()]
        for start in range(0, len(rows), 50):
            for index, row in enumerate(rows[start : start + 50], start):
                trace = client.start_trace(agent_id="scorecard", metadata={"row": index})
                trace.set_input(row["text"]).finish()
            client.flush()
        by_row = {trace["metadata"]["row"]: trace for trace in received}
        for index, row in enumerate(rows):
            trace = by_row[index]
            scan = trace["metadata"].get("injection_scan", {})
            line = {
                "id": row["id"],
                "injection": {
                    "detected": bool(scan.get("detected")),
                    "riskLevel": scan.get("risk_level", "none"),
                },
                "pii": spans(row["text"], trace["input"]),
                "scrubbed": trace["input"],
            }
            print(json.dumps(line))
        client.shutdown()


main()
