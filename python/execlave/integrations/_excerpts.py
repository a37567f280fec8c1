"""What fits into a record: a server refuses a trace that is too large, and a record without its ends is better than none."""

from __future__ import annotations

import json
from typing import Any

# Of an input, and of an output, in bytes: both together, and what stands around them, stay below a server's limit of 1 MiB.
_ROOM = 400_000
_LENGTHS = (100_000, 10_000, 1_000, 100)


def excerpt(value: Any) -> Any:
    """A plain value as it is, or with its longest texts cut to their beginnings until it fits."""
    for length in _LENGTHS:
        if _size(value) <= _ROOM:
            return value
        value = _shortened(value, length)
    return value if _size(value) <= _ROOM else _cut(json.dumps(value), _LENGTHS[0])


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _shortened(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return _cut(value, length)
    if isinstance(value, dict):
        return {name: _shortened(part, length) for name, part in value.items()}
    if isinstance(value, list):
        return [_shortened(part, length) for part in value]
    return value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}… [{len(text)} characters]"
