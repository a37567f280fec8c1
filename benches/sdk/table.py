"""One line for each thing that is measured, beside its peer and its bar."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass
class Line:
    """What was measured, in several runs; and of the published client, where it does the same."""

    row: int
    what: str
    unit: str
    ours: list[float]
    published: list[float] | None = None
    # At most this much; or so many times faster than the published client.
    limit: float | None = None
    times: float | None = None

    def cells(self) -> list[str]:
        """Best and median, the peer's, how many times faster by medians, the bar, and whether it is reached."""
        ratio = None if self.published is None else median(self.published) / median(self.ours)
        peer = (
            ["", ""]
            if self.published is None
            else [number(min(self.published)), number(median(self.published))]
        )
        bar, reached = "", ""
        if self.times is not None and ratio is not None:
            bar, reached = f"{self.times:g}x", yes(ratio >= self.times)
        if self.limit is not None:
            bar, reached = f"<= {self.limit:g}", yes(median(self.ours) <= self.limit)
        faster = "" if ratio is None else f"{ratio:.1f}x"
        ours = [number(min(self.ours)), number(median(self.ours))]
        return [str(self.row), self.what, self.unit, *ours, *peer, faster, bar, reached]


HEADINGS = [
    "ROW",
    "MEASURED",
    "UNIT",
    "BEST",
    "MEDIAN",
    "PUBLISHED",
    "MEDIAN",
    "RATIO",
    "BAR",
    "REACHED",
]


def number(value: float) -> str:
    """Three digits or so."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def yes(reached: bool) -> str:
    """A word for the last column."""
    return "yes" if reached else "no"


def render(lines: list[Line]) -> str:
    """The table as text."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(text.rstrip() for text in texts)
