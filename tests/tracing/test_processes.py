"""Work in other threads, processes and services stays in its trace, and none of it is lost."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.commands import clean_env
from support.ports import free_port
from support.programs import Recorder, stored_spans, wait_for
from support.servers import ServerProcess

import weave_core
from weave_core import Client, op, tracing
from weave_core.model import Span

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BIN = Path(sys.executable).parent


@op
def work(n: int) -> int:
    """One call."""
    return n


@op
async def work_async(n: int) -> int:
    """One call, that waits."""
    await asyncio.sleep(0)
    return n


def parents(recorder: Recorder, name: str) -> set[str | None]:
    """The names of the parents of all spans of that name."""
    names = {s.context.span_id: s.name for s in recorder.spans if s.context is not None}
    return {
        names.get(s.parent.span_id) if s.parent else None for s in recorder.spans if s.name == name
    }


def test_threads_timers_and_executors_follow(recorder: Recorder) -> None:
    """Nothing is to be installed, and no function to be wrapped."""
    with weave_core.span("outer"), ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(20))) == list(range(20))
        threads = [threading.Thread(target=work, args=(1,)), threading.Timer(0, work, (2,))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(recorder.names) == 23
    assert parents(recorder, "work") == {"outer"}


def test_threads_are_left_alone_where_opentelemetry_is_told_so(run_program: Run) -> None:
    """By the variable that its own programs read."""
    code = """
import threading, weave_core
before = threading.Thread.start
weave_core.init("alone", "offline")
print(threading.Thread.start is before)
"""
    names = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests, threading"}
    assert run_program(code, **names).stdout == "True\n"
    assert run_program(code).stdout == "False\n"


def test_a_carried_function_follows_into_a_pool_of_threads(recorder: Recorder) -> None:
    """A wrapped function goes on where it was wrapped."""
    with weave_core.span("outer"), ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tracing.carried(work), range(20))) == list(range(20))
    assert parents(recorder, "work") == {"outer"}


async def test_task_groups_and_threads_of_asyncio_follow(recorder: Recorder) -> None:
    """Tasks copy the context, and so does `asyncio.to_thread`."""

    async def branch(n: int) -> None:
        with weave_core.span(f"branch {n}"):
            await work_async(n)
            await asyncio.to_thread(work, n)

    with weave_core.span("outer"):
        async with asyncio.TaskGroup() as group:
            for n in range(5):
                group.create_task(branch(n))

    branches = {f"branch {n}" for n in range(5)}
    assert parents(recorder, "work_async") == parents(recorder, "work") == branches
    assert {parent for name in branches for parent in parents(recorder, name)} == {"outer"}


CHILD = """
import sys
import weave_core
weave_core.init(sys.argv[1], sys.argv[2])

@weave_core.op
def work(n):
    return n

work(1)
assert weave_core.flush(20)
"""

PARENT = """
import multiprocessing, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
import weave_core
from weave_core import tracing

def started():
    weave_core.init(os.environ["PROJECT"], os.environ["URL"])

@weave_core.op
def work(n):
    return n

if __name__ == "__main__":
    os.environ["PROJECT"], os.environ["URL"] = sys.argv[1:3]
    started()
    with weave_core.session("chat-7", user_id="u-7"), weave_core.attributes(tags=["t"]):
        with weave_core.span("outer"):
            subprocess.run(
                [sys.executable, sys.argv[3], *sys.argv[1:3]],
                env={**os.environ, **tracing.environment()},
                check=True,
            )
            with ProcessPoolExecutor(
                2, mp_context=multiprocessing.get_context("spawn"), initializer=started
            ) as pool:
                assert list(pool.map(tracing.carried(work), [2, 3, 4])) == [2, 3, 4]
    assert weave_core.flush(20)
"""


def test_a_trace_goes_on_in_started_and_spawned_processes(
    run_program: Run, tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """By the environment, and by a pickled function; session, user and tags go along."""
    child = tmp_path / "child.py"
    child.write_text(CHILD, encoding="utf-8")
    run_program(PARENT, project, server.url, str(child))

    spans = _stored(client, project, 5)
    [outer] = [span for span in spans if span.name == "outer"]
    works = [span for span in spans if span.name == "work"]
    assert sorted(span.inputs["n"] for span in works) == [1, 2, 3, 4]
    assert {span.trace_id for span in spans} == {outer.trace_id}
    assert {span.parent_span_id for span in works} == {outer.span_id}
    assert {(s.session_id, s.user_id, tuple(s.tags)) for s in works} == {("chat-7", "u-7", ("t",))}


def _stored(client: Client, project: str, count: int) -> list[Span]:
    wait_for(lambda: len(stored_spans(client, project)) >= count)
    return stored_spans(client, project)


SERVICE = """
import os, sys
import httpx
import uvicorn
import weave_core
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

name, port, project, url, next_url = sys.argv[1:6]
weave_core.init(project, url, service_name=name)
HTTPXClientInstrumentor().instrument()
app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
FastAPIInstrumentor.instrument_app(app)

@weave_core.op(kind="agent" if next_url else "tool")
async def answer(question: str) -> str:
    if not next_url:
        return question.upper()
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{next_url}/ask", params={"question": question})).json()

@app.get("/ask")
async def ask(question: str) -> str:
    return await answer(question)

uvicorn.run(app, port=int(port), log_level="warning")
"""


@contextmanager
def running(command: list[str], folder: Path, port: int, **env: str) -> Iterator[str]:
    """A program that listens on `port`; it is told to stop at the end, and has to end well."""
    given = {**clean_env(), "WEAVE_CORE_HOME": str(folder / "home"), **env}
    log = (folder / f"{port}.log").open("w+")
    with log, subprocess.Popen(command, cwd=folder, env=given, stdout=log, stderr=log) as process:
        try:
            wait_for(lambda: _listens(port) or process.poll() is not None, 60)
            assert process.poll() is None, (folder / f"{port}.log").read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def test_two_services_make_one_trace(
    tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """By the instrumentations of httpx and FastAPI: from one agent to the tool of the other."""
    program = tmp_path / "service.py"
    program.write_text(SERVICE, encoding="utf-8")
    front, back = free_port(), free_port()
    start = [sys.executable, str(program)]
    with (
        running([*start, "back", str(back), project, server.url, ""], tmp_path, back) as back_url,
        running(
            [*start, "front", str(front), project, server.url, back_url], tmp_path, front
        ) as front_url,
    ):
        assert httpx.get(f"{front_url}/ask", params={"question": "where?"}).json() == "WHERE?"
    # Request, agent, httpx's span, the other request, tool; and FastAPI's spans of the answers.
    spans = {(s.service_name, s.name): s for s in _stored(client, project, 5)}
    agent, tool = spans["front", "answer"], spans["back", "answer"]
    assert {span.trace_id for span in spans.values()} == {agent.trace_id}
    by_id = {span.span_id: span for span in spans.values()}
    chain = []
    place: Span | None = tool
    while place is not None:
        chain.append((place.service_name, place.name))
        place = by_id.get(place.parent_span_id or "")
    assert chain == [
        ("back", "answer"),
        ("back", "GET /ask"),
        ("front", "GET"),
        ("front", "answer"),
        ("front", "GET /ask"),
    ]


WSGI = """
import os
import weave_core
weave_core.init(os.environ["PROJECT"], os.environ["URL"])

@weave_core.op
def answer(path):
    return os.getpid()

answer("before the workers")  # Threads run by now, in the process that is about to fork.

def app(environ, start_response):
    body = str(answer(environ["PATH_INFO"])).encode()
    start_response("200 OK", [("content-type", "text/plain")])
    return [body]
"""


@pytest.mark.parametrize("options", [["--preload"], []], ids=["preloaded", "forked first"])
def test_gunicorn_workers_send_their_spans(
    options: list[str], tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """Three workers, forked before or after `init`; SIGTERM at the end loses nothing."""
    (tmp_path / "service.py").write_text(WSGI, encoding="utf-8")
    port = free_port()
    command = [str(BIN / "gunicorn"), "-w", "3", "-b", f"127.0.0.1:{port}", *options]
    env = {"PROJECT": project, "URL": server.url}
    with running([*command, "service:app"], tmp_path, port, **env) as url:
        answers: list[str] = []
        while len(answers) < 60 or len(set(answers)) == 1:  # The first worker may be there alone.
            answers.append(httpx.get(f"{url}/{len(answers)}").text)
    calls = len(answers) + (1 if options else 3)
    spans = _stored(client, project, calls)
    assert len(spans) == calls
    asked = [span for span in spans if span.inputs["path"].startswith("/")]
    assert {str(span.outputs) for span in asked} == set(answers)
    assert len({span.span_id for span in spans}) == calls


CELERY = """
import os
import weave_core
from celery import Celery
from weave_core import tracing

folder = os.environ["BROKER"]
app = Celery("tasks", broker="filesystem://", backend=f"file://{folder}/results")
app.conf.broker_transport_options = {
    "data_folder_in": f"{folder}/queue", "data_folder_out": f"{folder}/queue",
    "control_folder": f"{folder}/control",
}
app.conf.broker_connection_retry_on_startup = True
weave_core.init(os.environ["PROJECT"], os.environ["URL"])

@weave_core.op
def answer(n):
    return os.getpid()

answer(-1)  # Threads run before the pool forks.

@app.task(bind=True)
def ask(self, n):
    with tracing.attached(self.request.headers or {}):
        return answer(n)

if __name__ == "__main__":
    with weave_core.span("caller"):
        asked = [ask.apply_async((n,), headers=tracing.carrier()) for n in range(12)]
    print(sorted({task.get(timeout=60) for task in asked}))
    weave_core.flush(20)
"""


def test_celery_workers_send_their_spans(
    tmp_path: Path, server: ServerProcess, client: Client, project: str
) -> None:
    """A prefork pool over a broker of files: the tasks are children of who asked, none is lost."""
    for name in ("queue", "control", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "tasks.py").write_text(CELERY, encoding="utf-8")
    env = {
        **clean_env(),
        "WEAVE_CORE_HOME": str(tmp_path / "home"),
        "PROJECT": project,
        "URL": server.url,
        "BROKER": str(tmp_path),
    }
    log = (tmp_path / "worker.log").open("w+")
    command = [str(BIN / "celery"), "-A", "tasks", "worker", "-P", "prefork", "-c", "2"]
    command += ["--without-gossip", "--without-mingle", "-l", "info"]
    with log, subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log) as worker:
        try:
            done = subprocess.run(
                [sys.executable, "tasks.py"],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr + (tmp_path / "worker.log").read_text()
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=60)
    spans = _stored(client, project, 15)
    [caller] = [span for span in spans if span.name == "caller"]
    asked = [s for s in spans if s.name == "answer" and s.inputs["n"] >= 0]
    assert sorted(span.inputs["n"] for span in asked) == list(range(12))
    assert {span.parent_span_id for span in asked} == {caller.span_id}
    assert {span.outputs for span in asked} == set(map(int, re.findall(r"\d+", done.stdout)))
    assert len(spans) == 15  # The caller, and what the worker and the caller did on import.
