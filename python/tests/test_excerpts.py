"""What is too large for a trace is cut where it is longest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from execlave.integrations._excerpts import excerpt


@pytest.mark.parametrize("value", [None, "x", 7, ["a", {"b": "c" * 100_000}], "ü" * 150_000])
def test_what_fits_is_left_alone(value: Any) -> None:
    assert excerpt(value) is value


@pytest.mark.parametrize(
    "value",
    [
        "x" * 2_000_000,
        ["x" * 300_000] * 5,
        {str(n): "ü" * 5_000 for n in range(500)},
        [{"role": "user", "content": "word " * 50} for _ in range(20_000)],
        [[n] for n in range(500_000)],
        "\ud800" * 1_000_000,
    ],
)
def test_what_is_too_large_is_cut_until_it_fits(value: Any) -> None:
    cut = excerpt(value)
    assert len(json.dumps(cut, ensure_ascii=False).encode(errors="replace")) <= 400_000


def test_short_texts_beside_a_long_one_are_whole() -> None:
    cut = excerpt(["first", "x" * 1_000_000, "last"])
    assert (cut[0], cut[2]) == ("first", "last")
    assert cut[1] == "x" * 100_000 + "… [1000000 characters]"
