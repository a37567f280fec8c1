"""Turns any Python object into plain ones that the native module can write as JSON.

The native module handles the JSON types, and asks here about everything else, one level at a time. This module never looks at an
instance's attributes to find out what it is: only its class counts, because an instance may pretend to be anything.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import os
import uuid
from collections.abc import Mapping
from typing import Any

__all__ = ["plain"]


def plain(value: object) -> Any:
    """Describe `value` by something plainer; its `repr` if there is nothing better."""
    kind = type(value)
    try:
        if isinstance(value, enum.Enum):
            return value.value
        # Subclasses of the JSON types, without what they override.
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, (uuid.UUID, decimal.Decimal)):
            return str(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _bytes(bytes(value))
        if isinstance(value, (set, frozenset)):
            return _ordered(value)
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        if isinstance(value, Mapping):
            return dict(value.items())
        if isinstance(value, BaseException):
            return f"{kind.__name__}: {value}"
        # Pydantic, current and older; then arrays and their scalars.
        for method in ("model_dump", "dict", "tolist", "item"):
            if callable(getattr(kind, method, None)):
                return getattr(value, method)()
    except Exception:
        # Whatever an object's own methods do, it is still described below.
        pass
    return _repr(value, kind)


def _bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _ordered(value: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=repr)


def _repr(value: object, kind: type) -> str:
    try:
        return repr(value)
    except Exception:
        return f"[unserializable:{kind.__name__}]"
