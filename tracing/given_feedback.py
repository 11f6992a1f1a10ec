"""The way of feedback to the server.

Not part of telemetry: what is judged may be long over, and somebody else's.  So it goes there at
once, and the caller is told if it could not.
"""

from typing import TYPE_CHECKING

from weave_core.errors import ConfigError
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE
from weave_core.tracing.lifecycle import settings_in_force

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.model import Feedback, FeedbackSource

__all__ = ["give"]


def give(
    target: dict[str, str | None],
    name: str,
    value: float | None,
    *,
    label: str | None = None,
    text: str | None = None,
    source: "FeedbackSource" = "code",
    author: str | None = None,
    id: str | None = None,  # noqa: A002  # What it is called in the API.
    project: str | None = None,
    client: "Client | None" = None,
) -> "Feedback":
    """Send feedback on `target`, as `weave_core.feedback` says it."""
    from weave_core.client import Client  # Late: it loads httpx and pydantic.

    settings = settings_in_force()
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if client is None and endpoint == OFFLINE:
        raise ConfigError(
            f"feedback is kept on a server, and the endpoint is {endpoint!r}",
            "start one with `weave-core up`, or give client=Client(URL)",
        )
    there = client or Client(endpoint, api_key=settings.api_key)
    try:
        return there.add_feedback(
            project or settings.project,
            name,
            value,
            label=label,
            text=text,
            source=source,
            author=author,
            feedback_id=id,
            **target,
        )
    finally:
        if there is not client:
            there.close()
