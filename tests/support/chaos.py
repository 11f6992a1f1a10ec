"""Programs and their server that are killed together, again and again, and what is left in the end.

The programs note each span that has ended, in a file of their own, the moment after it has.
"""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from support.commands import clean_env
from support.ports import free_port
from support.servers import ServerProcess, start_server
from weave_core import Client
from weave_core.tracing.spool import sync

__all__ = ["Chaos", "Outcome"]

PROJECT = "chaos"
_PROGRAM = """
import asyncio, os, sys, threading, time
import weave_core
from opentelemetry import trace

weave_core.init("chaos", sys.argv[1])
notes = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def note(span):
    os.write(notes, f"{span.trace_id}{span.span_id}\\n".encode())

@weave_core.op
def step(n):
    return n

@weave_core.op
async def wait(n):
    await asyncio.sleep(0.001)
    return n

@weave_core.op
def stream(n):
    yield from range(n)

@weave_core.op
async def stream_async(n):
    for i in range(n):
        yield i

@weave_core.op
def fail(n):
    raise LookupError(n)

class Tools:
    @weave_core.op(kind="tool")
    def find(self, text):
        return {"found": text * 100}

async def all_async(n):
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(wait.call(i)) for i in range(3)]
    for call in calls:
        note(call.result()[1])
    items, span = stream_async.call(5)
    async for _ in items:
        pass
    note(span)

@weave_core.op(kind="agent")
def agent(n):
    for number in range(3):
        note(step.call(number)[1])
    asyncio.run(all_async(n))
    for count in (5, 300):
        items, span = stream.call(count)
        list(items)
        note(span)
    note(Tools.find.call(Tools(), f"parcel {n}")[1])
    with weave_core.span("block") as block:
        try:
            fail(n)
        except LookupError:
            pass
    note(block)
    with tracer.start_as_current_span("another") as another:
        another.add_event("happened", {"n": n})
    context = another.get_span_context()
    os.write(notes, f"{context.trace_id:032x}{context.span_id:016x}\\n".encode())
    return n

tracer = trace.get_tracer("foreign")

def work():
    number = 0
    while True:
        note(agent.call(number)[1])
        number += 1
        time.sleep(0.1)

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
print("started", flush=True)
for thread in threads:
    thread.join()
"""


@dataclass(frozen=True)
class Outcome:
    """What was there in the end."""

    kills: int
    """Of the server, and as many of programs."""
    moments: Counter[str]
    """When the programs were: with the server, before its next one answered, or after."""
    ended: int
    """Spans that had ended, by the notes of their programs."""
    stored: int
    """How many of them the server has."""
    lost: list[str]
    """And those that it has not."""
    doubled: list[str]
    """Stored more than once."""


@dataclass
class Chaos:
    """Two programs and their server, in one folder.

    Args:
        folder: For everything.
        seed: What is killed, and when.
    """

    folder: Path
    seed: int
    _server: ServerProcess | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _programs: dict[int, subprocess.Popen[str]] = field(default_factory=dict)
    _notes: list[Path] = field(default_factory=list)
    _starts: int = 0
    _is_away: bool = False
    _moments: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int) -> Outcome:
        """Kill the server and a program `kills` times, let everything arrive, and compare."""
        dice = random.Random(self.seed)
        (self.folder / "program.py").write_text(_PROGRAM, encoding="utf-8")
        port = free_port()
        try:
            self._start_server(port)
            for place in (0, 1):
                self._start_program(place, port)
            for _ in range(kills):
                time.sleep(dice.uniform(0.05, 0.7))  # The moment is the point.
                self._kill_both(dice, port)
            for place in (0, 1):
                self._kill_program(place)
            return self._outcome(kills, port)
        finally:
            for program in self._programs.values():
                program.kill()
                program.wait(timeout=10)
            self._stack.close()

    def _kill_both(self, dice: random.Random, port: int) -> None:
        """The server, and a program at the same moment, or while it is away, or as it comes up."""
        place, late_s = dice.randrange(2), dice.choice((0.0, 0.0, dice.uniform(0, 3)))
        away_s = dice.uniform(0, 0.3)

        def kill_program() -> None:
            time.sleep(late_s)
            away = "while it was away" if self._is_away else "when it was back"
            self._moments[away if late_s else "at the same moment"] += 1
            self._kill_program(place)
            self._start_program(place, port)

        with ThreadPoolExecutor(1) as beside:
            killing = beside.submit(kill_program)
            assert self._server is not None
            self._is_away = True
            self._server.kill()
            time.sleep(away_s)
            self._start_server(port)
            self._is_away = False
            killing.result()

    def _start_server(self, port: int) -> None:
        self._stack.close()
        self._server = self._stack.enter_context(start_server(self.folder / "server", port=port))

    def _start_program(self, place: int, port: int) -> None:
        self._starts += 1
        notes = self.folder / f"notes-{self._starts}-{place}"
        self._notes.append(notes)
        program = subprocess.Popen(
            [sys.executable, str(self.folder / "program.py"), f"http://127.0.0.1:{port}", notes],
            env={**clean_env(), "WEAVE_CORE_HOME": str(self.folder / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # It says that the server is away.
            text=True,
        )
        assert program.stdout is not None
        program.stdout.readline()
        self._programs[place] = program

    def _kill_program(self, place: int) -> None:
        program = self._programs.pop(place)
        program.send_signal(signal.SIGKILL)
        program.wait(timeout=10)
        if program.stdout is not None:
            program.stdout.close()

    def _outcome(self, kills: int, port: int) -> Outcome:
        url = f"http://127.0.0.1:{port}"
        report = sync(url, home=self.folder / "home")
        assert not report.failure, report
        assert report.left_bytes == 0, report
        with Client(url, timeout_s=120) as client:
            lines = b"".join(client.export(PROJECT)).splitlines()
        spans = [json.loads(line) for line in lines]
        stored = Counter(
            span["trace_id"] + span["span_id"] for span in spans if span["status"] != "pending"
        )
        noted = [
            line
            for notes in self._notes
            if notes.exists()
            for line in notes.read_text(encoding="utf-8").splitlines()
        ]
        lost = [span_id for span_id in noted if span_id not in stored]
        doubled = [span_id for span_id, count in stored.items() if count > 1]
        return Outcome(kills, self._moments, len(noted), len(noted) - len(lost), lost, doubled)
