"""Trials as programs: the command of a sweep, as wandb writes it, run once for each.

The program finds its run and values in the environment (`WEAVE_CORE_RUN_ID`, `WEAVE_CORE_TRIAL`),
so `weave_core.run` and `wandb.init` of our compat need no argument of it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError
from weave_core.evals.sweep_agents import Outcome
from weave_core.model import AskedTrial, Sweep

__all__ = ["ProgramWorker", "command_of"]

GRACE_S = 20.0
"""How long a program that is to stop may take to hear it by itself; then it gets SIGTERM."""
KILL_S = 10.0
"""And how long after that it may live."""
_LOOK_S = 0.2
_DEFAULT = ("${env}", "${interpreter}", "${program}", "${args}")
_MACRO = re.compile(r"\$\{([A-Za-z_:][\w:]*)\}")


class ProgramWorker:
    """Starts a program for each trial.

    Args:
        environment: What the program gets beside what this process has, such as where the server
            is.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._stop_reason: str | None = None

    def work(self, sweep: Sweep, trial: AskedTrial) -> Outcome:
        """Run the program to its end."""
        self._stop_reason = None
        environment = {
            **os.environ,
            **self._environment,
            "WEAVE_CORE_PROJECT": sweep.project,
            "WEAVE_CORE_RUN_GROUP": sweep.sweep_id,
            "WEAVE_CORE_RUN_ID": trial.run_id,
            "WEAVE_CORE_TRIAL": json.dumps(trial.params),
        }
        with tempfile.TemporaryDirectory(prefix="weave-core-trial-") as folder:
            file = Path(folder) / "args.json"
            file.write_text(json.dumps(trial.params), encoding="utf-8")
            command = command_of(sweep.config, trial.params, file)
            try:
                process = subprocess.Popen(command, env=environment)  # noqa: S603  # What the sweep's author wrote.
            except OSError as error:
                return Outcome("failed", f"{command[0]!r} can't be started: {error}")
            with process:
                try:
                    code = self._wait(process)
                except BaseException:
                    _end(process)
                    raise
        if self._stop_reason is not None:
            return Outcome("stopped", self._stop_reason)
        return Outcome("finished") if code == 0 else Outcome("failed", _told(code))

    def stop(self, reason: str) -> None:
        """Let it end; the program hears it from the server by itself, if it logs to a run."""
        self._stop_reason = self._stop_reason or reason or "a stop was asked for"

    def _wait(self, process: "subprocess.Popen[bytes]") -> int:
        asked_s: float | None = None
        while True:
            try:
                return process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                if self._stop_reason is None:
                    continue
            asked_s = time.monotonic() if asked_s is None else asked_s
            if time.monotonic() - asked_s > GRACE_S:
                return _end(process)


def _end(process: "subprocess.Popen[bytes]") -> int:
    process.terminate()
    try:
        return process.wait(KILL_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _told(code: int) -> str:
    return f"the program ended by signal {-code}" if code < 0 else f"exit code {code}"


def command_of(config: Mapping[str, Any], params: Mapping[str, Any], file: Path) -> list[str]:
    """The command of a trial.

    Args:
        config: Of the sweep: `command` and `program`.
        params: The values that were chosen.
        file: Where they are as JSON, for `${args_json_file}`.

    Raises:
        ConfigError: If there is no program, or the command has a macro that is not known.

    Source:
        https://docs.wandb.ai/guides/sweeps/define-sweep-configuration, "Sweep command example".
    """
    program = config.get("program")
    given = config.get("command") or _DEFAULT
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ConfigError(f"the sweep's command is {given!r}", "give a list of words")
    if not program and any("${program}" in str(word) for word in given):
        raise ConfigError(
            "the sweep names no program", "write `program: train.py` or a `command` into its config"
        )
    return [each for word in given for each in _words(str(word), str(program), params, file)]


def _words(word: str, program: str, params: Mapping[str, Any], file: Path) -> Iterator[str]:
    """What a word of a command becomes: a macro that stands alone may be several words, or none."""
    texts = {key: _text(value) for key, value in params.items()}
    lists: dict[str, list[str]] = {
        "env": ["/usr/bin/env"] if os.name == "posix" else [],
        "interpreter": [sys.executable],
        "program": [program],
        "args": [f"--{key}={text}" for key, text in texts.items()],
        "args_no_hyphens": [f"{key}={text}" for key, text in texts.items()],
        "args_no_equals": [each for key, text in texts.items() for each in (f"--{key}", text)],
        "args_no_boolean_flags": [
            f"--{key}" if params[key] is True else f"--{key}={text}"
            for key, text in texts.items()
            if params[key] is not False
        ],
        "args_json": [json.dumps(params)],
        "args_json_file": [str(file)],
    }
    whole = _MACRO.fullmatch(word)
    if whole is not None and whole[1] in lists:
        yield from lists[whole[1]]
        return

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("envvar:"):
            return os.environ.get(name.removeprefix("envvar:"), "")
        if name not in lists:
            known = ", ".join(f"${{{each}}}" for each in (*lists, "envvar:NAME"))
            raise ConfigError(f"the sweep's command has {found[0]!r}", f"known: {known}")
        return " ".join(lists[name])

    yield _MACRO.sub(filled, word)


def _text(value: Any) -> str:
    """A value as an argument: a text as it is, what is nested as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
