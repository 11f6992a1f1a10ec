"""Scorers of what an agent did: which tools it called, with what, in which order."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rapidfuzz.distance import LCSseq

from weave_core.evals.scorers.contract import Scorer, expected_of
from weave_core.evals.scorers.steps import Step, steps_of

__all__ = ["ToolCalls"]


@dataclass(frozen=True, kw_only=True)
class ToolCalls(Scorer):
    """Whether an agent called the right tools, with the right arguments, in the right order.

    Gives, each 0 to 1:

    - `selection`: F1 of the names of the tools, as often as they were called.
    - `arguments`: the share of expected calls that were made with the very arguments.
    - `order`: length of the longest common subsequence of names / that of the longer list.
    - `match`: true where all calls are as expected: `strict` in their order, `any_order`, or as a
      `subset`, others being allowed.

    The output is a list of calls, or a mapping with `tool_calls`: each has `name` and `arguments`
    (a mapping, or JSON text), or a `function` that has them, as OpenAI writes it.

    Source: F1 as in van Rijsbergen 1979; the order by Hirschberg 1975; `rapidfuzz`.
    """

    name: str = "tools"
    column: str = "expected"
    match: Literal["strict", "any_order", "subset"] = "strict"

    def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, float | bool]:
        """Judge one output."""
        told, wanted = steps_of(output), steps_of(expected_of(row, self.column))
        names, right_names = [name for name, _ in told], [name for name, _ in wanted]
        shared = sum((Counter(names) & Counter(right_names)).values())
        same = sum((Counter(told) & Counter(wanted)).values())
        longest = max(len(names), len(right_names))
        total = len(names) + len(right_names)
        return {
            "selection": 2 * shared / total if total else 1.0,
            "arguments": same / len(wanted) if wanted else float(not told),
            "order": LCSseq.similarity(names, right_names) / longest if longest else 1.0,
            "match": self._is_match(told, wanted, same),
        }

    def _is_match(self, told: list[Step], wanted: list[Step], same: int) -> bool:
        if self.match == "strict":
            return told == wanted
        if self.match == "subset":
            return same == len(wanted)
        return same == len(wanted) == len(told)
