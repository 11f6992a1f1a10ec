"""Programs and a server that are killed at random, again and again, and what is left in the end.

The programs note each span that has ended, in a file of their own, the moment after it has.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from support.commands import clean_env
from support.servers import ServerProcess, start_server
from weave_core import Client
from weave_core.tracing.spool import sync

__all__ = ["Chaos", "Outcome"]

PROJECT = "chaos"
WINDOW_S = 0.25
"""Spans that ended so shortly before their program was killed may not have reached its disk: 5 ms
are promised, a machine that does much else may take longer to let the writer run."""

_PROGRAM = """
import asyncio, os, sys, time
import weave_core

weave_core.init("chaos", sys.argv[1])
notes = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def note(span):
    os.write(notes, f"{span.trace_id}{span.span_id} {time.time_ns()}\\n".encode())

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

@weave_core.op(kind="agent")
def agent(n):
    for number in range(3):
        note(step.call(number)[1])
    note(asyncio.run(wait.call(n))[1])
    items, span = stream.call(5)
    list(items)
    note(span)
    return n

print("started", flush=True)
number = 0
while True:
    note(agent.call(number)[1])
    number += 1
    time.sleep(0.004)
"""


@dataclass(frozen=True)
class Outcome:
    """What was there in the end."""

    kills: int
    ended: int
    """Spans that had ended, by the notes of their programs."""
    stored: int
    """How many of them the server has."""
    late: int
    """Ended within the window before their program was killed, and not stored."""
    lost: list[str]
    """Ended before it, and not stored."""
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
    _killed_ns: dict[str, int] = field(default_factory=dict)
    """File of notes to when its program was killed."""
    _starts: int = 0

    def run(self, kills: int) -> Outcome:
        """Kill `kills` times, then let everything arrive, and compare."""
        dice = random.Random(self.seed)
        (self.folder / "program.py").write_text(_PROGRAM, encoding="utf-8")
        port = _free_port()
        try:
            self._start_server(port)
            for place in (0, 1):
                self._start_program(place, port)
            for _ in range(kills):
                time.sleep(dice.uniform(0.05, 0.7))  # The moment is the point.
                if dice.random() < 0.4:
                    assert self._server is not None
                    self._server.kill()
                    time.sleep(dice.uniform(0, 0.3))
                    self._start_server(port)
                else:
                    place = dice.randrange(2)
                    self._kill_program(place)
                    self._start_program(place, port)
            for place in (0, 1):
                self._kill_program(place)
            return self._outcome(kills, port)
        finally:
            for program in self._programs.values():
                program.kill()
                program.wait(timeout=10)
            self._stack.close()

    def _start_server(self, port: int) -> None:
        self._stack.close()
        self._server = self._stack.enter_context(start_server(self.folder / "server", port=port))

    def _start_program(self, place: int, port: int) -> None:
        self._starts += 1
        notes = self.folder / f"notes-{self._starts}-{place}"
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
        notes = str(program.args[-1])  # type: ignore[index]  # A list, as given above.
        self._killed_ns[notes] = time.time_ns()
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
        ended, late, lost = 0, 0, []
        for notes, killed_ns in self._killed_ns.items():
            if not os.path.exists(notes):  # noqa: PTH110  # A text that was an argument.
                continue
            for line in Path(notes).read_text(encoding="utf-8").splitlines():
                span_id, ended_ns = line.split()
                ended += 1
                if span_id in stored:
                    continue
                if killed_ns - int(ended_ns) < WINDOW_S * 1e9:
                    late += 1
                else:
                    lost.append(span_id)
        doubled = [span_id for span_id, count in stored.items() if count > 1]
        return Outcome(kills, ended, ended - late - len(lost), late, lost, doubled)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
