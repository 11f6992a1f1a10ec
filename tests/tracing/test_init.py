"""`init`: which server, which provider, and what is wrong with what was asked."""

import logging
import socket
import subprocess  # noqa: TC003  # Read by the alias below.
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from support.programs import Recorder

import weave_core
from weave_core import tracing
from weave_core.errors import ConfigError
from weave_core.settings import DEFAULT_ENDPOINT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    "endpoint", ["localhost:4318", "ftp://host", "http://", "http://host:port", "onlin", "x y"]
)
def test_a_wrong_endpoint_is_told_with_what_is_right(endpoint: str) -> None:
    """The message has what was given and what may be given."""
    with pytest.raises(
        ConfigError, match="give http://HOST:PORT, https://HOST:PORT, offline or embedded"
    ):
        weave_core.init("p", endpoint)


@pytest.mark.parametrize("project", ["  ", "a\nb", "x" * 129])
def test_a_wrong_project_is_refused(project: str) -> None:
    """Names that no page could show are refused at the start, not after the run."""
    with pytest.raises(ConfigError, match="project is"):
        weave_core.init(project, "offline")


@pytest.mark.parametrize("sample", [-0.1, 1.1])
def test_a_wrong_share_is_refused(sample: float) -> None:
    """A share lies between nothing and all."""
    with pytest.raises(ConfigError, match="from 0 to 1"):
        weave_core.init("p", "offline", sample_rate=sample)


def test_init_twice_is_once(recorder: Recorder) -> None:
    """Notebooks run the cell again; spans are not doubled, and other arguments change over."""
    first = weave_core.init("test", "offline")
    assert weave_core.init("test", "offline") is first
    provider = trace.get_tracer_provider()
    other = weave_core.init("other", "offline")
    assert other is not first
    assert other.project == "other"
    assert trace.get_tracer_provider() is provider
    with weave_core.span("once"):
        pass
    assert recorder.names == ["once"]


def test_tracing_says_whether_it_runs(recorder: Recorder) -> None:
    """Integrations ask before they do work for nobody."""
    del recorder
    assert tracing.is_active()
    assert weave_core.shutdown()
    assert not tracing.is_active()
    assert weave_core.shutdown()
    assert weave_core.flush()


def test_without_a_server_it_goes_offline_and_says_so_once(
    recorder: Recorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens where the server would be: one line, no exception, no waiting."""
    del recorder
    monkeypatch.delenv("WEAVE_CORE_ENDPOINT", raising=False)
    monkeypatch.setattr("weave_core.tracing.lifecycle.DEFAULT_ENDPOINT", "http://127.0.0.1:9")
    begin = time.monotonic()
    with caplog.at_level(logging.WARNING, logger="weave_core"):
        assert weave_core.init("p").endpoint == "offline"
    assert time.monotonic() - begin < 1
    assert [record.getMessage().count("weave-core up") for record in caplog.records] == [1]


def test_a_server_that_hangs_does_not_hold_up_the_program(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something listens there but never answers: the question is given up after 250 ms."""
    del recorder
    monkeypatch.delenv("WEAVE_CORE_ENDPOINT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr("weave_core.tracing.lifecycle.DEFAULT_ENDPOINT", url)
        begin = time.monotonic()
        assert weave_core.init("p").endpoint == "offline"
        assert time.monotonic() - begin < 1


def test_a_local_server_is_found(recorder: Recorder, server: Any, monkeypatch: Any) -> None:
    """Where `weave-core up` runs, nothing has to be said."""
    del recorder
    monkeypatch.delenv("WEAVE_CORE_ENDPOINT", raising=False)
    monkeypatch.setattr("weave_core.tracing.lifecycle.DEFAULT_ENDPOINT", server.url)
    assert weave_core.init("p").endpoint == server.url
    assert DEFAULT_ENDPOINT.endswith(":4318")


def test_a_program_without_opentelemetry_gets_a_provider(run_program: Run) -> None:
    """Its spans say who sent them, and a share of 0 keeps none, children included."""
    code = """
import sys
import weave_core
from opentelemetry import trace

weave_core.init("p", "offline", service_name="shop", sample_rate=float(sys.argv[1]))

@weave_core.op
def child(): return trace.get_current_span().is_recording()
@weave_core.op
def parent(): return [child(), child()]

resource = trace.get_tracer_provider().resource.attributes
print(parent(), resource["service.name"], resource["weave_core.project"])
"""
    assert run_program(code, "1").stdout.strip() == "[True, True] shop p"
    assert run_program(code, "0").stdout.strip() == "[False, False] shop p"


def test_before_init_an_operation_is_just_its_function(run_program: Run) -> None:
    """A library may decorate its functions; a program that does not trace sees nothing of it."""
    code = """
import threading, weave_core
@weave_core.op
def f(x): return x + 1
print(f(1), f.call(2), [t.name for t in threading.enumerate()])
"""
    assert run_program(code).stdout.strip() == (
        "2 (3, SpanHandle(trace_id='', span_id='')) ['MainThread']"
    )


def test_disabled_is_inert(run_program: Run, tmp_path: Path) -> None:
    """`WEAVE_CORE_DISABLED=1`: the function itself, no import, no thread, no file, no request."""
    code = """
import sys, threading
import weave_core
from weave_core import op, span, session, attributes

def f(x): return x
assert op(f) is f and op(name="g")(f) is f
tracing = weave_core.init("p", "http://127.0.0.1:9", autoinstrument=True)
with session("s"), attributes(tags=["a"]), span("b") as block:
    block.set_inputs(1)
assert f.call(3)[0] == 3 and f.call(3)[1].trace_id == ""
assert weave_core.flush() and weave_core.shutdown() and tracing.flush()
assert weave_core.current_span().url == ""
print([name for name in sys.modules if name.startswith("opentelemetry")], threading.active_count())
"""
    done = run_program(code, WEAVE_CORE_DISABLED="1")
    assert done.stdout.strip() == "[] 1"
    assert done.stderr == ""
    assert not (tmp_path / "home").exists()


def test_threads_start_with_the_first_span(recorder: Recorder) -> None:
    """Importing and `init` start nothing; a server that forks its workers first stays clean."""
    del recorder
    before = set(threading.enumerate())  # A server that another test held may not be gone yet.
    weave_core.init("lazy", "offline")
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith("weave-core")]
    with weave_core.span("first"):
        pass
    assert [t for t in set(threading.enumerate()) - before if t.name == "weave-core writer"]
