"""Programs that log five numbers a step, ours and those of peers, each timed by the same loop.

A peer is installed into an environment of its own and runs with its defaults, everything that it
would capture beside the numbers switched off.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.environments import Environment, newest

__all__ = ["LOGGERS", "OURS", "Logged", "Logger", "install", "program", "read"]


@dataclass(frozen=True)
class Logger:
    """How one library is told five numbers."""

    begin: str
    """Statements; `folder` and `target` are there."""
    log: str
    """One statement with `data` and `step`."""
    finish: str
    packages: tuple[str, ...] = ()
    steps: int = 10_000
    """Fewer for those that take long."""


@dataclass(frozen=True)
class Logged:
    """What a program measured."""

    begin_s: float
    p50_us: float
    p99_us: float
    max_ms: float
    loop_s: float
    finish_s: float
    cpu_us: float
    """Of its process, a step."""
    steps: int

    @property
    def points_a_second(self) -> float:
        """From the first call to the end of `finish`."""
        return 5 * self.steps / (self.loop_s + self.finish_s)


_LOOP = """
import json, os, sys, time
steps, folder, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
os.chdir(folder)
began = time.perf_counter()
{begin}
begun = time.perf_counter()
cpu = time.process_time()
costs = []
for step in range(steps):
    data = {{"loss": 1 / (step + 1), "acc": step / steps, "lr": 0.1, "norm": step * 0.37 % 1.0,
            "epoch": step // 100}}
    call = time.perf_counter_ns()
    {log}
    costs.append(time.perf_counter_ns() - call)
looped = time.perf_counter()
{finish}
ended = time.perf_counter()
cpu = time.process_time() - cpu
costs.sort()
print("measured " + json.dumps({{
    "begin_s": begun - began, "p50_us": costs[steps // 2] / 1e3, "steps": steps,
    "p99_us": costs[steps * 99 // 100] / 1e3, "max_ms": costs[-1] / 1e6,
    "loop_s": looped - begun, "finish_s": ended - looped, "cpu_us": cpu / steps * 1e6,
}}), flush=True)
"""

OURS = Logger(
    begin="import weave_core; weave_core.init('bench', target); run = weave_core.run(id='bench')",
    log="run.log(data, step=step)",
    finish="assert run.finish(timeout_s=60)",
)

LOGGERS = {
    "trackio": Logger(
        packages=("trackio",),
        begin="""
os.environ["TRACKIO_DIR"] = folder
import trackio
trackio.init(project="bench", embed=False)
""",
        log="trackio.log(data, step=step)",
        finish="trackio.finish()",
    ),
    "wandb": Logger(
        packages=("wandb",),
        begin="""
import wandb
settings = wandb.Settings(x_disable_stats=True, console="off", disable_code=True, silent=True)
run = wandb.init(project="bench", mode="offline", dir=folder, settings=settings)
""",
        log="run.log(data, step=step)",
        finish="run.finish()",
    ),
    "tensorboardX": Logger(
        packages=("tensorboardX",),
        begin="from tensorboardX import SummaryWriter; writer = SummaryWriter(folder)",
        log="[writer.add_scalar(key, value, step) for key, value in data.items()]",
        finish="writer.close()",
    ),
    "mlflow": Logger(
        packages=("mlflow-skinny", "sqlalchemy", "alembic"),
        begin="""
import mlflow
mlflow.set_tracking_uri("sqlite:///" + folder + "/mlflow.db")
mlflow.set_experiment("bench")
mlflow.start_run()
""",
        log="mlflow.log_metrics(data, step=step)",
        finish="mlflow.end_run()",
        steps=500,
    ),
    "aim": Logger(
        packages=("aim",),
        begin="""
from aim import Run
run = Run(repo=folder, system_tracking_interval=None, log_system_params=False)
""",
        log="[run.track(value, name=key, step=step) for key, value in data.items()]",
        finish="run.close()",
        steps=1_000,
    ),
}


def install(name: str) -> Environment:
    """The environment of a peer."""
    return newest(f"logger-{name}", *LOGGERS[name].packages)


def program(logger: Logger, path: Path) -> Path:
    """Write the program of `logger` to `path`."""
    text = _LOOP.format(begin=logger.begin, log=logger.log, finish=logger.finish)
    path.write_text(text, encoding="utf-8")
    return path


def read(output: str) -> Logged:
    """What a program printed.

    Raises:
        ValueError: If it did not get that far.
    """
    for line in output.splitlines():
        if line.startswith("measured "):
            told: dict[str, Any] = json.loads(line.removeprefix("measured "))
            return Logged(**told)
    raise ValueError(output[-2_000:])
