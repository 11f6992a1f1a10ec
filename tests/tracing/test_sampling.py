"""Sampling: a share of traces, each as a whole."""

import subprocess  # noqa: TC003  # As in the other tests.
from collections.abc import Callable

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from support.programs import Recorder
from support.receivers import start_receiver

import weave_core
from weave_core import op
from weave_core.errors import ConfigError
from weave_core.tracing.sampling import is_kept

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PROGRAM = """
import sys
import weave_core
from opentelemetry import trace

weave_core.init("p", sys.argv[1], sample_rate=float(sys.argv[2]))

@weave_core.op
def leaf():
    pass

@weave_core.op
def root():
    leaf()
    with trace.get_tracer("foreign").start_as_current_span("foreign"):
        leaf()

@weave_core.op(sample_rate=1.0)
def always():
    leaf()

@weave_core.op(sample_rate=0.0)
def never():
    leaf()
    always()

for _ in range(200):
    root()
for _ in range(5):
    always()
    never()
with weave_core.span("outside") as outside:
    never()
print(outside.is_recording)
"""


def _check(receiver_names: list[str], traces: dict[bytes, list[str]]) -> None:
    whole = [names for names in traces.values() if "root" in names]
    assert 60 <= len(whole) <= 140  # Half of 200; 5.6 standard deviations.
    assert all(sorted(names) == ["foreign", "leaf", "leaf", "root"] for names in whole)
    assert receiver_names.count("always") >= 5
    alone = [names for names in traces.values() if sorted(names) == ["always", "leaf"]]
    assert len(alone) == 5
    # Within a trace that is kept, an operation is kept with it.
    for names in traces.values():
        assert ("never" in names) == ("outside" in names)


def test_a_share_of_traces_is_kept_each_as_a_whole(run_program: Run) -> None:
    """Roots, children and foreign spans share a fate; an operation's own rate counts at a root."""
    with start_receiver() as receiver:
        run_program(PROGRAM, receiver.url, "0.5")
    traces: dict[bytes, list[str]] = {}
    for span in receiver.taken:
        traces.setdefault(span.trace_id, []).append(span.name)
    _check(receiver.names, traces)


def test_in_another_provider_the_share_is_the_same(run_program: Run) -> None:
    """The program has its own OpenTelemetry: it keeps all, and we send the share, whole."""
    before = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""
    with start_receiver() as receiver:
        run_program(before + PROGRAM, receiver.url, "0.5")
    traces: dict[bytes, list[str]] = {}
    for span in receiver.taken:
        traces.setdefault(span.trace_id, []).append(span.name)
    _check(receiver.names, traces)


def test_the_rule_is_opentelemetrys() -> None:
    """Programs in other languages with the same rate keep the same traces."""
    for rate in (0.0, 0.01, 0.5, 1.0):
        theirs = TraceIdRatioBased(rate)
        for number in range(1, 500):
            trace_id = (number * 0x9E3779B97F4A7C15F39CC0605CEDC834) % 2**128
            kept = theirs.should_sample(None, trace_id, "x").decision is not Decision.DROP
            assert is_kept(trace_id, rate) == kept


def test_the_environment_sets_the_share(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators turn it down without touching code; what is said in code wins."""
    del recorder
    monkeypatch.setenv("WEAVE_CORE_SAMPLE_RATE", "0")
    with start_receiver() as receiver:
        weave_core.init("p", receiver.url)
        with weave_core.span("not kept"):
            assert trace.get_current_span().is_recording()  # Another's provider: its choice.
        weave_core.flush(10)
        weave_core.init("p", receiver.url, sample_rate=1.0)
        with weave_core.span("kept"):
            pass
        assert weave_core.flush(10)
    assert receiver.names == ["kept"]


@pytest.mark.parametrize("rate", [-0.1, 1.5, "half", True])
def test_a_wrong_rate_is_refused(rate: float) -> None:
    """At the decorator, not at the first call."""
    with pytest.raises(ConfigError, match="from 0 to 1"):

        @op(sample_rate=rate)
        def work() -> None: ...
