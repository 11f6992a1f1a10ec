"""What a model call cost, from its usage and the price list of `genai-prices`.

The list lies in that package; nothing is fetched.  One `calc_price` takes 55 us, more than all else
that happens to a span on its way in, so the rates per token of a (provider, model, moment) are read
off it once.  Prices with steps by context length have no such rates and take the slow way.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

__all__ = ["Price", "TokenCounts", "find_price"]

# The list would take `azure.ai.openai` for OpenAI itself, which has other prices.
_PROVIDERS = {"azure.ai.openai": "azure", "azure.ai.inference": "azure"}
_PROBE_TOKENS = 1_000_000
_HOUR_NS = 3_600_000_000_000


class TokenCounts(NamedTuple):  # Two of these a span: a frozen dataclass takes thrice the time.
    """Tokens of one call; the cached ones are part of `input`."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


class Price(NamedTuple):
    """What a call cost, in USD."""

    input_usd: float
    output_usd: float
    total_usd: float


@dataclass(frozen=True, slots=True)
class _Rates:
    """USD a token, and a call; linear in the counts."""

    call: float
    input: float
    cache_read: float
    cache_write: float
    output: float

    def price(self, counts: TokenCounts) -> Price:
        plain = counts.input - counts.cache_read - counts.cache_write
        input_usd = _exact(
            plain * self.input
            + counts.cache_read * self.cache_read
            + counts.cache_write * self.cache_write
        )
        output_usd = _exact(counts.output * self.output)
        return Price(input_usd, output_usd, _exact(input_usd + output_usd + self.call))


def find_price(
    provider: str | None, model: str, counts: TokenCounts, moment_ns: int
) -> Price | None:
    """The price of one call at `moment_ns`; None where the list does not know it.

    Unknown provider, unknown model and usage that contradicts itself (more cached tokens than
    tokens) all give None: a cost that can't be known is no 0.
    """
    if min(counts.input, counts.output, counts.cache_read, counts.cache_write) < 0:
        return None
    if counts.cache_read + counts.cache_write > counts.input:
        return None
    # Some prices change with the hour of the day, none within one.
    hour = moment_ns // _HOUR_NS
    rates = _rates(provider, model, hour)
    if rates is None:
        return None
    if isinstance(rates, _Rates):
        return rates.price(counts)
    return _stepped_price(rates, counts)


def _stepped_price(prices: ModelPrice, counts: TokenCounts) -> Price | None:
    try:
        return _calculate(prices, counts)
    except (LookupError, ValueError):
        return None


@lru_cache(maxsize=4096)
def _rates(provider: str | None, model: str, hour: int) -> _Rates | ModelPrice | None:
    """Rates; the price itself where it has steps; None where there is none."""
    provider = _PROVIDERS.get(provider, provider) if provider else None
    try:
        moment = dt.datetime.fromtimestamp(hour * 3600, dt.UTC)
        _, info = get_snapshot().find_provider_model(model, None, provider, None)
        prices = info.get_prices(moment)
        if any(isinstance(price, TieredPrices) for price in vars(prices).values()):
            return prices
        many = _PROBE_TOKENS
        call = _calculate(prices, TokenCounts(0, 0)).total_usd
        if prices.input_mtok is None and prices.output_mtok is None and not call:
            return None  # Priced by the second or the page: tokens say nothing about it.
        return _Rates(
            call=call,
            input=_calculate(prices, TokenCounts(many, 0)).input_usd / many,
            cache_read=_calculate(prices, TokenCounts(many, 0, cache_read=many)).input_usd / many,
            cache_write=_calculate(prices, TokenCounts(many, 0, cache_write=many)).input_usd / many,
            output=_calculate(prices, TokenCounts(0, many)).output_usd / many,
        )
    except (LookupError, ValueError, OverflowError):
        return None


def _calculate(prices: ModelPrice, counts: TokenCounts) -> Price:
    usage = Usage(
        input_tokens=counts.input,
        output_tokens=counts.output,
        cache_read_tokens=counts.cache_read,
        cache_write_tokens=counts.cache_write,
    )
    cost = prices.calc_price(usage)
    return Price(
        float(cost["input_price"]), float(cost["output_price"]), float(cost["total_price"])
    )


def _exact(usd: float) -> float:
    """`usd` without the dust of binary arithmetic, so that it equals the list's own decimals."""
    return float(f"{usd:.12g}")
