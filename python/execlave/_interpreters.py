"""Refuses sub-interpreters: one native runtime and one set of locks serve the whole process, and know one interpreter."""

from __future__ import annotations

import importlib
import sys

_NAME = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"


def _is_main() -> bool:
    try:
        interpreters = importlib.import_module(_NAME)
    except ImportError:
        # A Python that cannot make others has only this one.
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


if not _is_main():
    raise ImportError(
        "execlave cannot be imported in a sub-interpreter; use threads or processes instead"
    )
