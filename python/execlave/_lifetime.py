"""The end of a process, and its forks: what waits is delivered, and nothing hangs."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import weakref
from typing import Protocol

from . import _native
from .exceptions import ExeclaveError

logger = logging.getLogger("Execlave")


class _Closable(Protocol):
    def shutdown(self) -> None: ...


_clients: weakref.WeakSet[_Closable] = weakref.WeakSet()
# The process whose end as a worker is taken care of.
_worker: int | None = None
# Set when nothing is delivered any more, because nobody would be left to wait for it.
_over = False


def ensure_not_over() -> None:
    """Refuse a client whose traces nobody would deliver: `atexit` calls nothing that is registered while it runs."""
    if _over:
        raise ExeclaveError(
            "The interpreter is going away and delivers nothing any more; make the client earlier, "
            "or in an exit handler that is registered after execlave was imported"
        )


def remember(client: _Closable) -> None:
    """Shut this client down at the exit of the interpreter, if it still exists."""
    _clients.add(client)
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _close_with_the_worker()


def _close_all() -> None:
    """Deliver what waits before the interpreter goes, then end the native threads."""
    global _over
    _over = True
    for client in list(_clients):
        try:
            client.shutdown()
        except Exception as error:
            logger.error("shutdown at exit: %s", error)
    _native.close()


def _close_with_the_worker() -> None:
    """Deliver at the end of a `multiprocessing` worker too: it ends without running what `atexit` knows."""
    global _worker
    util = sys.modules.get("multiprocessing.util")
    if util is not None and _worker != os.getpid():
        _worker = os.getpid()
        util.Finalize(None, _close_all, exitpriority=100)


def _in_forked_child() -> None:
    """Called by the native module when a client is first used in a forked process."""
    _close_with_the_worker()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_native.before_fork,
        after_in_parent=_native.after_fork_in_parent,
        after_in_child=_native.after_fork_in_child,
    )
