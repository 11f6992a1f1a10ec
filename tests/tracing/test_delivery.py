"""The way of an ended span to the server: at once where it can, later where it must, never lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.commands import clean_env
from support.programs import Recorder, stored_spans, wait_for
from support.receivers import Answer, start_receiver
from support.servers import ServerProcess

import weave_core
from weave_core import Client, op
from weave_core.tracing.spool import sync

Run = Callable[..., "subprocess.CompletedProcess[str]"]

COUNTING = """
import os, sys, time
import weave_core
weave_core.init("spooled", sys.argv[1])

@weave_core.op
def step(n):
    return n

for n in range(int(sys.argv[2])):
    step(n)
"""


@op
def step(n: int) -> int:
    """Something short."""
    return n


@op
def whole(n: int) -> list[int]:
    """Something with children."""
    return [step(i) for i in range(n)]


def _spool(home: Path) -> list[Path]:
    return sorted((home / "spool").glob("*.spans"))


def test_a_call_is_stored_as_it_was(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """Names, inputs, outputs, parents, session: what a page shows is what happened."""
    del recorder
    weave_core.init(project, server.url)
    with weave_core.session("chat-1", user_id="u-1"), weave_core.attributes(tags=["t"]):
        whole(2)
    assert weave_core.flush(20)

    # What was acknowledged is stored; the list of traces follows by the server's next sums.
    wait_for(lambda: len(stored_spans(client, project)) == 3)
    spans = {(s.name, str(s.inputs)): s for s in stored_spans(client, project)}
    root = spans["whole", "{'n': 2}"]
    assert root.outputs == [0, 1]
    assert root.kind == "op"
    assert root.session_id == "chat-1"
    assert root.user_id == "u-1"
    assert root.tags == ["t"]
    assert root.op is not None
    assert root.op.version
    assert spans["step", "{'n': 1}"].parent_span_id == root.span_id
    assert len(spans) == 3


def test_a_trace_is_there_within_a_second(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """Nobody has to flush to see what just ran."""
    del recorder
    weave_core.init(project, server.url)
    begin = time.monotonic()
    whole(1)
    wait_for(lambda: len(stored_spans(client, project)) == 2)
    assert time.monotonic() - begin < 3  # A second on an idle machine; tests share theirs.


def test_nothing_is_left_on_disk_when_all_was_taken(recorder: Recorder, tmp_path: Path) -> None:
    """The spool is a waiting room."""
    del recorder
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url)
        whole(3)
        assert weave_core.shutdown(5)
    assert sorted(receiver.names) == ["step", "step", "step", "whole"]
    assert list((tmp_path / "home" / "spool").iterdir()) == []


def test_a_busy_server_gets_the_spans_when_it_asked_for_them(recorder: Recorder) -> None:
    """503 with Retry-After, then 429: tried again, not sooner than asked, stored once."""
    del recorder
    answers = [Answer(503, {"Retry-After": "1"}), Answer(429), Answer()]
    begin = time.monotonic()
    with start_receiver(lambda n, _: answers[min(n, 2)]) as receiver:
        weave_core.init("p", receiver.url)
        step(1)
        assert weave_core.flush(10)
        assert time.monotonic() - begin >= 1.0
        assert receiver.names == ["step"]
        assert len(receiver.requests) == 3


def test_a_flush_that_runs_out_of_time_says_so(recorder: Recorder) -> None:
    """A server that is down costs the caller the time it gave, and no exception."""
    del recorder
    weave_core.init("p", "http://127.0.0.1:9")
    begin = time.monotonic()
    step(1)
    assert not weave_core.flush(0.3)
    assert not weave_core.shutdown(0.3)
    assert time.monotonic() - begin < 3


def test_what_a_server_refuses_is_set_aside(recorder: Recorder, tmp_path: Path) -> None:
    """Bytes that will never be taken do not block those behind them."""
    del recorder
    with start_receiver(lambda n, _: Answer(400) if n == 0 else Answer()) as receiver:
        weave_core.init("p", receiver.url)
        step(1)
        assert weave_core.flush(10)
        whole(0)
        assert weave_core.flush(10)
        assert receiver.names == ["whole"]
    [dead] = (tmp_path / "home" / "spool" / "dead").iterdir()
    request = ExportTraceServiceRequest.FromString(dead.read_bytes())
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "step"


def test_a_batch_that_is_too_large_is_split(recorder: Recorder) -> None:
    """A proxy with a small limit gets smaller requests, and every span arrives once."""
    del recorder

    def small(_: int, request: ExportTraceServiceRequest) -> Answer:
        return Answer(413) if request.ByteSize() > 3_000 else Answer()

    with start_receiver(small) as receiver:
        weave_core.init("p", receiver.url)
        whole(20)
        assert weave_core.flush(20)
        assert sorted(receiver.names) == ["step"] * 20 + ["whole"]
        assert len({span.span_id for span in receiver.taken}) == 21


def test_the_key_and_the_project_go_along(recorder: Recorder) -> None:
    """The provider was there before us and knows no project; the request says it all the same."""
    del recorder
    with start_receiver() as receiver:
        weave_core.init("shop", receiver.url, api_key="secret")
        step(1)
        assert weave_core.flush(10)
    resource = receiver.requests[0].resource_spans[0].resource
    said = {pair.key: pair.value.string_value for pair in resource.attributes}
    assert said["weave_core.project"] == "shop"
    assert receiver.headers[0]["authorization"] == "Bearer secret"


def test_a_long_call_is_announced_before_it_ends(recorder: Recorder) -> None:
    """The start record says that it is pending, and the real one follows under the same id."""
    del recorder
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url)
        with weave_core.span("long"):
            wait_for(lambda: receiver.names == ["long"])
            [begun] = receiver.taken
            assert begun.end_time_unix_nano == 0
            pending = {pair.key: pair.value.bool_value for pair in begun.attributes}
            assert pending["weave_core.pending"] is True
        assert weave_core.flush(10)
        assert receiver.taken[1].span_id == begun.span_id
        assert receiver.taken[1].end_time_unix_nano > 0


def test_an_exit_without_flush_loses_nothing(
    run_program: Run, server: ServerProcess, client: Client, project: str
) -> None:
    """A script just ends; what it did is stored."""
    run_program(COUNTING.replace("spooled", project), server.url, "50")
    assert len(stored_spans(client, project)) == 50


def test_offline_spans_wait_for_sync(
    run_program: Run, tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """Without a server everything is kept; `sync` brings it, and a second one has nothing to do.

    So is feedback, under the id that it was given with, and stored as what it is.
    """
    judging = f"""
given = weave_core.feedback("thumbs", 0, text="meh", trace_id="ab" * 16, source="end_user")
assert (given.value, given.project) == (0.0, {project!r}), given
again = weave_core.feedback("stars", 3, run_id="r-1", id="mine", project=given.project)
try:
    weave_core.feedback("thumbs", trace_id="ab" * 16)
except weave_core.errors.BadRequest as error:
    assert "give value, label or text" in str(error), error
weave_core.feedback("stars", 5, run_id="r-1", id="mine")
"""
    run_program(COUNTING.replace("spooled", project) + judging, "offline", "30")
    home = tmp_path / "home"
    assert len(_spool(home)) == 1

    report = sync(server.url, home=home)
    assert (report.sent_spans, report.left_bytes, report.failure) == (33, 0, "")
    wait_for(lambda: len(stored_spans(client, project)) == 30)
    kept = client.list_feedback(project).items
    assert {(each.name, each.value, each.text) for each in kept} == {
        ("thumbs", 0.0, "meh"),
        ("stars", 5.0, None),
    }
    assert sync(server.url, home=home).sent_spans == 0
    assert _spool(home) == []


def test_sync_without_a_server_keeps_everything(run_program: Run, tmp_path: Path) -> None:
    """It says why, and the next one still has all of it."""
    run_program(COUNTING, "offline", "10")
    report = sync("http://127.0.0.1:9", home=tmp_path / "home")
    assert report.sent_spans == 0
    assert "no answer" in report.failure
    assert report.left_bytes > 0
    with start_receiver() as receiver:
        assert sync(receiver.url, home=tmp_path / "home").sent_spans == 10
    assert receiver.names == ["step"] * 10


def test_kill_9_loses_no_span_that_had_ended(tmp_path: Path) -> None:
    """The process is shot in the middle of its work; the next one sends what it left, once each."""
    code = COUNTING.replace(
        "    step(n)\n", "    step(n)\n    time.sleep(0.002)\n    print(n, flush=True)\n"
    )
    program = tmp_path / "program.py"
    program.write_text(code, encoding="utf-8")
    env = {**clean_env(), "WEAVE_CORE_HOME": str(tmp_path / "home")}
    with start_receiver(lambda _n, _r: Answer(503)) as away:
        process = subprocess.Popen(
            [sys.executable, str(program), away.url, "100000"],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 300:
                process.send_signal(signal.SIGKILL)
                break
        last = [int(line) for line in process.stdout] or [300]
        process.wait(timeout=10)
        process.stdout.close()

    with start_receiver(port=int(away.url.rpartition(":")[2])) as receiver:
        done = subprocess.run(
            [sys.executable, str(program), receiver.url, "0"], env=env, check=True, timeout=30
        )
        assert done.returncode == 0
        # A process that traces nothing starts no thread; one call picks up what was left.
        subprocess.run(
            [sys.executable, "-c", _ONE_CALL_AND_WAIT, receiver.url, str(tmp_path / "home")],
            env=env,
            check=True,
            timeout=30,
        )
    numbers = sorted(
        int(pair.value.string_value)
        for span in receiver.taken
        for pair in span.attributes
        if pair.key == "weave_core.outputs" and pair.value.string_value.isdigit()
    )
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > last[-1]


_ONE_CALL_AND_WAIT = """
import sys, time, pathlib
import weave_core
weave_core.init("spooled", sys.argv[1])
with weave_core.span("next"):
    pass
weave_core.flush(10)
spool = pathlib.Path(sys.argv[2]) / "spool"
deadline = time.monotonic() + 15
while len(list(spool.glob("*.lock"))) > 1 and time.monotonic() < deadline:
    time.sleep(0.05)
"""


def test_forked_children_send_their_own_spans(run_program: Run) -> None:
    """Parent and children each send what they did, nobody sends another's again."""
    code = """
import os, sys
import weave_core
weave_core.init("p", sys.argv[1])

@weave_core.op
def work(who):
    return who

with weave_core.span("parent"):
    work("parent")
    children = []
    for n in range(3):
        pid = os.fork()
        if pid == 0:
            work(f"child {n}")
            weave_core.flush(10)
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    work("parent again")
"""
    with start_receiver() as receiver:
        run_program(code, receiver.url)
    ids = {span.span_id for span in receiver.taken}
    assert sorted(receiver.names) == ["parent"] + ["work"] * 5
    assert len(ids) == 6
    [root] = [span for span in receiver.taken if span.name == "parent"]
    assert {s.parent_span_id for s in receiver.taken if s.name == "work"} == {root.span_id}


def test_multiprocessing_workers_send_their_spans(run_program: Run) -> None:
    """A worker of `multiprocessing` ends without the usual clean-up at exit; nothing is lost."""
    code = """
import multiprocessing, sys
import weave_core

@weave_core.op
def work(n):
    return n

if __name__ == "__main__":
    weave_core.init("p", sys.argv[1])
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(work, range(10)) == list(range(10))
        pool.close()
        pool.join()
"""
    with start_receiver() as receiver:
        run_program(code, receiver.url)
    assert receiver.names == ["work"] * 10


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").exists(), reason="needs /proc")
def test_a_home_that_can_not_be_written_is_no_obstacle(run_program: Run, tmp_path: Path) -> None:
    """Spans wait in memory then; one line says so, and they arrive."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with start_receiver() as receiver:
        done = run_program(COUNTING, receiver.url, "5", WEAVE_CORE_HOME=str(blocked))
    assert receiver.names == ["step"] * 5
    assert done.stderr.count("can't be kept on disk") == 1


def test_a_full_spool_leaves_the_newest_out(run_program: Run, tmp_path: Path) -> None:
    """The bound holds, one warning tells, and the program does not notice."""
    code = COUNTING.replace("return n", "return str(n) + os.urandom(20_000).hex()").replace(
        "    step(n)\n", "    step(n)\n    time.sleep(0.03)\n"
    )
    done = run_program(code, "offline", "100", WEAVE_CORE_MAX_SPOOL_BYTES="200000")
    size = sum(path.stat().st_size for path in _spool(tmp_path / "home"))
    assert 200_000 <= size < 3_000_000
    assert done.stderr.count("WEAVE_CORE_MAX_SPOOL_BYTES") == 1


def test_a_full_spool_keeps_how_a_run_ended(
    run_program: Run, server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Points are left out, and the run says so; without its end it would count as crashed."""
    code = (
        "import random, sys, weave_core\n"
        "weave_core.init(sys.argv[1], 'offline')\n"
        "with weave_core.run(id='full', capture=False) as run:\n"
        "    for _ in range(3):\n"
        "        for _ in range(40_000): run.log({'x': random.random()})\n"
        "        weave_core.flush()\n"
    )
    run_program(code, project, WEAVE_CORE_MAX_SPOOL_BYTES="200000")
    assert sync(server.url, home=tmp_path / "home").failure == ""
    found = client.run("full", project)
    assert found.info.state == "finished"
    assert "found no room on disk" in found.info.problems["(spool)"]
    assert 0 < len(found.history(["x"])) < 120_000


def test_a_gap_is_marked_on_what_follows(run_program: Run) -> None:
    """Spans that found no room are counted on the resource of those that did afterwards."""
    code = COUNTING.replace("return n", "return str(n) + os.urandom(20_000).hex()").replace(
        "    step(n)\n", "    step(n)\n    time.sleep(0.03)\n"
    )
    with start_receiver(lambda n, _r: Answer(503 if n < 3 else 200)) as receiver:
        run_program(code, receiver.url, "150", WEAVE_CORE_MAX_SPOOL_BYTES="200000")
    told = [
        (pair.value.int_value, span.start_time_unix_nano)
        for request in receiver.requests
        for group in request.resource_spans
        for pair in group.resource.attributes
        for scope in group.scope_spans
        for span in scope.spans
        if pair.key == "weave_core.dropped_spans"
    ]
    assert told
    first_marked = min(at for _, at in told)
    before = [span for span in receiver.taken if span.start_time_unix_nano < first_marked]
    assert max(count for count, _ in told) <= 150 - len(receiver.taken)
    assert min(count for count, _ in told) > 0
    assert before
