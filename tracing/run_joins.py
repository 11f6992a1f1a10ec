"""Log to a run that another program has begun and will end."""

from weave_core.tracing import lifecycle
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.run_starts import find_start
from weave_core.tracing.runs import Run

__all__ = ["join"]


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
