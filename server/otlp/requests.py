"""What one OTLP request holds, whichever encoding it came in, and which project it is for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from weave_core import semconv
from weave_core.server.otlp.records import RawLog, RawPoint, RawSpan
from weave_core.settings import DEFAULT_PROJECT

__all__ = [
    "MAX_PROJECT_NAME",
    "WHOLE",
    "EncodedRequest",
    "LogRequest",
    "MetricRequest",
    "Share",
    "TelemetryRequest",
    "TraceRequest",
    "project_name",
]

MAX_PROJECT_NAME = 200
"""Characters kept of a project's name."""

OPENINFERENCE_PROJECT = "openinference.project.name"
# What OpenTelemetry SDKs write when nobody named the service (resource semantic conventions).
_UNNAMED_SERVICE = "unknown_service"


T = TypeVar("T")


class Share(NamedTuple):
    """A part of the items of a request, so that several can decode one at the same time."""

    first: float
    end: float
    """Both as shares of all items, in their order."""

    def of(self, items: Iterable[T]) -> Iterable[T]:
        """Those of `items` that are in it."""
        if self == WHOLE:
            return items
        listed = list(items)
        return listed[round(self.first * len(listed)) : round(self.end * len(listed))]


WHOLE = Share(0.0, 1.0)


@dataclass(slots=True)
class TelemetryRequest:
    """What all requests have: what was wrong with the items that are not among the decoded."""

    rejected: int = 0
    first_reason: str = ""
    """Why the first rejected item was; names it."""

    noun: ClassVar[tuple[str, str]] = ("item", "items")

    def reject(self, reason: str, count: int = 1) -> None:
        """Count items as refused."""
        self.rejected += count
        if not self.first_reason:
            self.first_reason = reason

    @property
    def message(self) -> str:
        """Text for `partial_success`; empty when every item was taken."""
        if not self.rejected:
            return ""
        one, many = self.noun
        what = f"1 {one} was" if self.rejected == 1 else f"{self.rejected} {many} were"
        first = "" if self.rejected == 1 else "the first: "
        return f"{what} refused, do not send again; {first}{self.first_reason}"


@dataclass(slots=True)
class TraceRequest(TelemetryRequest):
    """Decoded spans by project."""

    spans: dict[str, list[RawSpan]] = field(default_factory=dict)
    span_count: int = 0
    """How many were taken, also when only their rows came from another process."""

    noun: ClassVar[tuple[str, str]] = ("span", "spans")


@dataclass(slots=True)
class LogRequest(TelemetryRequest):
    """Decoded log records by project."""

    records: dict[str, list[RawLog]] = field(default_factory=dict)

    noun: ClassVar[tuple[str, str]] = ("log record", "log records")


@dataclass(slots=True)
class MetricRequest(TelemetryRequest):
    """Decoded metric points by project."""

    points: dict[str, list[RawPoint]] = field(default_factory=dict)

    noun: ClassVar[tuple[str, str]] = ("data point", "data points")


R = TypeVar("R", bound=TelemetryRequest)


@dataclass(frozen=True, slots=True)
class EncodedRequest(Generic[R]):
    """A request that is yet to be decoded; called, it is."""

    decode: Callable[..., R]
    """From the body and `header_project`; of some signals also a `Share`."""
    body: bytes
    header_project: str | None = None
    """As in `project_name`."""

    def __call__(self) -> R:
        """Decode it.

        Raises:
            BadRequest: If the body is none.
        """
        return self.decode(self.body, self.header_project)


def project_name(resource: Mapping[str, Any], header: str | None) -> str:
    """The project that spans of `resource` go to.

    Args:
        resource: Its attributes.
        header: `x-weave-project` of the request, or the same from gRPC metadata.
    """
    service = _text(resource.get(semconv.SERVICE_NAME))
    if service.partition(":")[0] == _UNNAMED_SERVICE:
        service = ""
    return (
        _text(resource.get(semconv.PROJECT))
        or _text(header)
        or _text(resource.get(OPENINFERENCE_PROJECT))
        or service
        or DEFAULT_PROJECT
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    # Half a surrogate pair is no UTF-8, and PostgreSQL has no NUL.
    name = value.encode("utf-8", "replace").decode().replace("\0", "")
    return name.strip()[:MAX_PROJECT_NAME]
