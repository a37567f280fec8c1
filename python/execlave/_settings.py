"""The constructor's arguments, checked: what makes no sense is a `ValueError` that names the parameter, whatever its type."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, cast

# Longer than any process; the native clock counts no further than some hundred years.
_LONGEST_SECONDS = 1e9
_LARGEST_COUNT = 2**31 - 1
_LARGEST_BYTES = 2**63 - 1


def text(name: str, value: object) -> str:
    """A text that can be sent."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {_type(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} contains characters that are no text") from None
    return value


def optional_text(name: str, value: object) -> str | None:
    """The same, where empty is as good as nothing."""
    return None if value is None or value == "" else text(name, value)


def version(name: str, value: object) -> str | None:
    """A segment of a path, or none."""
    found = optional_text(name, value)
    if found is not None and not all(c.isascii() and (c.isalnum() or c in "._-") for c in found):
        raise ValueError(f"{name} must be a version such as 'v1', not {found!r}")
    return found


def switch(name: str, value: object) -> bool:
    """True or False; 0 and 1 are as good."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    raise ValueError(f"{name} must be True or False, not {value!r}")


def seconds(name: str, value: object, *, least: float | None = None) -> float:
    """A time of more than 0, or of `least` and more."""
    number = _number(name, value)
    enough = number > 0 if least is None else number >= least
    if not enough or number > _LONGEST_SECONDS:
        bound = "more than 0" if least is None else f"at least {least:g}"
        raise ValueError(f"{name} must be {bound}, and at most {_LONGEST_SECONDS:g}, not {value!r}")
    return number


def count(name: str, value: object, most: int = _LARGEST_COUNT) -> int:
    """A whole number from 1 on."""
    number = _number(name, value)
    if not 1 <= number <= most or number != int(number):
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
    return int(number)


def size(name: str, value: object) -> int:
    """A number of bytes."""
    # A float says whole numbers of this size only up to a few bytes.
    return value if type(value) is int and 1 <= value <= _LARGEST_BYTES else count(name, value)


def choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """One of these words."""
    if not isinstance(value, str) or value not in choices:
        words = ", ".join(repr(word) for word in choices[:-1])
        raise ValueError(f"{name} must be {words} or {choices[-1]!r}, not {value!r}")
    return value


def callback(name: str, value: object) -> Callable[[Any], object] | None:
    """Something to call, or nothing."""
    if value is not None and not callable(value):
        raise ValueError(f"{name} must be callable, not {_type(value)}")
    return value


def folder(name: str, value: object) -> str | None:
    """A path, as text."""
    if value is None:
        return None
    try:
        path = os.fsdecode(cast("str", value))
    except (TypeError, UnicodeError):
        raise ValueError(f"{name} must be a path, not {_type(value)}") from None
    if not path or "\0" in path:
        raise ValueError(f"{name} must be the path of a folder, not {path!r}")
    return path


def mapping(name: str, value: object) -> Mapping[str, Any]:
    """A mapping, where nothing is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a dict, not {_type(value)}")
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, (bool, str, bytes)):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    raise ValueError(f"{name} must be a number, not {value!r}")


def _type(value: object) -> str:
    return type(value).__name__
