"""What stands between a finished trace and the server: failures, removed files, large scans, the end. Nothing is lost unseen."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import KEY, Request, Scripted, accept, eventually, sent_traces

from execlave import Execlave

Make = Callable[..., Execlave]
WORDS = "some ordinary words of text here "


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_questions_are_answered_while_large_traces_are_prepared(
    scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    asking = client_of(request_timeout_seconds=1, enforcement_on_outage="fail_closed")
    senders = [client_of() for _ in range(3)]
    for sender in senders:
        sender.start_trace().set_input(WORDS * 250_000).finish()
    with ThreadPoolExecutor(3) as pool:
        reports = [pool.submit(sender.flush) for sender in senders]
        waits = []
        while not all(report.done() for report in reports):
            began = time.monotonic()
            assert asking.enforce_policy("a", "x")["allowed"]
            waits.append(time.monotonic() - began)
    assert len(sent_traces(scripted)) == 3
    # The timeout is a second; a worker that scans does not notice when it is over.
    assert len(waits) > 10 and max(waits) < 2


def test_a_fork_in_the_middle_of_a_scan(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    exe = client_of()
    exe.start_trace().set_input(WORDS * 150_000).finish()
    flush = threading.Thread(target=exe.flush)
    flush.start()
    pid = os.fork()
    if pid == 0:
        # The child scans as well: nothing of that may be locked for ever.
        exe.start_trace(trace_id="child").set_input(WORDS).finish()
        os._exit(0 if exe.flush()["sent"] == 1 else 1)
    waited = eventually(
        lambda: os.waitpid(pid, os.WNOHANG)[1:] if not flush.is_alive() else None, 60
    )
    flush.join()
    assert waited == (0,)


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("mode", ["native", "otlp"])
def test_a_server_that_fails_for_a_while_gets_everything_later(
    mode: str, spool: bool, scripted: Scripted, client_of: Make, tmp_path: Path
) -> None:
    scripted.script = lambda request: (500, {"error": {"code": "INTERNAL", "message": "no"}})
    where = {"otlp_endpoint": scripted.url} if mode == "otlp" else {}
    exe = client_of(mode=mode, spool_dir=tmp_path if spool else None, **where)
    for _ in range(5):
        exe.start_trace().finish()
    assert exe.flush() == {"sent": 0, "rejected": [], "undelivered": 5}
    scripted.script = accept
    assert exe.flush() == {"sent": 5, "rejected": [], "undelivered": 0}
    assert exe.lost_traces == 0


def test_one_trace_that_the_server_fails_on_does_not_keep_the_others(
    scripted: Scripted, client_of: Make, tmp_path: Path
) -> None:
    def fails_on_poison(request: Request) -> Any:
        if request.path.endswith("ingest") and "poison" in str(request.json):
            return 500, {}
        return accept(request)

    scripted.script = fails_on_poison
    exe = client_of(spool_dir=tmp_path)
    for number in range(20):
        exe.start_trace(trace_id="poison" if number == 7 else str(number)).finish()
    assert exe.flush()["undelivered"] == 20
    assert exe.flush() == {"sent": 19, "rejected": [], "undelivered": 1}
    exe.shutdown()
    assert exe.lost_traces == 0
    # The next process takes it over, and a mended server takes it.
    scripted.seen.clear()
    scripted.script = accept
    assert client_of(spool_dir=tmp_path).flush()["sent"] == 1
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["poison"]


def test_a_spool_that_is_removed_under_a_client_is_written_anew(
    scripted: Scripted, client_of: Make, tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    scripted.script = lambda request: (503, {})
    exe = client_of(spool_dir=folder)
    exe.start_trace(trace_id="before").finish()
    assert exe.flush()["undelivered"] == 1
    shutil.rmtree(folder)
    exe.start_trace(trace_id="after").finish()
    assert exe.flush()["undelivered"] == 2
    exe.shutdown()
    assert exe.lost_traces == 0 and len(files(folder)) == 1
    scripted.seen.clear()
    scripted.script = accept
    assert client_of(spool_dir=folder).flush()["sent"] == 2
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["before", "after"]


def test_a_spool_that_cannot_be_written_anew_is_counted_as_lost(
    scripted: Scripted, client_of: Make, tmp_path: Path, caplog: Any
) -> None:
    folder = tmp_path / "spool"
    scripted.script = lambda request: (503, {})
    exe = client_of(spool_dir=folder, request_timeout_seconds=1)
    exe.start_trace().finish()
    assert exe.flush()["undelivered"] == 1
    shutil.rmtree(folder)
    folder.write_text("in the way")
    exe.start_trace().finish()
    assert exe.flush()["undelivered"] == 2
    exe.shutdown()
    assert exe.lost_traces == 2
    eventually(lambda: "their file was removed" in caplog.text)


@pytest.mark.parametrize("sent", [0, 1])
def test_a_receipt_that_says_too_little_leaves_no_trace_out(
    sent: int, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = lambda request: (202, {"accepted": sent, "failed": sent})
    exe = client_of()
    for number in range(3):
        exe.start_trace(trace_id=str(number)).finish()
    report = exe.flush()
    assert (report["sent"], report["undelivered"]) == (sent, 0)
    assert [one["code"] for one in report["rejected"]] == ["UNACCOUNTED"] * (3 - sent)
    assert [one["traceId"] for one in report["rejected"]] == (["", ""] if sent else ["0", "1", "2"])


def test_bypasses_of_a_forgotten_client_are_reported(scripted: Scripted, client_of: Make) -> None:
    scripted.script = lambda r: (503, {}) if r.path.endswith("enforce") else accept(r)
    exe = Execlave(KEY, scripted.url, enable_control_channel=False, local_decisions=False)
    exe.enforce_policy("a", "x")
    del exe
    gc.collect()
    (report,) = eventually(lambda: scripted.requests("/api/v1/sdk/bypass-windows"))
    assert [window["count"] for window in report.json["windows"]] == [1]


def test_a_client_that_comes_too_late_is_refused(scripted: Scripted) -> None:
    scripted.script = accept
    program = """
    import atexit, sys

    def late():
        try:
            execlave.Execlave(sys.argv[1], sys.argv[2])
        except execlave.ExeclaveError as error:
            print(error)

    atexit.register(late)
    import execlave
    execlave.Execlave(sys.argv[1], sys.argv[2]).start_trace().finish()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), KEY, scripted.url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "make the client earlier" in done.stdout
    assert len(sent_traces(scripted)) == 1
