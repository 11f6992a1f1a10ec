"""A clock that is set while a program is traced: spans last as long as they did, and all arrive."""

import subprocess  # noqa: TC003  # As in the other tests, for an alias of types.
from collections.abc import Callable
from pathlib import Path

import pytest
from support.clocks import env_of, new_clock
from support.programs import stored_spans
from support.servers import ServerProcess

from weave_core import Client
from weave_core.model import Span

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HOUR_NS = 3_600 * 10**9
# Sets its own clock; what is set is ahead of the real one.
PROGRAM = """
import os, sys, time
import weave_core
from opentelemetry import trace

def set_clock(ahead_ns):
    with open(os.environ["TEST_CLOCK_FILE"] + ".new", "w") as file:
        file.write(str(ahead_ns))
    os.replace(file.name, os.environ["TEST_CLOCK_FILE"])

jump_ns = int(sys.argv[2])
weave_core.init(sys.argv[1], sys.argv[3])
tracer = trace.get_tracer("foreign")

@weave_core.op
def inner(n):
    time.sleep(0.05)
    return n

@weave_core.op
def outer():
    inner(1)
    set_clock(jump_ns)
    inner(2)
    with tracer.start_as_current_span("another"):
        inner(3)
    time.sleep(1.6)  # Long enough to be announced.

outer()
set_clock(0)
with tracer.start_as_current_span("told", start_time=1_000) as told:
    pass
with weave_core.run(sys.argv[1], id="jumping", capture=False) as run:
    run.log({"loss": 1.0})
    set_clock(-jump_ns)
    run.summary["late"] = 2
    run.log({"loss": 0.5})
assert weave_core.flush(20)
"""


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS], ids=["ahead", "back"])
def test_a_clock_that_is_set_turns_no_span_round(
    *,
    run_program: Run,
    server: ServerProcess,
    client: Client,
    project: str,
    tmp_path: Path,
    jump_ns: int,
) -> None:
    """Each lasts as long as it did and lies within its parent; a time that was given stays."""
    env = env_of(new_clock(tmp_path))
    run_program(PROGRAM, project, str(jump_ns), server.url, **env)

    spans = stored_spans(client, project)
    [outer] = [span for span in spans if span.name.endswith("outer")]
    assert 1_700 < duration_ms(outer) < 60_000
    within = [span for span in spans if span.trace_id == outer.trace_id]
    assert len(within) == 5
    for span in within:
        assert 40 < duration_ms(span) < 60_000
        assert outer.started_ns <= span.started_ns
        assert (span.ended_ns or 0) <= (outer.ended_ns or 0)
    [told] = [span for span in spans if span.name == "told"]
    assert told.started_ns == 1_000
    # What a run tells counts in the order in which it was told, whatever the clock said.
    run = client.get_run(project, "jumping")
    assert (run.state, run.summary["late"]) == ("finished", 2)
    assert (run.ended_ns or 0) >= run.started_ns


def duration_ms(span: Span) -> float:
    """How long it took."""
    assert span.duration_ms is not None
    return span.duration_ms
