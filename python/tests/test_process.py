"""Exit, fork, interrupt, threads: what a process does to a client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest
from support import KEY, Scripted, accept, eventually, sent_traces

from execlave import Execlave

Make = Callable[..., Execlave]

PREAMBLE = f"""
import os, sys, time, threading
from execlave import Execlave
exe = Execlave(api_key={KEY!r}, base_url=sys.argv[1], flush_interval_seconds=3600, poll_interval_seconds=3600)
"""


def run(script: str, url: str, **options: Any) -> subprocess.CompletedProcess[str]:
    program = PREAMBLE + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, url],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.fixture(autouse=True)
def accepting(scripted: Scripted) -> None:
    scripted.script = accept


@pytest.mark.parametrize(
    "ending",
    ["", "sys.exit(0)", "del exe; import gc; gc.collect()", "exe.shutdown()", "exe.flush()"],
)
def test_what_waits_is_sent_at_exit(ending: str, scripted: Scripted) -> None:
    done = run(f"exe.start_trace(trace_id='last').finish()\n{ending}", scripted.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["last"]


def test_an_exception_does_not_cost_the_trace(scripted: Scripted) -> None:
    done = run(
        """
        with exe.start_trace(trace_id='last'):
            raise RuntimeError('the application fails')
        """,
        scripted.url,
    )
    assert done.returncode == 1 and "the application fails" in done.stderr
    assert sent_traces(scripted)[0]["errorType"] == "RuntimeError"


def test_exit_is_quick_when_the_server_is_gone(scripted: Scripted) -> None:
    started = time.monotonic()
    done = run("exe.start_trace().finish()", "http://127.0.0.1:1")
    assert done.returncode == 0
    assert "1 traces lost" in done.stderr
    assert time.monotonic() - started < 15


def test_a_daemon_thread_in_the_middle_of_a_call_does_not_hold_up_the_exit(
    scripted: Scripted,
) -> None:
    def slow(request: Any) -> Any:
        if request.path.endswith("enforce"):
            time.sleep(4)
        return accept(request)

    scripted.script = slow
    started = time.monotonic()
    done = run(
        """
        threading.Thread(target=lambda: exe.enforce_policy('a', 'x'), daemon=True).start()
        time.sleep(0.5)
        """,
        scripted.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - started < 5


def test_a_child_that_does_nothing_ends_at_once(scripted: Scripted) -> None:
    done = run(
        """
        exe.start_trace(trace_id='parent').finish()
        pid = os.fork()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
        """,
        scripted.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["parent"]


@pytest.mark.parametrize("method", ["spawn"])
def test_multiprocessing(method: str, scripted: Scripted, tmp_path: Any) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        PREAMBLE.replace(
            "exe = ", "exe = None if __name__ != '__main__' and 'spawn' in sys.argv else "
        )
        + textwrap.dedent(
            f"""
            import multiprocessing

            def work(url):
                client = exe or Execlave(api_key={KEY!r}, base_url=url)
                client.start_trace(trace_id='child').finish()

            if __name__ == '__main__':
                context = multiprocessing.get_context('{method}')
                child = context.Process(target=work, args=(sys.argv[1],))
                child.start()
                child.join()
                assert child.exitcode == 0
            """
        )
    )
    done = subprocess.run(
        [sys.executable, program, scripted.url, method], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["child"]


def test_ctrl_c_ends_the_wait_for_an_approval(scripted: Scripted) -> None:
    def wait_for_ever(request: Any) -> Any:
        if request.path.endswith("enforce"):
            return 202, {"allowed": False, "requiresApproval": True, "approvalRequestId": "ap1"}
        if "/approvals/" in request.path:
            time.sleep(20)
        return accept(request)

    scripted.script = wait_for_ever
    program = PREAMBLE + "exe.enforce_policy('a', 'x')"
    process = subprocess.Popen(
        [sys.executable, "-c", program, scripted.url],
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background of a shell hands down an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    eventually(lambda: scripted.requests("/api/v1/approvals/ap1"))
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert "KeyboardInterrupt" in errors


def test_a_waiting_call_lets_other_threads_run(scripted: Scripted, client_of: Make) -> None:
    def slow(request: Any) -> Any:
        time.sleep(0.5)
        return accept(request)

    scripted.script = slow
    client = client_of()
    import threading

    thread = threading.Thread(target=client.enforce_policy, args=("a", "x"))
    thread.start()
    spins = 0
    while thread.is_alive():
        spins += 1
    assert spins > 100_000


def test_a_forgotten_client_is_collected(client_of: Make) -> None:
    import gc
    import weakref

    client = Execlave(api_key=KEY, base_url="http://127.0.0.1:1")
    forgotten = weakref.ref(client)
    del client
    gc.collect()
    assert forgotten() is None


def test_importing_does_nothing() -> None:
    program = (
        "import threading, execlave; assert threading.active_count() == 1;"
        "import os; print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() in ("1", "") and os.name == "posix"
