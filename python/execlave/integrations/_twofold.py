"""A method in two forms, one that waits and one to be awaited, for callers that take either and do not say which."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


class Twofold:
    """A coroutine function for the coroutines of one package, which are known to await it, and a plain function for everybody else.

    What nobody awaits would never ask. So whoever is not known to await gets the form that has asked when it returns.
    """

    def __init__(
        self, wait: Callable[..., Any], awaited: Callable[..., Any], *, awaited_by: str
    ) -> None:
        self._wait = wait
        self._awaited = awaited
        self._awaited_by = awaited_by
        self.__doc__ = wait.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        caller = sys._getframe(1)
        package = str(caller.f_globals.get("__name__")).partition(".")[0]
        awaits = package == self._awaited_by and caller.f_code.co_flags & inspect.CO_COROUTINE
        return (self._awaited if awaits else self._wait).__get__(instance, owner)
