"""Log to a run that another program has begun and will end."""

from typing import NamedTuple

from weave_core.tracing import lifecycle
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.run_starts import find_start
from weave_core.tracing.runs import Run, run

__all__ = ["LeftRun", "join", "leave"]


class LeftRun(NamedTuple):
    """A run as another process is told of it."""

    project: str
    endpoint: str | None
    run_id: str

    def join(self, rank: int) -> Run:
        """The run in this process: that of the first rank is one with the other program's.

        Args:
            rank: Of this process among those that were started together.
        """
        if not lifecycle.is_active():
            lifecycle.init(self.project, self.endpoint)
        if rank:
            return run(self.project, id=self.run_id, rank=rank, on_stop="flag")
        return join(self.project, self.run_id)


def leave(begun: Run) -> LeftRun:
    """What another process needs to log to a run of this one."""
    return LeftRun(begun.project, lifecycle.settings_in_force().endpoint, begun.id)


def join(project: str, run_id: str) -> Run:
    """The run of another program, behind what it has logged.

    What is logged is of the same writer's number; a stop that is asked for sets `stop_requested`.
    `finish` hands over what was logged: how the run ends is the other program's to say.

    Args:
        project: Where it belongs.
        run_id: Of the run.
    """
    settings = lifecycle.settings_in_force()
    start = find_start(settings, project, run_id, rank=0, resume="allow", rewind_to=None, fork=None)
    joined = Run(project, run_id, rank=0, on_stop="flag", first_step=start.next_step)
    joined.is_inherited = True
    BEATS.adopt(joined)
    return joined
