"""What a log record said, beside the columns of its row, as the JSON that is stored of it."""

from typing import Any, NamedTuple

from weave_core.server.otlp.records import RawLog
from weave_core.server.store.payloads import read_values, values_json

__all__ = ["LogValues", "log_json", "read_log"]


class LogValues(NamedTuple):
    """The fields in the order that they are stored in; the last two only where they say more."""

    severity_text: str
    event_name: str
    body: Any
    attributes: dict[str, Any]
    observed_ns: int
    dropped_attributes: int
    flags: int = 0
    sent_ns: int | None = None


def log_json(raw: RawLog, time_ns: int) -> bytes:
    """The text of `raw`, whose row has `time_ns`; the same record gives the same bytes."""
    said: tuple[Any, ...] = (
        raw.severity_text,
        raw.event_name,
        raw.body,
        raw.attributes,
        raw.observed_ns,
        raw.dropped_attributes,
    )
    if raw.sent_ns != time_ns:
        said += (raw.flags, raw.sent_ns)
    elif raw.flags:
        said += (raw.flags,)
    return values_json(said)


def read_log(text: bytes) -> LogValues:
    """What `log_json` wrote; `sent_ns` is None where it is the row's."""
    return LogValues(*read_values(text))
