"""Importing: it does no work, and a sub-interpreter is refused in words."""

from __future__ import annotations

import subprocess
import sys

SECOND = """
import sys
import execlave
if sys.version_info >= (3, 13):
    import _interpreters
    failure = _interpreters.run_string(_interpreters.create(), "import execlave")
    text = str(failure)
else:
    import _xxsubinterpreters as interpreters
    try:
        interpreters.run_string(interpreters.create(), "import execlave")
        text = "imported"
    except interpreters.RunFailedError as error:
        text = str(error)
assert "execlave cannot be imported in a sub-interpreter" in text, text
assert "use threads or processes instead" in text, text
"""

QUIET = """
import logging, os, sys, threading
root = logging.getLogger()
before = (list(root.handlers), root.level, dict(os.environ))
import execlave
assert (list(root.handlers), root.level, dict(os.environ)) == before
assert not logging.getLogger("Execlave").handlers
assert threading.active_count() == 1
assert not {"asyncio", "socket", "ssl", "http"} & set(sys.modules), sys.modules.keys()
"""


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_sub_interpreter_is_refused_in_words() -> None:
    run(SECOND)


def test_importing_changes_and_starts_nothing() -> None:
    run(QUIET)
