"""Traces on disk: they survive what kills the process, and are stored once."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import CLOSE, KEY, Request, Scripted, Server, accept, eventually, sent_traces

from execlave import Execlave

Make = Callable[..., Execlave]
NOWHERE = "http://127.0.0.1:1"

PREAMBLE = f"""
import os, sys, time, signal, logging
from execlave import Execlave
exe = Execlave(api_key={KEY!r}, base_url=sys.argv[1], spool_dir=sys.argv[2], flush_interval_seconds=3600,
    environment="development", enable_control_channel=False, request_timeout_seconds=5)
"""


def start(script: str, url: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(script), url, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, url: str, folder: Path) -> str:
    process = start(script, url, folder)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), err
    return out


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def through(server: Server, request: Request) -> tuple[int, bytes, dict[str, str]]:
    """Ask the real server on behalf of whoever asked the scripted one."""
    kept = ("authorization", "content-type", "content-encoding")
    headers = {
        key: value
        for key, value in request.headers.items()
        if key in kept or key.startswith("x-execlave")
    }
    asked = urllib.request.Request(
        server.url + request.path, method=request.method, data=request.body or None, headers=headers
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read(), {"Content-Type": "application/json"}
    except urllib.error.HTTPError as error:
        return error.code, error.read(), {"Content-Type": "application/json"}


def test_a_killed_process_loses_nothing_that_was_tried(
    connect: Make, server: Server, name: str, tmp_path: Path
) -> None:
    run(
        f"""
        for n in range(250):
            exe.start_trace(agent_id={name!r}, trace_id=f"tr_{{n}}_{name}").finish()
        assert exe.flush()["undelivered"] == 250
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        # The same place, while nobody is there, is what a restart of the server looks like.
        server.url.replace("127.0.0.1", "127.0.0.9"),
        tmp_path,
    )
    assert len(files(tmp_path)) == 1
    left = files(tmp_path)[0]
    assert left.stat().st_mode & 0o777 == 0o600
    # Another address is another server; under the name of this one the next process takes it over.
    exe = connect(spool_dir=tmp_path)
    assert exe.flush()["sent"] == 0
    exe.shutdown()
    other = Execlave(
        api_key=server.key,
        base_url=server.url.replace("127.0.0.1", "127.0.0.9"),
        spool_dir=tmp_path,
        enable_control_channel=False,
    )
    assert other._native.waiting_traces == 250
    other.shutdown()
    assert other.lost_traces == 0 and len(files(tmp_path)) == 1


def test_the_next_process_sends_what_the_server_may_have_and_it_is_stored_once(
    connect: Make, server: Server, scripted: Scripted, name: str, tmp_path: Path
) -> None:
    """The server stored the batch, and the process was killed before it heard of it."""
    stored, over = threading.Event(), threading.Event()

    def swallow(request: Request) -> Any:
        answer = through(server, request)
        if request.path.endswith("/traces/ingest"):
            assert answer[0] == 202
            stored.set()
            over.wait(30)
            return CLOSE
        return answer

    scripted.script = swallow
    process = start(
        f"""
        for n in range(3):
            exe.start_trace(agent_id={name!r}, trace_id=f"tr_{name}").set_output(n).finish()
        exe.flush()
        """,
        scripted.url,
        tmp_path,
    )
    assert stored.wait(30)
    process.kill()
    process.communicate()
    over.set()
    assert len(server.traces(name)) == 3
    scripted.script = lambda request: through(server, request)
    exe = connect(base_url=scripted.url, spool_dir=tmp_path)
    assert exe.flush() == {"sent": 3, "rejected": [], "undelivered": 0}
    assert [
        r.headers.get("x-execlave-redelivery") for r in scripted.requests("/api/v1/traces")
    ] == [
        None,
        "1",
    ]
    spans = server.call("GET", f"/api/v1/traces/tr_{name}")["data"]
    assert sorted(span["output"] for span in spans) == [0, 1, 2]
    # The file of the dead is gone, that of the living is empty.
    assert [path.stat().st_size for path in files(tmp_path)] == [0]
    exe.shutdown()
    assert files(tmp_path) == []


def test_without_a_spool_a_lost_answer_is_no_duplicate_either(
    connect: Make, server: Server, scripted: Scripted, name: str
) -> None:
    def lose_the_first_answer(request: Request) -> Any:
        answer = through(server, request)
        return CLOSE if len(scripted.requests("/api/v1/traces/ingest")) == 1 else answer

    scripted.script = lose_the_first_answer
    exe = connect(base_url=scripted.url, enable_control_channel=False)
    exe.start_trace(agent_id=name).finish()
    assert exe.flush()["sent"] == 1
    assert len(scripted.requests("/api/v1/traces/ingest")) == 2
    assert len(server.traces(name)) == 1


def test_living_clients_share_a_folder_and_send_their_own(
    scripted: Scripted, client_of: Make, tmp_path: Path
) -> None:
    scripted.script = lambda request: (503, {})
    one, two = client_of(spool_dir=tmp_path), client_of(spool_dir=str(tmp_path))
    one.start_trace(trace_id="one").finish()
    two.start_trace(trace_id="two").finish()
    assert (one.flush()["undelivered"], two.flush()["undelivered"]) == (1, 1)
    assert len(files(tmp_path)) == 2
    scripted.seen.clear()
    scripted.script = accept
    assert (one.flush()["sent"], two.flush()["sent"]) == (1, 1)
    assert sorted(trace["traceId"] for trace in sent_traces(scripted)) == ["one", "two"]


def test_another_key_never_sees_them(scripted: Scripted, client_of: Make, tmp_path: Path) -> None:
    scripted.script = lambda request: (503, {})
    mine = client_of(spool_dir=tmp_path)
    mine.start_trace(trace_id="secret").finish()
    mine.flush()
    mine.shutdown()
    scripted.seen.clear()
    scripted.script = accept
    client_of(spool_dir=tmp_path, api_key="exe_dev_other").flush()
    assert sent_traces(scripted) == []
    client_of(spool_dir=tmp_path).flush()
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["secret"]


def test_a_shutdown_without_a_server_loses_nothing(
    scripted: Scripted, client_of: Make, tmp_path: Path, caplog: Any
) -> None:
    scripted.script = lambda request: (503, {})
    exe = client_of(spool_dir=tmp_path, request_timeout_seconds=1)
    for n in range(5):
        exe.start_trace(trace_id=str(n)).finish()
    exe.shutdown()
    assert exe.lost_traces == 0 and "lost" not in caplog.text
    scripted.seen.clear()
    scripted.script = accept
    assert client_of(spool_dir=tmp_path).flush()["sent"] == 5
    assert [trace["traceId"] for trace in sent_traces(scripted)] == list("01234")


def test_a_full_disk_costs_no_trace(scripted: Scripted, tmp_path: Path) -> None:
    out = run(
        """
        import resource
        logging.basicConfig(stream=sys.stdout)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        for n in range(40):
            exe.start_trace(trace_id=str(n)).set_output("x" * 2000).finish()
            if n == 0:
                exe.flush()
        exe.flush()
        print(exe.lost_traces, exe._native.waiting_traces)
        os._exit(0)
        """,
        NOWHERE,
        tmp_path,
    )
    assert out.splitlines()[-1] == "0 40"
    # What fitted is whole; what did not left no half line behind.
    (path,) = files(tmp_path)
    assert 0 < path.stat().st_size <= 4096 and path.read_bytes().endswith(b"\n")


def test_a_folder_that_is_full_holds_no_more(
    scripted: Scripted, client_of: Make, tmp_path: Path, caplog: Any
) -> None:
    scripted.script = lambda request: (503, {}, {"Retry-After": "3600"})
    exe = client_of(spool_dir=tmp_path, spool_max_bytes=50_000, batch_size=100)
    with caplog.at_level(logging.ERROR, "Execlave"):
        for _ in range(11_000):
            exe.start_trace().set_output("x" * 400).finish()
        report = exe.flush()
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 50_000
    # Ten thousand wait in memory, a batch more on its way; the rest is on the disk or counted.
    assert report["undelivered"] + exe.lost_traces == 11_000
    assert exe.lost_traces > 0
    eventually(lambda: "traces lost: too many were waiting" in caplog.text)


def test_a_folder_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ValueError, match=r"spool folder `.+` cannot be used"):
        Execlave(api_key=KEY, base_url=NOWHERE, spool_dir=file)


def test_garbage_in_the_folder_is_left_alone(
    scripted: Scripted, client_of: Make, tmp_path: Path
) -> None:
    scripted.script = lambda request: (503, {})
    first = client_of(spool_dir=tmp_path)
    first.start_trace(trace_id="good").finish()
    first.flush()
    first.shutdown()
    (path,) = files(tmp_path)
    mark = path.name.split("-")[0]
    path.write_bytes(path.read_bytes() + b'{"batch":{"id":"x"}}\n\xff\xff')
    (tmp_path / f"{mark}-zzz.spool").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    scripted.seen.clear()
    scripted.script = accept
    assert client_of(spool_dir=tmp_path).flush()["sent"] == 1
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_forked_child_has_a_file_of_its_own(scripted: Scripted, tmp_path: Path) -> None:
    scripted.script = lambda request: (503, {})
    run(
        """
        exe.start_trace(trace_id="parent").finish()
        exe.flush()
        pid = os.fork()
        if pid == 0:
            exe.start_trace(trace_id="child").finish()
            exe.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        scripted.url,
        tmp_path,
    )
    scripted.seen.clear()
    scripted.script = accept
    run("exe.flush()", scripted.url, tmp_path)
    assert sorted(trace["traceId"] for trace in sent_traces(scripted)) == ["child", "parent"]
