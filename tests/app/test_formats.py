"""Numbers as people read them."""

import pytest

from weave_core.app import formats
from weave_core.model import Usage


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (None, ""),
        (0, "0 ms"),
        (0.0004, "0.4 µs"),
        (0.42, "420 µs"),
        (9.64, "9.6 ms"),
        (87.4, "87 ms"),
        (999.7, "1.00 s"),
        (1_240, "1.24 s"),
        (59_996, "1m 00s"),
        (187_000, "3m 07s"),
        (3_599_400, "59m 59s"),
        (7_500_000, "2h 05m"),
    ],
)
def test_durations_have_a_unit_that_fits(duration_ms: float | None, text: str) -> None:
    """Two or three digits and a unit; rounding never says `1000 ms` or `60 s`."""
    assert formats.duration(duration_ms) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, ""),
        (0.0, "$0"),
        (0.0000423, "$0.000042"),
        (0.00018, "$0.00018"),
        (0.031249, "$0.0312"),
        (12.5, "$12.50"),
        (4321.987, "$4,321.99"),
    ],
)
def test_money_keeps_the_digits_that_count(usd: float | None, text: str) -> None:
    """A tenth of a cent is not rounded to nothing, and unknown is not free."""
    assert formats.money(usd) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, ""), (0, "0"), (9_812, "9,812"), (48_321, "48.3k"), (1_203_000, "1.20M")],
)
def test_counts_are_short(number: int | None, text: str) -> None:
    """Four digits in full, more with a letter."""
    assert formats.count(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0001, "0.1 %"),
        (0.042, "4.2 %"),
        (0.12, "12 %"),
        (0.9999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, text: str) -> None:
    """One failure in ten thousand is not `0 %`, and one success is not `100 %` failed."""
    assert formats.percent(share) == text


def test_usage_in_words_names_the_parts() -> None:
    """Cached and reasoning tokens are parts of the two sums."""
    usage = Usage(input_tokens=1_200, output_tokens=80, cache_read_tokens=1_000)

    assert formats.usage_words(usage) == "1,200 input (1,000 cached), 80 output"
    assert formats.usage_words(None) == ""
