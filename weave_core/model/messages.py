"""Messages of a model call, in the parts of the OpenTelemetry GenAI conventions.

Source: open-telemetry/semantic-conventions-genai, `docs/gen-ai/non-normative/models.py`.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from weave_core.model.values import Value

__all__ = ["Message", "Messages", "Part"]


class Part(BaseModel):
    """One part of a message; which fields it has depends on `type`, and all are kept.

    `text` and `reasoning` have `content`; `tool_call` has `id`, `name`, `arguments`;
    `tool_call_response` has `id`, `response`; `blob` has `mime_type` and `digest` or `data`
    (base64); `uri` has `mime_type`, `uri`; any other type is kept as it came.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    content: Any = None
    id: str | None = None
    name: str | None = None
    arguments: Any = None
    response: Any = None
    mime_type: str | None = None
    digest: str | None = None
    data: str | None = None
    uri: str | None = None


class Message(Value):
    """Who said what."""

    role: str
    """`system`, `user`, `assistant` or `tool`; senders may write others."""
    parts: list[Part] = []
    name: str | None = None
    finish_reason: str | None = None


class Messages(Value):
    """What a model was told and what it answered."""

    system: list[Part] = []
    input: list[Message] = []
    output: list[Message] = []
    """One message per choice."""
