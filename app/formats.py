"""Numbers as people read them; pure functions, no Streamlit."""

from weave_core.model import Usage

__all__ = ["count", "duration", "money", "percent", "short_id", "usage_words"]

_MS_PER_S = 1_000
_MS_PER_MINUTE = 60_000
_MS_PER_HOUR = 3_600_000
_CENT = 0.01
_THOUSAND = 10_000
_MILLION = 1_000_000


def duration(duration_ms: float | None) -> str:
    """`0.42 ms`, `87 ms`, `1.24 s`, `3m 07s`, `2h 05m`; empty when it is not known."""
    if duration_ms is None:
        return ""
    if duration_ms < 10:  # noqa: PLR2004  # Below it a digit after the point still says something.
        return f"{duration_ms:.2g} ms"
    if duration_ms < _MS_PER_S:
        return f"{duration_ms:.0f} ms"
    if duration_ms < _MS_PER_MINUTE:
        return f"{duration_ms / _MS_PER_S:.2f} s"
    if duration_ms < _MS_PER_HOUR:
        minutes, rest = divmod(duration_ms, _MS_PER_MINUTE)
        return f"{minutes:.0f}m {int(rest // _MS_PER_S):02d}s"
    hours, rest = divmod(duration_ms, _MS_PER_HOUR)
    return f"{hours:.0f}h {int(rest // _MS_PER_MINUTE):02d}m"


def money(usd: float | None) -> str:
    """`$0.000042`, `$0.0312`, `$12.50`; empty when it is not known, for unknown is not free."""
    if usd is None:
        return ""
    if usd == 0:
        return "$0"
    if abs(usd) < _CENT:
        return f"${_plain(usd)}"
    return f"${usd:.4f}" if abs(usd) < 1 else f"${usd:,.2f}"


def count(number: int | None) -> str:
    """`9,812`, `48.3k`, `1.20M`; empty when it is not known."""
    if number is None:
        return ""
    if number < _THOUSAND:
        return f"{number:,}"
    return f"{number / 1_000:.1f}k" if number < _MILLION else f"{number / _MILLION:.2f}M"


def percent(share: float) -> str:
    """`0 %`, `0.4 %`, `12 %`: a share from 0 to 1, never rounded down to none or up to all."""
    if 0 < share < 0.1:  # noqa: PLR2004  # Ten per cent and more need no digit after the point.
        return f"{max(share * 100, 0.1):.1f} %"
    return "99.9 %" if 0.995 < share < 1 else f"{share * 100:.0f} %"  # noqa: PLR2004


def short_id(identifier: str) -> str:
    """The first eight characters, enough to tell two ids on one screen apart."""
    return identifier[:8]


def usage_words(usage: Usage | None) -> str:
    """Tokens in words, for a tooltip; sub-counts in brackets."""
    if usage is None:
        return ""
    parts = [
        _part("input", usage.input_tokens, ("cached", usage.cache_read_tokens)),
        _part("output", usage.output_tokens, ("reasoning", usage.reasoning_tokens)),
    ]
    return ", ".join(part for part in parts if part)


def _part(name: str, tokens: int | None, inner: tuple[str, int | None]) -> str:
    if tokens is None:
        return ""
    word, within = inner
    return f"{tokens:,} {name}" + (f" ({within:,} {word})" if within else "")


def _plain(number: float) -> str:
    """Two digits that count, without an exponent: 0.000042."""
    return f"{number:.10f}".rstrip("0") if abs(number) < 1e-8 else _two_digits(number)  # noqa: PLR2004


def _two_digits(number: float) -> str:
    text = f"{number:.2g}"
    return f"{float(text):.10f}".rstrip("0") if "e" in text else text
