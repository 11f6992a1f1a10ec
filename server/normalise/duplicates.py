"""Which spans report a model call that another span reports too.

Two instrumentations over one client make two spans of one call, and a sum must count it once.
Two spans are the same call when one is above the other with no other call of its kind between or
beside, and neither model, usage nor reply id speaks against it; or when both carry the same reply
id.  The one with usage counts, of two such the one with content, else the outer.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from weave_core.server.normalise.kinds import COUNTED_KINDS

__all__ = ["Call", "duplicate_ids"]

_MAX_DEPTH = 1_000
"""Parents followed upwards; deeper trees, and circles, end the search."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Call:
    """What a decision needs of one span, a model call or not."""

    span_id: Hashable
    """Anything that tells spans apart: bytes, or a row's id."""
    parent_id: Hashable | None
    kind: str
    request_model: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    response_id: str | None = None
    has_content: bool = False
    """Whether it holds what was said: a preview will do as the sign."""


def duplicate_ids(calls: Sequence[Call]) -> set[Any]:
    """The ids of those among `calls` (all spans of a trace) that must not count.

    Linear in the number of spans for every shape of tree, broken ones too.
    """
    by_id = {call.span_id: call for call in calls}
    counted = [call for call in calls if call.kind in COUNTED_KINDS]
    found: set[Any] = set()
    _mark_nested(counted, by_id, found)
    _mark_same_reply(counted, found)
    return found


def _mark_nested(counted: list[Call], by_id: dict[Hashable, Call], found: set[Any]) -> None:
    below: dict[Hashable, list[Call]] = defaultdict(list)
    nearest: dict[Hashable, Hashable | None] = {}
    has_outer: set[Hashable] = set()
    for call in counted:
        outer = _call_above(call, by_id, nearest)
        if outer is not None and outer.kind == call.kind:
            below[outer.span_id].append(call)
            has_outer.add(call.span_id)
    tops = [call for call in counted if call.span_id not in has_outer]
    # Downwards, each call against the best of those above it that are the same call: three layers
    # of which the middle one knows nothing are still one call.
    stack = [(call, call) for call in tops]
    while stack:
        outer, best = stack.pop()
        inner = below.pop(outer.span_id, [])
        for call in inner:
            if len(inner) == 1 and _agree(best, call):
                kept = _best((best, call))
                found.add((call if kept is best else best).span_id)
                stack.append((call, kept))
            else:
                stack.append((call, call))


def _call_above(
    call: Call, by_id: dict[Hashable, Call], nearest: dict[Hashable, Hashable | None]
) -> Call | None:
    """The nearest model call above `call`; ways already walked are remembered in `nearest`."""
    walked: list[Hashable] = []
    at = call.parent_id
    answer: Hashable | None = None
    for _ in range(_MAX_DEPTH):
        if at is None or at not in by_id:
            break
        if at in nearest:
            answer = nearest[at]
            break
        if by_id[at].kind in COUNTED_KINDS:
            answer = at
            break
        walked.append(at)
        at = by_id[at].parent_id
    for span_id in walked:
        nearest[span_id] = answer
    if answer is None or answer == call.span_id:
        return None
    return by_id[answer]


def _mark_same_reply(counted: list[Call], found: set[Any]) -> None:
    by_reply: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in counted:
        if call.response_id:
            by_reply[call.kind, call.response_id].append(call)
    for same in by_reply.values():
        open_ = [call for call in same if call.span_id not in found]
        if len(open_) > 1:
            best = _best(open_)
            found.update(call.span_id for call in open_ if call is not best)


def _agree(one: Call, other: Call) -> bool:
    """Whether nothing speaks against the two being one call."""
    if one.response_id and other.response_id:
        return one.response_id == other.response_id
    return (
        _same_model(one, other)
        and _equal_or_unknown(one.input_tokens, other.input_tokens)
        and _equal_or_unknown(one.output_tokens, other.output_tokens)
    )


def _same_model(one: Call, other: Call) -> bool:
    """Dated names count as their short form: `gpt-4o-mini-2024-07-18` is `gpt-4o-mini`.

    So do names with a path before them: LiteLLM's `openai/gpt-4o-mini`, Gemini's `models/...`.
    """
    ones, others = _models(one), _models(other)
    if not ones or not others:
        return ones == others or _is_same_usage(one, other)
    return any(a.startswith(b) or b.startswith(a) for a in ones for b in others)


def _models(call: Call) -> list[str]:
    return [name.rpartition("/")[2] for name in (call.request_model, call.model) if name]


def _is_same_usage(one: Call, other: Call) -> bool:
    """Both counts known and equal: good enough where one of the two does not name its model."""
    counts = (one.input_tokens, one.output_tokens)
    return None not in counts and counts == (other.input_tokens, other.output_tokens)


def _equal_or_unknown(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def _best(calls: Iterable[Call]) -> Call:
    """The first of the richest; callers put the outer one, or the earlier, first."""
    return max(calls, key=_richness)


def _richness(call: Call) -> tuple[bool, bool, int]:
    """Usage before all: a call that is kept without it would be lost from the sums."""
    has_usage = call.input_tokens is not None or call.output_tokens is not None
    known = (call.input_tokens, call.output_tokens, call.request_model, call.response_id)
    return has_usage, call.has_content, sum(value is not None for value in known)
