"""Shares with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


def wilson(hits: float, total: float) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927)."""
    if not total:
        return 0.0, 1.0
    z = 1.96
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def show(hits: float, total: float) -> str:
    """`0.951 [0.912, 0.973]`, or a dash where there is nothing to measure."""
    if not total:
        return "-"
    low, high = wilson(hits, total)
    return f"{hits / total:.3f} [{low:.3f}, {high:.3f}]"


@dataclass
class Counts:
    """What was found of what is there."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def precision(self) -> str:
        return show(self.hits, self.hits + self.false)

    def recall(self) -> str:
        return show(self.hits, self.hits + self.missed)

    def f1(self) -> str:
        """F1 is the share of 2·hits among 2·hits + false + missed; its interval is taken as that of such a share."""
        return show(2 * self.hits, 2 * self.hits + self.false + self.missed)
