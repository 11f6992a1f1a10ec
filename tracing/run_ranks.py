"""Programs that were started together, as by torchrun: which one this is, and the run they share.

What several ranks begin alike is one run.  They agree on its id where they meet anyway: in the
store of torchrun or of PyTorch's process group, by the step of SLURM's job, or by what the first
one left to those that it has started.  No rank waits for another one.
"""

import hashlib
import importlib
import os
import sys
from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from weave_core.tracing import launchers
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_spans import new_run_id

__all__ = ["SharedRun", "find_rank", "hand_over", "share"]

STORE_TIMEOUT_S = 3.0
"""How long a rank waits for the store that torchrun has."""
_OPEN = "_WEAVE_CORE_OPEN_RUN"
"""Variable by which a program that starts the other ranks, as Lightning does, leaves them its run:
its process, what the run was begun as, and its id."""
_begun: Counter[tuple[str | None, ...]] = Counter()
"""How many runs this program has begun alike."""


class SharedRun(NamedTuple):
    """The run of all ranks."""

    run_id: str
    is_again: bool
    """Whether the ranks were started again, so that it may be there already."""


def find_rank() -> int | None:
    """The number of this process among those that were started together; None: it is alone."""
    group = _process_group()
    return launchers.find_rank() if group is None else int(group.get_rank())


def share(*alike: str | None) -> SharedRun | None:
    """The run that the other ranks begin too; None where there are none, or they can't be asked.

    Args:
        *alike: What it is begun as: ranks that say the same share it, and of several that a rank
            begins one behind the other those with the same number.
    """
    key = _key(alike, _begun[alike])
    try:
        found = _shared(key) if find_rank() is not None else None
    except Exception as error:  # noqa: BLE001  # Whatever a foreign store raises, the training goes on.
        told = "the ranks can't agree on one run, so that each has its own: name an id for all"
        warn_once("ranks", told, error=error)
        return None
    return found


def hand_over(run_id: str, *alike: str | None) -> None:
    """Leave a run that was begun to ranks that this program starts."""
    os.environ[_OPEN] = f"{os.getpid()} {_key(alike, _begun[alike])} {run_id}"
    _begun[alike] += 1


def _key(alike: tuple[str | None, ...], number: int) -> str:
    return hashlib.sha256(repr((alike, number)).encode()).hexdigest()[:24]


def _shared(key: str) -> SharedRun | None:
    env = os.environ
    pid, _, left = env.get(_OPEN, "").partition(" ")
    if pid == str(os.getppid()) and left.startswith(f"{key} "):
        return SharedRun(left.removeprefix(f"{key} "), is_again=False)
    if env.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        # It outlives workers that torchrun starts again, as the process group's does not.
        is_again = env.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
        return SharedRun(_agreed(_agent_store(), key), is_again)
    if int(env.get("SLURM_STEP_NUM_TASKS") or 1) > 1:
        job = f"{env['SLURM_JOB_ID']}.{env['SLURM_STEP_ID']} {key}"
        named = hashlib.sha256(job.encode()).hexdigest()[: len(new_run_id())]
        return SharedRun(named, env.get("SLURM_RESTART_COUNT", "0") != "0")
    group = _process_group()
    if group is None or group.get_world_size() == 1:
        return None
    return SharedRun(_agreed(group.distributed_c10d._get_default_store(), key), is_again=False)  # noqa: SLF001  # PyTorch has no public name for it.


def _agreed(store: Any, key: str) -> str:
    """The id that whichever rank came first has put there."""
    return str(store.compare_set(f"weave_core/{key}", "", new_run_id()).decode())


def _agent_store() -> Any:
    distributed = importlib.import_module("torch.distributed")  # Programs of torchrun have it.
    return distributed.TCPStore(
        os.environ["MASTER_ADDR"],
        int(os.environ["MASTER_PORT"]),
        is_master=False,
        timeout=timedelta(seconds=STORE_TIMEOUT_S),
    )


def _process_group() -> Any:
    """PyTorch's module of process groups where the program has begun one."""
    found = sys.modules.get("torch.distributed")
    is_begun = getattr(found, "is_initialized", None)  # Not every build of PyTorch has it.
    return found if is_begun is not None and is_begun() else None
