"""`kill -9`: what had ended a moment before arrives, as it would have if the program had lived."""

import subprocess  # noqa: TC003  # As in the other tests, for an alias of types.
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from support.receivers import Receiver, start_receiver
from support.small_disks import small_disk

from weave_core.tracing import rings
from weave_core.tracing.spool import sync

Run = Callable[..., "subprocess.CompletedProcess[str]"]

END = """
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""

SHAPES = (
    """
import asyncio, enum, gc, math, os, signal, sys, threading
import weave_core
from opentelemetry import trace
weave_core.init("killed", "offline")

class Colour(enum.StrEnum):
    RED = "red"

@weave_core.op
def fails(n):
    raise LookupError(f"no {n}")

@weave_core.op(kind="tool")
async def waits(n):
    await asyncio.sleep(0)
    return n

@weave_core.op
def streams(n):
    for i in range(n):
        inner(i)
        yield i

@weave_core.op
async def streams_async(n):
    for i in range(n):
        await waits(i)
        yield i

class Agent:
    @weave_core.op(kind="agent")
    def answer(self, text):
        return {"text": text, "odd": "\\ud800", "large": "x" * 30_000}

@weave_core.op
def inner(n):
    return n * math.nan

async def all_async():
    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(waits(n))
    async for _ in streams_async(2):
        pass
    async for _ in streams_async(5):
        break

def work(name):
    with weave_core.session("chat-1", user_id="u-1"), weave_core.span(name):
        try:
            fails(name)
        except LookupError:
            pass
        list(streams(3))
        for _ in streams(3):
            break
        Agent().answer("where is my parcel?")
        asyncio.run(all_async())
        gc.collect()

tracer = trace.get_tracer("another", "1.2", schema_url="https://schema.test")
remote = trace.SpanContext(7, 8, True, trace.TraceFlags(1), trace.TraceState([("vendor", "x")]))
at = trace.set_span_in_context(trace.NonRecordingSpan(remote))
with tracer.start_as_current_span("foreign", at, trace.SpanKind.CLIENT, links=[
    trace.Link(trace.SpanContext(9, 10, False), {"why": "asked"})
]) as span:
    span.set_attributes({
        "enum": Colour.RED, "nan": math.nan, "bytes": b"\\xff", "list": [1, 2], "true": True,
        "large": 2**62, "password": "hush-4711",
    })
    span.add_event("happened", {"how": "well"})
    span.record_exception(ValueError("bad"))
    span.set_status(trace.StatusCode.ERROR, "it failed")

threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    + END
)


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert _slates(tmp_path / "home") == []


def _slates(home: Path) -> list[Path]:
    return [
        path
        for folder, prefix in rings.places(home)
        for path in folder.glob(f"{prefix}*")
        if folder.exists()
    ]


def _arrived(run_program: Run, home: Path, code: str, *, killed: bool, **env: str) -> Receiver:
    how = "killed" if killed else "lived"
    done = run_program(code, how, check=False, WEAVE_CORE_HOME=str(home), **env)
    assert done.returncode == (-9 if killed else 0), done.stderr
    with start_receiver() as receiver:
        report = sync(receiver.url, home=home)
    assert (report.failure, report.left_bytes) == ("", 0)
    return receiver


def _told(receiver: Receiver) -> list[str]:
    """All that spans say but their ids and times: the same for the same work."""
    names = {span.span_id: span.name for span in receiver.taken}
    told = []
    for span in receiver.taken:
        same = Span.FromString(span.SerializeToString())
        same.ClearField("start_time_unix_nano")
        same.ClearField("end_time_unix_nano")
        for event in same.events:
            event.ClearField("time_unix_nano")
        if span.name != "foreign":
            same.trace_id = b""
            same.parent_span_id = names.get(span.parent_span_id, "").encode()
        same.span_id = b""
        told.append(str(same))
    return sorted(told)


def test_a_killed_program_tells_what_a_living_one_does(run_program: Run, tmp_path: Path) -> None:
    """Each shape of function, four threads, a foreign instrumentation with all that a span has."""
    lived = _arrived(run_program, tmp_path / "home", SHAPES, killed=False)
    killed = _arrived(run_program, tmp_path / "home", SHAPES, killed=True)
    assert len(lived.taken) == 1 + 4 * 17
    assert _told(killed) == _told(lived)
    assert "hush-4711" not in str(killed.requests)
    for receiver in (lived, killed):
        scopes = {
            (scope.scope.name, scope.scope.version, scope.schema_url)
            for request in receiver.requests
            for group in request.resource_spans
            for scope in group.scope_spans
        }
        assert ("another", "1.2", "https://schema.test") in scopes
        assert {
            pair.value.string_value
            for request in receiver.requests
            for group in request.resource_spans
            for pair in group.resource.attributes
            if pair.key == "weave_core.project"
        } == {"killed"}


BURST = """
import os, signal, sys
import weave_core
weave_core.init("killed", "offline")

@weave_core.op
def step(n):
    return f"{n}" + "x" * int(sys.argv[2])

for n in range(int(sys.argv[3])):
    step(n)
print("done", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("size", "count"), [(10, 5_000), (20_000, 500), (3_000_000, 3)])
def test_a_burst_before_the_kill_arrives_whole(
    size: int, count: int, run_program: Run, tmp_path: Path
) -> None:
    """Quicker than the writer by far: small spans, and some larger than a slate."""
    home = tmp_path / "home"
    run_program(BURST, "", str(size), str(count), check=False)
    with start_receiver() as receiver:
        assert sync(receiver.url, home=home).left_bytes == 0
    assert len({span.span_id for span in receiver.taken}) == count


def test_spans_of_a_killed_program_without_shared_memory_arrive(
    run_program: Run, tmp_path: Path
) -> None:
    """Where memory is full, the spool's folder has the slates; where both are, it just goes on."""
    home = tmp_path / "home"
    code = BURST.replace("import weave_core\n", SMALL_MEMORY, 1)
    with small_disk(tmp_path / "memory", 256 * 1024):
        done = run_program(code, "", "10", "1000", check=False, MEMORY=str(tmp_path / "memory"))
        assert done.stdout == "done\n", done.stderr
        assert list((home / "spool").glob("weave-core-*.slate"))
        with start_receiver() as receiver:
            assert sync(receiver.url, home=home).left_bytes == 0
    assert len({span.span_id for span in receiver.taken}) == 1_000


SMALL_MEMORY = """
import pathlib
import weave_core
from weave_core.tracing import rings
rings.MEMORY = pathlib.Path(os.environ["MEMORY"])
"""

HOOKED = (
    """
import os, signal, sys
import weave_core
weave_core.init("killed", "offline", redact={"hook": lambda text: text.replace("tulip", "flower")})

@weave_core.op
def step(text):
    return text

step("tulip")
"""
    + END
)


def test_what_only_the_program_could_redact_is_left_out(run_program: Run, tmp_path: Path) -> None:
    """A policy's hook is code of the program that is gone: its spans arrive without texts."""
    receiver = _arrived(run_program, tmp_path / "home", HOOKED, killed=True)
    [span] = receiver.taken
    assert "tulip" not in str(receiver.requests)
    assert span.end_time_unix_nano > span.start_time_unix_nano


FORKED = (
    """
import os, signal, sys
import weave_core
weave_core.init("killed", "offline")

@weave_core.op
def step(who):
    return who

step("parent")
child = os.fork()
if child == 0:
    step("child")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
step("parent again")
"""
    + END
)


@pytest.mark.parametrize("killed", [True, False])
def test_a_forked_child_that_is_killed_leaves_its_own_spans(
    run_program: Run, tmp_path: Path, *, killed: bool
) -> None:
    """The child's files are its own, and those of the parent stay the parent's."""
    receiver = _arrived(run_program, tmp_path / "home", FORKED, killed=killed)
    assert receiver.names == ["step"] * 3
    assert len({span.span_id for span in receiver.taken}) == 3


INTERRUPTED = (
    """
import os, random, signal, sys
import weave_core
weave_core.init("killed", "offline")

@weave_core.op
def step(n):
    return n

count = 0
def interrupt(number, frame):
    global count
    step("in a handler")
    count += 1
    # Not by itself again: handlers within handlers would end in Python's bound of recursion.
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00002, 0.00005))

signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0001)
done = 0
while count < 2_000:
    step(done)
    done += 1
signal.signal(signal.SIGALRM, signal.SIG_IGN)
print(done + count, flush=True)
"""
    + END
)


def test_a_signal_that_ends_a_span_at_any_moment_stops_nothing(
    run_program: Run, tmp_path: Path
) -> None:
    """Its handler may come while another span is being taken: no deadlock, nothing is lost."""
    home = tmp_path / "home"
    done = run_program(INTERRUPTED, "lived")
    with start_receiver() as receiver:
        assert sync(receiver.url, home=home).left_bytes == 0
    assert len({span.span_id for span in receiver.taken}) == int(done.stdout)
