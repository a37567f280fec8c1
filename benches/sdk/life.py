"""Row 1 in the environment of one client: what the life of a trace costs the thread that leads it. Prints JSON, in microseconds.

Only calls that both clients have are made, with the same arguments, so that this file runs under either.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from execlave import Execlave

RUNS = 5
# Fewer than a buffer holds, so that nothing need be dropped.
LIVES = 4_000
NONSTOP_SECONDS = 3.0
# A run of a slow client ends here.
RUN_SECONDS = 2.0


def ordinary(path: str, size: int) -> str:
    """Ordinary prose of this many bytes."""
    with open(path, encoding="ascii", errors="ignore") as file:
        text = file.read().replace("\n", " ")
    return (text * (size // len(text) + 1))[:size]


def open_client(port: int, **settings: Any) -> Execlave:
    """A client with its defaults; nothing but traces goes to the receiver."""
    return Execlave(
        api_key="exe_dev_" + "b" * 43,
        base_url=f"http://127.0.0.1:{port}",
        enable_control_channel=False,
        **settings,
    )


def live(client: Execlave, text: str) -> None:
    """Lead a trace from its start to its end."""
    trace = client.start_trace(agent_id="bench")
    trace.set_input(text)
    trace.set_output(text)
    trace.set_model("gpt-4o")
    trace.set_tokens(120, 80)
    trace.set_cost(0.002)
    trace.finish()


def lives(client: Execlave, text: str) -> dict[str, list[float]]:
    """Several runs, deliveries going on meanwhile: per life, time that passed and time that the thread computed."""
    passed, computed = [], []
    for run in range(RUNS + 1):
        wall, cpu, done = time.perf_counter(), time.thread_time(), 0
        while done < LIVES and time.perf_counter() - wall < RUN_SECONDS:
            for _ in range(50):
                live(client, text)
            done += 50
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        # The first run warms up.
        if run:
            passed.append(wall / done * 1e6)
            computed.append(cpu / done * 1e6)
        client.flush()
    return {"passed": passed, "computed": computed}


def nonstop(client: Execlave, text: str, received: Callable[[], int]) -> dict[str, float]:
    """Lives without a pause, faster perhaps than anybody could send them; and what of that was lost."""
    before, done, started = received(), 0, time.perf_counter()
    while time.perf_counter() - started < NONSTOP_SECONDS:
        for _ in range(50):
            live(client, text)
        done += 50
    each = (time.perf_counter() - started) / done * 1e6
    client.flush()
    return {"passed": each, "lives": done, "lost": done - (received() - before)}


def finishes(client: Execlave, text: str) -> list[float]:
    """The median of `finish()` alone, several times."""
    # What waits stays well within every bound of the buffer.
    count = min(500, max(10, 10_000_000 // (len(text) + 1)))
    medians = []
    for run in range(RUNS + 1):
        each: list[float] = []
        started = time.perf_counter()
        while len(each) < count and time.perf_counter() - started < RUN_SECONDS:
            trace = client.start_trace(agent_id="bench")
            if text:
                trace.set_input(text)
            before = time.perf_counter_ns()
            trace.finish()
            each.append((time.perf_counter_ns() - before) / 1e3)
        if run:
            medians.append(sorted(each)[len(each) // 2])
        client.flush()
    return medians


def main() -> None:
    """Measure everything of this row."""
    port, path = int(sys.argv[1]), sys.argv[2]

    def received() -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as answer:
            return int(json.load(answer)["count"])

    kilobyte = ordinary(path, 1024)
    plain = open_client(port)
    private = open_client(port, privacy={"enabled": True})
    result = {
        "life": lives(plain, kilobyte),
        "life, privacy on": lives(private, kilobyte),
        "nonstop": nonstop(plain, kilobyte, received),
        "finish": {
            str(size): finishes(private, ordinary(path, size))
            for size in (0, 1_024, 102_400, 1_048_576)
        },
    }
    plain.shutdown()
    private.shutdown()
    print(json.dumps(result))


main()
