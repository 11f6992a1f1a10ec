"""What one OTLP trace request holds, whichever encoding it came in, and which project it is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weave_core import semconv
from weave_core.server.otlp.records import RawSpan
from weave_core.settings import DEFAULT_PROJECT

__all__ = ["MAX_PROJECT_NAME", "TraceRequest", "project_name"]

MAX_PROJECT_NAME = 200
"""Characters kept of a project's name."""

OPENINFERENCE_PROJECT = "openinference.project.name"
# What OpenTelemetry SDKs write when nobody named the service (resource semantic conventions).
_UNNAMED_SERVICE = "unknown_service"


@dataclass(slots=True)
class TraceRequest:
    """Decoded spans by project, and what was wrong with those that are not among them."""

    spans: dict[str, list[RawSpan]] = field(default_factory=dict)
    rejected: int = 0
    first_reason: str = ""
    """Why the first rejected span was; names it."""

    def reject(self, reason: str) -> None:
        """Count a span as refused."""
        self.rejected += 1
        if not self.first_reason:
            self.first_reason = reason

    @property
    def message(self) -> str:
        """Text for `partial_success`; empty when every span was taken."""
        if not self.rejected:
            return ""
        what = "1 span was" if self.rejected == 1 else f"{self.rejected} spans were"
        first = "" if self.rejected == 1 else "the first: "
        return f"{what} refused, do not send again; {first}{self.first_reason}"


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
    return value.strip()[:MAX_PROJECT_NAME] if isinstance(value, str) else ""
