"""A scorer that runs what a model wrote."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weave_core.evals.scorers.contract import Scorer, text_of
from weave_core.evals.scorers.structures import fenced
from weave_core.evals.scores import Score

__all__ = ["RunsPython"]

_MAX_SHOWN = 500
_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class RunsPython(Scorer):
    """Whether Python code runs, and with it the tests of a row.

    Formula: exit code 0 of `python -I` on the code followed by the row's tests, in an empty folder,
    without the environment, within bounds of time, memory and written bytes.  Range: true or false.

    This is no sandbox: the code may read what you can read and use the network.  Run it in a
    container where you don't trust the model.

    Source: Chen et al. 2021, "HumanEval", functional correctness.
    """

    name: str = "runs"
    column: str = "tests"
    """Code that raises where the answer is wrong; rows without it only have to run."""
    timeout_s: float = 10.0
    memory_mib: int = 1_024
    written_mib: int = 10

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        code = f"{fenced(text_of(output))}\n\n{text_of(row.get(self.column))}\n"
        with tempfile.TemporaryDirectory(prefix="weave-core-") as folder:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", code),
                cwd=folder,
                env={"PATH": os.defpath},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                preexec_fn=self._limit,  # It only sets limits, between fork and exec.
            )
            try:
                async with asyncio.timeout(self.timeout_s):
                    _, told = await process.communicate()
            except TimeoutError:
                told = None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # What it started as well.
                await process.communicate()  # Its pipes are closed when they are read to the end.
            if told is None:
                return Score(False, reason=f"still running after {self.timeout_s:g} s")
        if process.returncode == 0:
            return Score(True)
        lines = told.decode("utf-8", "replace").strip().splitlines()
        said = lines[-1] if lines else f"exit code {process.returncode}"
        return Score(False, reason=said[:_MAX_SHOWN])

    def _limit(self) -> None:
        memory = self.memory_mib * _MIB
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        seconds = int(self.timeout_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        written = self.written_mib * _MIB
        resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
