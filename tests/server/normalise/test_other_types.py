"""The same spans, spelt in other types and older names: what they mean does not change."""

import dataclasses
import json
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from support.meanings import RECORDINGS, meaning, recorded

from weave_core.server.otlp.records import OddDouble, RawSpan

SENDERS = sorted(
    path.name.removesuffix(".pb.gz")
    for path in RECORDINGS.glob("*.pb.gz")
    if ".logs." not in path.name
)
OLDER = {
    "gen_ai.provider.name": "gen_ai.system",
    "gen_ai.usage.input_tokens": "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.output_tokens": "gen_ai.usage.completion_tokens",
    "gen_ai.usage.cache_read.input_tokens": "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_write.input_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.reasoning.output_tokens": "gen_ai.usage.reasoning_tokens",
    "session.id": "langfuse.session.id",
    "user.id": "langfuse.user.id",
    "llm.model_name": "llm.response.model_name",
    "ai.usage.inputTokens": "ai.usage.promptTokens",
    "ai.usage.outputTokens": "ai.usage.completionTokens",
}

Spell = Callable[[str, Any], tuple[str, Any]]

SPELLINGS: dict[str, Spell] = {
    "whole numbers as doubles": lambda k, v: (k, float(v) if type(v) is int else v),
    "whole numbers as texts": lambda k, v: (k, str(v) if type(v) is int else v),
    "lists and maps as JSON texts": lambda k, v: (
        k,
        json.dumps(v) if isinstance(v, list | dict) else v,
    ),
}


def spelt(raw: RawSpan, spell: Spell) -> RawSpan:
    """`raw` with every attribute spelt another way."""
    return dataclasses.replace(raw, attributes=dict(spell(k, v) for k, v in raw.attributes.items()))


def told(raw: RawSpan) -> dict[str, Any]:
    """What `raw` means."""
    return meaning(raw).model_dump()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_span_means_the_same_in_other_types(spelling: str) -> None:
    """Every field of every recorded span, whichever convention it speaks."""
    for sender in SENDERS:
        for raw in recorded(sender):
            assert told(spelt(raw, SPELLINGS[spelling])) == told(raw), f"{sender}: {raw.name}"


def test_a_span_means_the_same_in_older_names() -> None:
    """All that comes out, but for where it came from and the model that was asked for."""
    for sender in SENDERS:
        for raw in recorded(sender):
            if not OLDER.keys() & raw.attributes.keys() or set(OLDER.values()) & set(
                raw.attributes
            ):
                continue
            old = told(spelt(raw, lambda k, v: (OLDER.get(k, k), v)))
            new = told(raw)
            for field in ("sources", "model"):
                old.pop(field)
                new.pop(field)
            assert old == new, f"{sender}: {raw.name}"


ODD: tuple[Any, ...] = (
    *(OddDouble("NaN"), -(2**63), b"\xff\x00", True, ""),
    *([None, -1, ["x"]], {"role": 7, "content": None}),
    '{"messages": {"x": 1}, "usage": [], "choices": [null], "model": {}}',
    '[{"role": "user", "content": [null, {"type": "text"}]}, 5]',
    '{"id": "cut in the mid',
)


def test_one_odd_or_missing_attribute_does_not_hide_the_rest_of_a_span(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each attribute of each recording, one at a time, with the odd values in turn."""
    odd = cycle((None, *ODD))
    for sender in SENDERS:
        for raw in recorded(sender):
            for key in raw.attributes:
                value = next(odd)
                left = {k: v for k, v in raw.attributes.items() if k != key or value is not None}
                if value is not None:
                    left[key] = value
                meaning(dataclasses.replace(raw, attributes=left))
    assert not caplog.records, "each is a span that could not be read"
