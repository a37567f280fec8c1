"""Rows 1, 4 and 8 of the performance table, from Python and beside the published client. Prints one table.

Usage: run.py PROGRAM WHEEL OURS PUBLISHED TEXT, where OURS and PUBLISHED are the interpreters of environments with one client
each, and TEXT is a file of ordinary prose. Standard library only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import footprint
from server import KEY, Server
from table import Line, render

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROW_FOUR = HERE.parent / "row_four.json"
SIZES = {"0": "nothing", "1024": "1 KB", "102400": "100 KB", "1048576": "1 MB"}


def measured(python: str, script: str, *arguments: object) -> Any:
    """What a script prints in the environment of one client."""
    command = [python, str(HERE / script), *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


@contextmanager
def receiver() -> Iterator[int]:
    """The port of somebody who takes traces."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "receiver.py")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def row_one(ours: str, published: str, text: str) -> tuple[list[Line], str]:
    """The life of a trace, and what the thread that leads it pays for the end."""
    with receiver() as port:
        us, them = (measured(python, "life.py", port, text) for python in (ours, published))
    lines = []
    for name, times in (("life", 20.0), ("life, privacy on", 100.0)):
        mine, other = us[name], them[name]
        lines.append(
            Line(1, f"{name}: the thread", "us", mine["computed"], other["computed"], times=times)
        )
        lines.append(Line(1, f"{name}: the clock", "us", mine["passed"], other["passed"]))
    for size, name in SIZES.items():
        lines.append(
            Line(
                1, f"finish() with {name}", "us", us["finish"][size], them["finish"][size], limit=3
            )
        )
    notes = [
        f"{who}: {run['lives']} lives without a pause, {run['passed']:.1f} us each by the clock, {run['lost']} traces lost"
        for who, run in (("ours", us["nonstop"]), ("published", them["nonstop"]))
    ]
    return lines, "\n".join(notes)


def govern(server: Server, subject: dict[str, Any]) -> None:
    """One agent with twenty policies, one with five expressions."""
    expressions = [
        {"policyType": "expression", "ruleDefinition": {"expression": text}}
        for text in subject["expressions"]
    ]
    for agent, rules in (("twenty", subject["policies"] + expressions), ("five", expressions)):
        for index, rule in enumerate(rules):
            more = {
                "name": f"{agent} {index}",
                "enforcementMode": "block",
                "appliesToAgents": [agent],
            }
            server.create("/api/v1/policies", {**rule, **more})


def row_four(program: str, ours: str, published: str) -> list[Line]:
    """Decisions in this process; beside them those that the published client has to ask the server for."""
    with Server(program) as server:
        govern(server, json.loads(ROW_FOUR.read_text()))
        us = measured(ours, "local.py", server.url, KEY, ROW_FOUR, "local")
        them = measured(published, "local.py", server.url, KEY, ROW_FOUR)
    lines = []
    for agent, what, limit in (("twenty", "20 policies", 30.0), ("five", "5 expressions", None)):
        for share in ("p50", "p99"):
            mine, other = ([run[share] for run in runs] for runs in (us[agent], them[agent]))
            bar = limit if share == "p50" else None
            lines.append(Line(4, f"enforce_policy, {what}: {share}", "us", mine, other, limit=bar))
        for share in ("p50", "p99"):
            mine = [run[share] for run in us[f"{agent}, awaited"]]
            lines.append(Line(4, f"aenforce_policy, {what}: {share}", "us", mine))
    return lines


def row_eight(program: str, wheel: str, ours: str, published: str) -> list[Line]:
    """What it takes to be there."""
    imports = footprint.import_ms(ours), footprint.import_ms(published)
    idle, busy = footprint.memory_mb(program)
    return [
        Line(8, "import execlave", "ms", *imports, limit=40),
        Line(8, "wheel", "MB", [os.path.getsize(wheel) / 1e6], limit=8),
        Line(8, "server: start to the first 200", "ms", footprint.starts_ms(program), limit=150),
        Line(8, f"server: memory after {footprint.IDLE_SECONDS} s idle", "MB", [idle], limit=40),
        Line(8, f"server: memory with {footprint.CLIENTS} clients", "MB", [busy], limit=120),
        Line(8, "server: binary", "MB", [os.path.getsize(program) / 1e6], limit=30),
    ]


def main() -> None:
    """Measure, and print."""
    program, wheel, ours, published, text = sys.argv[1:]
    first, notes = row_one(ours, published, text)
    print(
        render(
            first + row_four(program, ours, published) + row_eight(program, wheel, ours, published)
        )
    )
    print(f"\n{notes}")
    print(
        "the published client asks the server in row 4; the figure it publishes for 5 expressions is 8.4 us"
    )


main()
