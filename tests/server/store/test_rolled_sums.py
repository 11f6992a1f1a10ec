"""Sums read from the roll-up are those of the spans, whatever happened to these."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.queries.stats import Period, list_facets, list_stats
from weave_core.server.store.sketches import (
    RELATIVE_ERROR,
    bucket_of,
    pack_sketch,
    quantile_ns,
    unpack_sketch,
)
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

PROJECT = "sums"
SECOND_NS = 1_000_000_000
START_NS = 1_760_000_000 * SECOND_NS
COUNT = 24_000
"""More than what is always read span by span."""
SPANS_ASKED = "is_duplicate = false"
"""True of each span that counts, and nothing that the roll-up knows."""
ORIGINS = [RawOrigin(resource={"service.name": name}, scope_name="test") for name in ("a", "b")]


def span(number: int, dice: random.Random, *, is_ended: bool = True) -> RawSpan:
    """Each tenth a root; two in three are calls, and each 50th a second report of its parent's."""
    start_ns = START_NS + number * SECOND_NS
    is_call = number % 3 != 0
    attributes: dict[str, Any] = {"tag.tags": ["even"]} if number % 2 == 0 else {}
    if is_call:
        attributes |= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": dice.choice(("gpt-4o", "gpt-4o-mini", "own")),
            "gen_ai.usage.input_tokens": dice.randrange(5_000),
            "gen_ai.usage.output_tokens": dice.randrange(500),
            "gen_ai.response.id": f"reply-{number // 50}" if number % 50 < 2 else f"r{number}",
        }
    return RawSpan(
        trace_id=(number // 10 + 1).to_bytes(16, "big"),
        span_id=(number + 1).to_bytes(8, "big"),
        parent_id=(number // 10 * 10 + 1).to_bytes(8, "big") if number % 10 else None,
        name="call",
        otel_kind=1,
        start_ns=start_ns,
        end_ns=start_ns + int(dice.lognormvariate(18, 2)) if is_ended else 0,
        status_code=2 if dice.random() < 0.1 else 0,
        status_message="",
        attributes=attributes,
        events=[],
        links=[],
        origin=ORIGINS[number % 2],
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Spans that came pending and ended later, came twice, and were deleted, counted between."""
    home = tmp_path_factory.mktemp("sums")
    dice = random.Random(3)
    store = Store.open(Settings(home=home))
    pending = [span(number, dice, is_ended=number % 7 != 0) for number in range(COUNT)]
    for start in range(0, COUNT, 2_000):
        store.add_spans(PROJECT, pending[start : start + 2_000]).result()
    wait_until_counted(store)
    ended = [span(number, dice) for number in range(0, COUNT, 7)]
    store.add_spans(PROJECT, ended).result()
    store.add_spans(PROJECT, pending[:500]).result()
    store.deleter.delete(PROJECT, "trace_id = '" + (90).to_bytes(16, "big").hex() + "'")
    yield store
    store.close()


def wait_until_counted(store: Store) -> None:
    """Return once the cursor of the roll-up stands at the last span."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with store.engine.connect() as connection:
            behind = connection.exec_driver_sql(
                "SELECT (SELECT MAX(id) FROM span)"
                " - (SELECT position FROM background_cursor WHERE name = 'minutes')"
            ).scalar()
        if behind == 0:
            return
        time.sleep(0.02)
    raise AssertionError("the roll-up did not catch up")


def ask(store: Store, filter_text: str | None, **given: Any) -> list[dict[str, Any]]:
    """Items of the sums."""
    period = Period(given.pop("from_ns", None), given.pop("to_ns", None))
    asked = {"group_by": None, "bucket": None} | given
    with store.engine.connect() as connection:
        return list(
            list_stats(connection, PROJECT, filter_text=filter_text, period=period, **asked)[
                "items"
            ]
        )


@pytest.mark.parametrize(
    ("filter_text", "asked"),
    [
        (None, {}),
        (None, {"group_by": "model", "bucket": "1h"}),
        (None, {"group_by": "kind,status,service", "bucket": "1d"}),
        ("model in ('gpt-4o', 'own') and status != 'error'", {"group_by": "model,status"}),
        ("not (kind = 'llm')", {"bucket": "30m"}),
        (None, {"from_ns": START_NS + 77, "to_ns": START_NS + 23_000 * SECOND_NS + 1}),
        (
            None,
            {"from_ns": START_NS + 90 * SECOND_NS, "bucket": "1m", "group_by": "response_model"},
        ),
        (None, {"group_by": "provider", "bucket": "2h", "to_ns": START_NS + 21_601 * SECOND_NS}),
    ],
)
def test_the_rollup_and_the_spans_give_one_answer(
    store: Store, filter_text: str | None, asked: dict[str, Any]
) -> None:
    """Counts, errors, tokens are equal, money to a billionth, percentiles within the error."""
    rolled = ask(store, filter_text, **asked)
    raw_filter = f"({filter_text}) and {SPANS_ASKED}" if filter_text else SPANS_ASKED
    exact = ask(store, raw_filter, **asked)
    assert len(rolled) == len(exact) > 0
    for one, other in zip(rolled, exact, strict=True):
        latency, known = one.pop("latency_ms"), other.pop("latency_ms")
        assert latency == {
            name: None if value is None else pytest.approx(value, rel=RELATIVE_ERROR + 1e-9)
            for name, value in known.items()
        }
        assert one.pop("cost_usd") == pytest.approx(other.pop("cost_usd"), abs=1e-9)
        assert one == other
    assert any(item["count"] for item in rolled)


def test_a_percentile_of_the_rollup_is_no_exact_one(store: Store) -> None:
    """Only then does the comparison above compare two ways."""
    [rolled] = ask(store, None)
    [exact] = ask(store, SPANS_ASKED)
    assert rolled["latency_ms"]["p50"] != exact["latency_ms"]["p50"]
    assert rolled["count"] < COUNT  # Duplicates and what was deleted.


def test_facets_of_the_rollup_are_those_of_the_spans(store: Store) -> None:
    """Values and counts, also of a field that only the spans have."""
    fields = "kind,status,model,service_name,tags"
    with store.engine.connect() as connection:
        rolled, exact = (
            list_facets(
                connection,
                PROJECT,
                fields=fields,
                filter_text=text,
                period=Period(None, None),
                limit=50,
            )
            for text in (None, SPANS_ASKED)
        )
    assert rolled == exact
    assert [item["value"] for item in exact["tags"]] == ["even"]


def test_a_sketch_is_within_its_error_and_survives_packing() -> None:
    """Over seventeen orders of magnitude, zero included."""
    dice = random.Random(5)
    for count in (1, 2, 19, 1_000):
        durations = sorted(int(10 ** dice.uniform(-1, 16)) for _ in range(count))
        sketch: dict[int, int] = {}
        for duration in durations:
            sketch[bucket_of(duration)] = sketch.get(bucket_of(duration), 0) + 1
        sketch = unpack_sketch(pack_sketch(sketch))
        for percent in (1, 50, 95, 99, 100):
            exact = durations[-(-count * percent // 100) - 1]
            assert quantile_ns(sketch, percent) == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9)
    assert quantile_ns({}, 50) is None
