"""Numbers as people read them; pure functions, no Streamlit."""

import math

from weave_core.model import Usage

__all__ = ["count", "duration", "file_size", "money", "percent", "status_word", "usage_words"]

_MS_PER_S = 1_000
_MS_PER_HOUR = 3_600_000
_CENT = 0.01
_KIB = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_THOUSAND = 10_000
_MILLION = 1_000_000
_STATUS_WORDS = {"error": "failed", "pending": "running", "unset": "done", "ok": "done, marked ok"}


def duration(duration_ms: float | None) -> str:
    """`420 µs`, `87 ms`, `1.24 s`, `3m 07s`, `2h 05m`; empty when it is not known.

    The limits lie where rounding would reach the next unit: nothing says `1000 ms` or `60.00 s`.
    """
    if duration_ms is None:
        return ""
    if duration_ms == 0:
        return "0 ms"
    steps = ((0.00995, 1e3, 1, "µs"), (0.9995, 1e3, 0, "µs"), (9.95, 1, 1, "ms"),
             (999.5, 1, 0, "ms"), (59_995, 1e-3, 2, "s"))  # fmt: skip
    for limit, factor, digits, unit in steps:
        if duration_ms < limit:
            return f"{duration_ms * factor:.{digits}f} {unit}"
    seconds = int(duration_ms / _MS_PER_S + 0.5)
    if duration_ms < _MS_PER_HOUR:
        return f"{seconds // 60}m {seconds % 60:02d}s"
    return f"{seconds // 3600}h {seconds // 60 % 60:02d}m"


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


def file_size(size_bytes: int) -> str:
    """`0 B`, `812 B`, `4.2 KiB`, `1.3 GiB`."""
    if size_bytes < _KIB:
        return f"{size_bytes} B"
    power = min(int(math.log(size_bytes, _KIB)), len(_UNITS) - 1)
    # Where rounding would reach the next unit, that is said.
    power += power < len(_UNITS) - 1 and round(size_bytes / _KIB**power, 1) >= _KIB
    return f"{size_bytes / _KIB**power:.1f} {_UNITS[power]}"


def percent(share: float) -> str:
    """`0 %`, `0.4 %`, `12 %`: a share from 0 to 1, never rounded down to none or up to all."""
    if 0 < share < 0.1:  # noqa: PLR2004  # Ten per cent and more need no digit after the point.
        return f"{max(share * 100, 0.1):.1f} %"
    return "99.9 %" if 0.995 < share < 1 else f"{share * 100:.0f} %"  # noqa: PLR2004


def status_word(status: str) -> str:
    """`failed`, `running` or `done`: most senders leave the status of a good end unset."""
    return _STATUS_WORDS.get(status, status)


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
    digits = 1 - math.floor(math.log10(abs(number)))
    return f"{number:.{digits}f}"
