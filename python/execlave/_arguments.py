"""What callers pass in, checked and made fit for the native client."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ._settings import choice
from .exceptions import ExeclaveError

# Only input and output are scrubbed by choice; naming the others is allowed.
_SCRUB_FIELDS = ("input", "output", "metadata", "error_message")


def is_closed(name: str, value: object) -> bool:
    return choice(name, value, ("fail_open", "fail_closed")) == "fail_closed"


def decides_locally(value: object) -> tuple[bool, bool]:
    """Whether policies are held here, and whether the server is asked first all the same."""
    if value is not True and value is not False and value != "outage":
        raise ValueError(f"local_decisions must be True, False or 'outage', not {value!r}")
    return value is not False, value == "outage"


_PRIVACY = ("enabled", "scrub_fields", "hash_pii", "hash_key", "scrub_keys", "scrub_names")


def privacy_settings(
    settings: Mapping[str, Any],
) -> tuple[bool, bool, bool, bool, bool, bool, bool]:
    unknown = sorted(map(repr, set(settings) - set(_PRIVACY)))
    if unknown:
        raise ValueError(
            f"privacy has unknown keys {', '.join(unknown)}; the keys are {', '.join(_PRIVACY)}"
        )
    fields = settings.get("scrub_fields", _SCRUB_FIELDS)
    if isinstance(fields, str) or not isinstance(fields, Collection):
        raise ValueError(f"privacy scrub_fields must be a list of names, not {fields!r}")
    fields = list(fields)
    strange = [field for field in fields if field not in _SCRUB_FIELDS]
    if strange:
        raise ValueError(f"privacy scrub_fields may name {', '.join(_SCRUB_FIELDS)}, not {strange}")
    return (
        bool(settings.get("enabled", False)),
        "input" in fields,
        "output" in fields,
        True,
        bool(settings.get("hash_pii", True)),
        bool(settings.get("scrub_keys", True)),
        bool(settings.get("scrub_names", False)),
    )


def hash_key(key: str | bytes | None) -> bytes | None:
    if key is None:
        return None
    if not isinstance(key, (str, bytes)) or not key:
        raise ValueError("privacy hash_key must be text or bytes, and not empty")
    return key.encode() if isinstance(key, str) else key


def is_unset(value: object) -> bool:
    """Whether a text is left out. Any object may stand for a text, and only a string is compared with one: others may raise."""
    return value is None or (type(value) is str and not value)


def kept(value: Any, copy: Callable[[Any], Any]) -> Any:
    """A copy for later traces, so that what the caller does afterwards is no concern of theirs; itself if none can be had."""
    try:
        return None if value is None else copy(value)
    except Exception:
        return value


def present(**fields: Any) -> dict[str, Any]:
    """Leave out what is unset: on the wire absent and null are different things."""
    return {name: value for name, value in fields.items() if value is not None}


def listed(values: Iterable[Any] | None) -> list[Any] | None:
    """Make a list; a lone string is one element, not many letters."""
    if values is None:
        return None
    return [values] if isinstance(values, str) else list(values)


def moment(value: object) -> str | None:
    """A `datetime` in its ISO form, anything else as its text."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


def cost(value: Any) -> float | None:
    if value is None:
        return None
    try:
        cost = float(value)
    except (TypeError, ValueError):
        raise ExeclaveError(f"Invalid request: estimated_cost {value!r} is not a number") from None
    if cost != cost or cost in (float("inf"), float("-inf")):
        raise ExeclaveError(f"Invalid request: estimated_cost {cost} is not an amount")
    return cost
