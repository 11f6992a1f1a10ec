"""Which trials are not worth going on with, one rule a file; less is better in all of them."""

from collections.abc import Mapping, Sequence

from weave_core.server.sweeps.configs import EarlyStop
from weave_core.server.sweeps.early_stops import asha, hyperband, median
from weave_core.server.sweeps.early_stops.reports import Report, reports_of

__all__ = ["Report", "judge", "reports_of"]

_RULES = {
    "hyperband": hyperband.find_worse_rung,
    "asha": asha.find_worse_rung,
    "median": median.find_worse_rung,
}


def judge(
    rule: EarlyStop, own: Mapping[int, Report], others: Mapping[int, Sequence[Report]]
) -> str | None:
    """Why a trial is not worth going on with; None: it is.

    Args:
        rule: What the sweep says.
        own: The trial's reports by rung.
        others: Those of all other trials.
    """
    rung = _RULES[rule.rule](rule, own, others)
    if rung is None:
        return None
    count = len(others[rung])
    return f"{rule.rule}: after {rung} values it is behind what {count} other trials had there"
