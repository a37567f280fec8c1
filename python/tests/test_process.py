"""Exit, fork, interrupt, threads: what a process does to a client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import KEY, Scripted, Server, accept, eventually, sent_traces

import execlave
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
    scripted: Scripted, tmp_path: Path
) -> None:
    asked, over = tmp_path / "asked", threading.Event()

    def hang(request: Any) -> Any:
        if request.path.endswith("enforce"):
            asked.touch()
            over.wait()
        return accept(request)

    scripted.script = hang
    # The call is answered only after the program has ended.
    done = run(
        f"""
        threading.Thread(target=lambda: exe.enforce_policy('a', 'x'), daemon=True).start()
        while not os.path.exists({str(asked)!r}): time.sleep(0.01)
        """,
        scripted.url,
    )
    over.set()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_forked_child_works_and_sends_only_its_own(scripted: Scripted) -> None:
    done = run(
        """
        exe.register_agent(agent_id='a', name='a')
        exe.start_trace(trace_id='parent').finish()
        pid = os.fork()
        exe.enforce_policy('a', 'child' if pid == 0 else 'parent')
        exe.start_trace(trace_id='child' if pid == 0 else 'parent2').finish()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
        """,
        scripted.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    traces = {trace["traceId"]: trace for trace in sent_traces(scripted)}
    assert len(sent_traces(scripted)) == 3 and set(traces) == {"parent", "parent2", "child"}
    assert traces["child"]["agentId"] == "a"
    asked = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    assert sorted(question["input"] for question in asked) == ["child", "parent"]
    assert {question["agentId"] for question in asked} == {"id-a"}


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


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, scripted: Scripted, tmp_path: Any) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        PREAMBLE.replace(
            "exe = ", "exe = None if __name__ != '__main__' and 'fork' not in sys.argv else "
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


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_whose_workers_have_clients_of_their_own(
    method: str, scripted: Scripted, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, sys
            from concurrent.futures import ProcessPoolExecutor
            from execlave import Execlave

            clients = {{}}

            def work(url, number):
                if url not in clients:
                    clients[url] = Execlave(api_key={KEY!r}, base_url=url, flush_interval_seconds=3600)
                clients[url].start_trace(trace_id=f'tr_{{number}}').finish()

            if __name__ == '__main__':
                context = multiprocessing.get_context('{method}')
                with ProcessPoolExecutor(2, mp_context=context) as pool:
                    list(pool.map(work, [sys.argv[1]] * 6, range(6)))
                pool = context.Pool(2)
                pool.starmap(work, [(sys.argv[1], number) for number in range(6, 9)])
                pool.close()
                pool.join()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, program, scripted.url], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    sent = sorted(trace["traceId"] for trace in sent_traces(scripted))
    assert sent == [f"tr_{number}" for number in range(9)]


def test_a_pool_that_is_closed_and_joined_delivers_everything(
    scripted: Scripted, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        PREAMBLE
        + textwrap.dedent(
            """
            import multiprocessing

            def work(number):
                exe.start_trace(trace_id=f'task {number}').finish()

            with multiprocessing.get_context('fork').Pool(4) as pool:
                pool.map(work, range(20))
                pool.close()
                pool.join()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, program, scripted.url], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {trace["traceId"] for trace in sent_traces(scripted)} == {f"task {n}" for n in range(20)}


def test_clients_of_one_process_keep_apart(server: Server, connect: Make, name: str) -> None:
    """Another agent, another key, another server: what one is told or shut down is nothing to the others."""
    body = {"name": name, "scopes": ["sdk"]}
    key = server.call("POST", "/api/v1/api-keys", body)["data"]["key"]
    one, two = connect(), connect(api_key=key)
    gone = connect(base_url="http://127.0.0.1:1", request_timeout_seconds=5)
    for exe, agent in ((one, f"{name}-1"), (two, f"{name}-2")):
        exe.register_agent(agent_id=agent, name=agent)
        exe.start_trace().set_output(agent).finish()
    gone.start_trace().finish()
    server.pause(f"{name}-1")
    eventually(lambda: one._known_status(f"{name}-1") == "paused")
    with pytest.raises(execlave.AgentPausedError):
        one.enforce_policy(f"{name}-1", "x")
    assert two.enforce_policy(f"{name}-2", "x")["allowed"] is True
    assert gone.enforce_policy(f"{name}-2", "x")["source"].startswith("fail_open")
    assert [exe.bypass_count for exe in (one, two, gone)] == [0, 0, 1]
    one.shutdown()
    with pytest.raises(execlave.ExeclaveError, match="shut down"):
        one.start_trace()
    assert two.flush()["sent"] == 1 and gone.flush()["undelivered"] == 1
    for agent in (f"{name}-1", f"{name}-2"):
        assert [trace["output"] for trace in server.traces(agent)] == [agent]


def test_forks_under_load(scripted: Scripted) -> None:
    done = run(
        """
        stop = threading.Event()
        def load():
            while not stop.is_set():
                exe.enforce_policy('a', 'x')
                exe.start_trace().set_input('x').finish()
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads: thread.start()
        for n in range(15):
            pid = os.fork()
            if pid == 0:
                exe.enforce_policy('a', 'child')
                exe.start_trace(trace_id=f'child{n}').finish()
                assert exe.flush()['sent'] == 1
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        """,
        scripted.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    ids = [trace["traceId"] for trace in sent_traces(scripted)]
    assert len(ids) == len(set(ids))
    assert {f"child{n}" for n in range(15)} <= set(ids)


def test_ctrl_c_ends_the_wait_for_an_approval(scripted: Scripted) -> None:
    over = threading.Event()

    def wait_for_ever(request: Any) -> Any:
        if request.path.endswith("enforce"):
            return 202, {"allowed": False, "requiresApproval": True, "approvalRequestId": "ap1"}
        if "/approvals/" in request.path:
            over.wait()
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
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    over.set()
    assert "KeyboardInterrupt" in errors


def test_a_waiting_call_lets_other_threads_run(scripted: Scripted, client_of: Make) -> None:
    over = threading.Event()

    def hang(request: Any) -> Any:
        over.wait()
        return accept(request)

    scripted.script = hang
    client = client_of(request_timeout_seconds=60)
    thread = threading.Thread(target=client.enforce_policy, args=("a", "x"))
    thread.start()
    # Were the interpreter held by the call, this line would never be reached and the server never let go.
    eventually(lambda: scripted.requests("/api/v1/policies/enforce"))
    assert thread.is_alive()
    over.set()
    thread.join(20)
    assert not thread.is_alive()


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
