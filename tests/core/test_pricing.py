"""Costs equal the price list's own arithmetic, and what can't be known is None."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from weave_core.pricing import TokenCounts, find_price

MOMENT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
MOMENT_NS = int(MOMENT.timestamp()) * 1_000_000_000


def by_the_list(provider: str, model: str, counts: TokenCounts) -> Decimal | None:
    """What `genai-prices` itself says."""
    usage = Usage(
        input_tokens=counts.input,
        output_tokens=counts.output,
        cache_read_tokens=counts.cache_read,
        cache_write_tokens=counts.cache_write,
    )
    try:
        found: Any = calc_price(usage, model, provider_id=provider, genai_request_timestamp=MOMENT)
    except (LookupError, ValueError):
        return None
    return Decimal(found.total_price)


def test_every_model_of_the_list_costs_what_the_list_says() -> None:
    """Rates that are read off once give the same sum as a calculation for each call."""
    counts = TokenCounts(input=3_127, output=411, cache_read=96, cache_write=57)
    compared = 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            price = find_price(provider.id, model.id, counts, MOMENT_NS)
            expected = by_the_list(provider.id, model.id, counts)
            if price is None:
                assert not expected, (provider.id, model.id, expected)
                continue
            assert expected is not None
            assert price.total_usd == pytest.approx(float(expected), rel=1e-9, abs=1e-15)
            compared += 1
    assert compared > 1_000


def test_a_known_call_costs_what_its_public_price_says() -> None:
    """gpt-4o-mini: 0.15 USD a million in, 0.075 cached, 0.60 out."""
    price = find_price("openai", "gpt-4o-mini-2024-07-18", TokenCounts(87, 9, 64), MOMENT_NS)
    assert price is not None
    assert (price.input_usd, price.output_usd) == (0.00000825, 0.0000054)
    assert price.total_usd == 0.00001365


def test_long_contexts_cost_the_step_they_reach() -> None:
    """Claude Sonnet 4.5 doubles its input price above 200,000 tokens."""
    price = find_price("anthropic", "claude-sonnet-4-5", TokenCounts(300_000, 0), MOMENT_NS)
    assert price is not None
    assert price.total_usd == pytest.approx(1.8)


def test_prices_are_those_of_the_day_of_the_call() -> None:
    """o3 cost 10 USD a million tokens in January 2025 and 2 a year later."""
    earlier_ns = int(dt.datetime(2025, 1, 1, tzinfo=dt.UTC).timestamp()) * 1_000_000_000
    counts = TokenCounts(1_000_000, 0)
    before, after = (find_price("openai", "o3", counts, at) for at in (earlier_ns, MOMENT_NS))
    assert before is not None
    assert after is not None
    assert (before.total_usd, after.total_usd) == (10.0, 2.0)


def test_azure_is_not_taken_for_openai() -> None:
    """OpenTelemetry writes `azure.ai.openai`, which the list alone reads as OpenAI."""
    counts = TokenCounts(1_000, 100)
    ours = find_price("azure.ai.openai", "gpt-4o", counts, MOMENT_NS)
    assert ours is not None
    assert ours.total_usd == pytest.approx(float(by_the_list("azure", "gpt-4o", counts) or 0))


@pytest.mark.parametrize(
    ("provider", "model", "counts"),
    [
        ("openai", "nobody-knows-me", TokenCounts(1, 1)),
        ("nobody", "nobody-knows-me", TokenCounts(1, 1)),
        (None, "nobody-knows-me", TokenCounts(1, 1)),
        ("openai", "", TokenCounts(1, 1)),
        ("openai", "gpt-4o-mini", TokenCounts(10, 1, cache_read=11)),
        ("openai", "gpt-4o-mini", TokenCounts(-1, 1)),
    ],
)
def test_what_cannot_be_known_has_no_price(
    provider: str | None, model: str, counts: TokenCounts
) -> None:
    """None, not 0, and no error."""
    assert find_price(provider, model, counts, MOMENT_NS) is None


def test_any_time_has_a_price_or_none() -> None:
    """A sender's clock may say anything that 64 bits hold."""
    for moment_ns in (0, 2**63 - 1, 2**64 - 1):
        find_price("openai", "gpt-4o-mini", TokenCounts(1, 1), moment_ns)
