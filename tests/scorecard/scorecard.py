"""How well detection does on labelled sets, with the published client beside it. See `--help`.

A set is a file of JSON lines. `text` and `id` are always there. `spans` (`type`, `start`, `end` in characters) labels personal data;
`attack` (true or false), with `disguise` where there is one, labels prompt injection. A predicted span counts when it overlaps a
labelled one of the same type. Labels are taken as they are: what they miss counts against a detector that finds it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from measures import Counts, show

Row = dict[str, Any]
Scan = Callable[[Iterable[Row]], list[Row]]

# The labels of a set, and the types of ours that mean the same. Labels that nothing here claims to find are left out.
TYPES = {
    "EMAIL_ADDRESS": {"email"},
    "CREDIT_CARD": {"credit_card"},
    "US_SSN": {"ssn"},
    "IBAN_CODE": {"iban"},
    "IP_ADDRESS": {"ip_address"},
    "PHONE_NUMBER": {"phone", "phone_us"},
    "US_DRIVER_LICENSE": {"driver_license"},
    "US_PASSPORT": {"passport"},
    "US_ITIN": {"national_id"},
    "UK_NHS": {"nhs_number"},
    "CRYPTO": {"crypto_wallet"},
    "MAC_ADDRESS": {"mac_address"},
    "VIN": {"vin"},
    "DATE_OF_BIRTH": {"date_of_birth"},
}
LEVELS = ["none", "low", "medium", "high", "critical"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Precision, recall and speed of detection on labelled sets."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/detect"))
    parser.add_argument(
        "--program", default=os.environ.get("EXECLAVE_BIN", "target/release/execlave")
    )
    parser.add_argument("--published", help="a Python in which the published client is installed")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.jsonl"))
    if not files:
        print(
            f"no labelled sets in `{arguments.folder}`: give a folder of JSON lines to measure anything"
        )
        return
    here = Path(__file__).parent
    scans: dict[str, Scan] = {"execlave": runner([arguments.program, "scan"])}
    if arguments.published:
        scans["published"] = runner([arguments.published, str(here / "published.py")])
    sets = {file.stem: read(file) for file in files}
    results = {
        name: {side: scan(rows) for side, scan in scans.items()} for name, rows in sets.items()
    }
    personal_data(sets, results)
    injection(sets, results)
    speed(arguments.program, arguments.published, here)


def read(file: Path) -> list[Row]:
    # Only a line feed ends a line: a text may hold the other line ends of Unicode.
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line.strip()]


def runner(command: list[str]) -> Scan:
    def scan(rows: Iterable[Row]) -> list[Row]:
        lines = "".join(json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows)
        done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"error: `{' '.join(command)}` ended with {done.returncode}")
        return [json.loads(line) for line in done.stdout.decode().split("\n") if line]

    return scan


def personal_data(sets: dict[str, list[Row]], results: dict[str, dict[str, list[Row]]]) -> None:
    for name, rows in sets.items():
        if not any("spans" in row for row in rows):
            continue
        print(f"\n{name}: personal data, {len(rows)} texts")
        table(["type", "side", "labels", "precision", "recall", "F1"])
        present = {span["type"] for row in rows for span in row["spans"]}
        for label in (label for label in TYPES if label in present):
            for side, found in results[name].items():
                counts = count_spans(rows, found, label)
                labels = counts.hits + counts.missed
                table([label, side, labels, counts.precision(), counts.recall(), counts.f1()])
    print(
        "\nfindings of personal data and secrets in sets without such labels, for a look at false positives"
    )
    table(["set", "side", "texts", "texts with", "by type"])
    for name, rows in sets.items():
        if any("spans" in row for row in rows):
            continue
        for side, found in results[name].items():
            by_type: dict[str, int] = defaultdict(int)
            for line in found:
                for finding in line["pii"] + line.get("secrets", []):
                    by_type[finding.get("type") or finding["kind"]] += 1
            touched = sum(bool(line["pii"] or line.get("secrets")) for line in found)
            table(
                [
                    name,
                    side,
                    len(rows),
                    touched,
                    ", ".join(f"{kind} {n}" for kind, n in sorted(by_type.items())),
                ]
            )


def count_spans(rows: list[Row], found: list[Row], label: str) -> Counts:
    counts = Counts()
    for row, line in zip(rows, found, strict=True):
        labelled = [(span["start"], span["end"]) for span in row["spans"] if span["type"] == label]
        predicted = [
            (span["start"], span["end"]) for span in line["pii"] if span["type"] in TYPES[label]
        ]
        for span in labelled:
            hit = any(overlap(span, other) for other in predicted)
            counts.hits += hit
            counts.missed += not hit
        counts.false += sum(
            not any(overlap(span, other) for other in labelled) for span in predicted
        )
    return counts


def overlap(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return left[0] < right[1] and right[0] < left[1]


def injection(sets: dict[str, list[Row]], results: dict[str, dict[str, list[Row]]]) -> None:
    print(
        "\nprompt injection: recall on attacks, false positives on the rest, at risk level medium and at any sign"
    )
    table(["set", "side", "texts", "medium or more", "anything"])
    for name, rows in sets.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            if "attack" not in row:
                continue
            kind = "attack" if row["attack"] else "benign"
            groups[f"{name} {kind}"].append(index)
            if row["attack"] and "disguise" in row:
                groups[f"{name} attack, disguise {row['disguise']}"].append(index)
        for group, indices in groups.items():
            for side, found in results[name].items():
                verdicts = [found[index]["injection"] for index in indices]
                medium = sum(LEVELS.index(verdict["riskLevel"]) >= 2 for verdict in verdicts)
                anything = sum(verdict["detected"] for verdict in verdicts)
                table(
                    [
                        group,
                        side,
                        len(indices),
                        show(medium, len(indices)),
                        show(anything, len(indices)),
                    ]
                )


def speed(program: str, published: str | None, here: Path) -> None:
    """One MB of ordinary text through each front door: scan and scrub of ours, a trace with privacy on of theirs."""
    sentence = (
        "The café's state-of-the-art system answered every question of the people who came to see it, and some of those that "
        "nobody had asked (see note: thanks). On 24 November at 12:30 the meeting was over; 37 of them stayed for another "
        "hour, which was more than Zürich had expected for a product of this kind. "
    )
    text = sentence * (1_000_000 // len(sentence.encode()))
    line = (json.dumps({"id": "speed", "text": text}) + "\n").encode()
    print("\nspeed on the same 1 MB of ordinary text, everything on, best of 5")
    table(["side", "MB/s"])

    def seconds(lines: int) -> float:
        def once() -> float:
            started = time.perf_counter()
            subprocess.run(
                [program, "scan"], input=line * lines, stdout=subprocess.DEVNULL, check=True
            )
            return time.perf_counter() - started

        return min(once() for _ in range(5))

    # Two lengths, so that starting the process does not count.
    megabytes = len(text.encode()) / 1e6
    table(["execlave", f"{10 * megabytes / (seconds(11) - seconds(1)):.0f}"])
    if published:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
            file.write(text)
            file.flush()
            command = [published, str(here / "published.py"), "--time", file.name]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        table(["published", f"{json.loads(done.stdout)['both_mb_per_second']:.1f}"])


WIDTHS = [44, 10, 8, 22, 22, 22]


def table(cells: list[Any]) -> None:
    print(
        "  ".join(
            str(cell).ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)
        ).rstrip()
    )


main()
