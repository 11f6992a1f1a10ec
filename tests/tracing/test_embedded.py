"""`endpoint="embedded"`: the store in the traced program's own process, through the same API."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.programs import stored_spans, wait_for
from support.servers import start_server

import weave_core
from weave_core import Client, op
from weave_core.embedded import close_embedded
from weave_core.errors import BadRequest, ConfigError, NotFound

if TYPE_CHECKING:
    import subprocess

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PROGRAM = """
import sys
import weave_core
weave_core.init("shop", "embedded")

@weave_core.op
def answer(question):
    return question.upper()

answer("where?")
assert weave_core.flush(20)
client = weave_core.Client()
[trace] = client.list_traces("shop", filter="name = 'answer'").items
print(client.get_trace("shop", trace.trace_id).spans[0].outputs)
answer("at the end")
"""


@pytest.fixture
def embedded(
    ended_spans: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of the store that `init` opened here."""
    del ended_spans  # Its provider is there first.
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "home"))
    tracing = weave_core.init("shop", "embedded")
    with Client() as client:
        yield client
    tracing.shutdown()
    close_embedded()


@op
def work(n: int) -> int:
    """One call."""
    return n


def test_a_notebook_needs_no_server(run_program: Run, tmp_path: Path) -> None:
    """Traced, flushed, read back with one client; what ended last is there for the next one."""
    done = run_program(PROGRAM)

    assert done.stdout.strip() == "WHERE?"
    assert done.stderr == ""
    with start_server(tmp_path / "home") as server, Client(server.url) as client:
        spans = wait_for(lambda: stored_spans(client, "shop"))
        assert [span.outputs for span in spans] == ["AT THE END", "WHERE?"]
    assert list((tmp_path / "home" / "spool").glob("*.spans")) == []


def test_the_whole_api_is_there(embedded: Client) -> None:
    """Lists, errors with their place, blobs, SQL, exports: as over a socket."""
    for n in range(300):
        work(n)
    assert weave_core.flush(20)

    assert embedded.health().status == "ok"
    wait_for(lambda: len(list(embedded.iter_traces("shop"))) == 300)
    page = embedded.list_traces("shop", limit=200)
    assert len(page.items) == 200
    assert len(embedded.list_traces("shop", limit=200, cursor=page.next_cursor).items) == 100
    with pytest.raises(BadRequest) as refused:
        embedded.list_traces("shop", filter="name ==")
    assert refused.value.position is not None
    with pytest.raises(NotFound):
        embedded.get_project("none")
    content = b"%PDF" * 400_000
    assert embedded.get_blob(embedded.add_blob(content).digest) == content
    lines = b"".join(embedded.export("shop")).splitlines()
    assert len(lines) == 300
    assert embedded.run_sql("shop", "select count(*) from spans").rows == [[300]]


def test_a_stream_that_is_left_early_ends(embedded: Client) -> None:
    """Tailing goes on until the reader has seen enough, and holds nothing up afterwards."""
    work(0)
    assert weave_core.flush(20)
    is_seen = threading.Event()

    def go_on() -> None:
        while not is_seen.wait(0.1):
            work(1)

    worker = threading.Thread(target=go_on)
    worker.start()
    try:
        tail = embedded.tail_traces("shop")
        assert next(tail).name == "work"
    finally:
        is_seen.set()
        worker.join()
    tail.close()  # type: ignore[attr-defined]  # A generator.
    assert embedded.health().status == "ok"


def test_a_home_with_a_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes on one database would break both; the message says what to do instead."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "home"))
    with start_server(tmp_path / "home"), pytest.raises(ConfigError, match="in use by another"):
        weave_core.init("shop", "embedded")
    with start_server(tmp_path / "home"), pytest.raises(ConfigError, match="in use by another"):
        Client("embedded")


FORKING = """
import os
import weave_core
weave_core.init("shop", "embedded")

@weave_core.op
def work(n):
    return n

work(0)
assert weave_core.flush(20)
child = os.fork()
if child == 0:
    work(1)
    weave_core.flush(20)
    weave_core.shutdown()
    os._exit(0)
os.waitpid(child, 0)
work(2)
import time
client = weave_core.Client()
deadline = time.monotonic() + 30
while client.get_project("shop").span_count < 3 and time.monotonic() < deadline:
    time.sleep(0.1)
print(client.get_project("shop").span_count)
"""


def test_a_forked_child_records_for_its_parent(run_program: Run) -> None:
    """The child can't use the database of its parent; its spans arrive there all the same."""
    assert run_program(FORKING).stdout.strip() == "3"
