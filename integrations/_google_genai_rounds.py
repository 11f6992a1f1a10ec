"""The requests inside one call of google-genai, which runs functions and asks the model again.

OpenTelemetry's instrumentation makes one span of all of it, with the tokens of the last answer
alone.  From the second request on each becomes a span below that one, which turns into an agent's:
what it reports is one of its children's.  A call that asks once has the one span that it had.
"""

import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from weave_core import semconv
from weave_core.integrations import _patching
from weave_core.integrations._content import (
    as_list,
    get,
    media,
    messages_json,
    other,
    text,
    tool_call,
    tool_response,
)
from weave_core.integrations._genai import Attributes, set_given
from weave_core.tracing.failures import warn_once
from weave_core.tracing.outcomes import record_error
from weave_core.versions import package_version

__all__ = ["unwatch", "watch"]

_SCOPE = "opentelemetry.instrumentation.google_genai"
_OPERATION = "generate_content"
_ONE, _STREAM = "_generate_content", "_generate_content_stream"
"""What every request goes through; the public methods loop over them."""


def watch(*, shows_content: bool) -> None:
    """Look at each request of both clients; calling it again changes nothing.

    Args:
        shows_content: Whether spans tell what was said.
    """
    from google.genai import models  # Late: the library is an extra.

    to_contents = models.t.t_contents  # type: ignore[attr-defined]  # Not exported by name.
    watcher = _Watcher(to_contents if shows_content else None)
    makers: list[tuple[type, str, Callable[..., Callable[..., Any]]]] = [
        (models.Models, _ONE, watcher.one),
        (models.Models, _STREAM, watcher.stream),
        (models.AsyncModels, _ONE, watcher.one_async),
        (models.AsyncModels, _STREAM, watcher.stream_async),
    ]
    for owner, name, make in makers:
        if name in vars(owner):  # Not public: another version may do it in another way.
            _patching.wrap(owner, name, make)


def unwatch() -> None:
    """Look no more."""
    from google.genai import models  # As above.

    for owner in (models.Models, models.AsyncModels):
        for name in (_ONE, _STREAM):
            _patching.unwrap(owner, name)


class _Watcher:
    """Wraps the methods that send a request."""

    def __init__(self, to_contents: Callable[[Any], Any] | None) -> None:
        self._to_contents = to_contents
        """Makes a list of all that the SDK takes as contents; None: they are not shown."""
        self._first: WeakKeyDictionary[Span, _Request | None] = WeakKeyDictionary()
        """Span of a call to its only request so far; None: there were several."""

    def one(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """For a plain method."""

        def send(models: Any, *args: Any, **kwargs: Any) -> Any:
            with self._begin(models, kwargs) as request:
                return request.heard(original(models, *args, **kwargs))

        return send

    def one_async(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """For a coroutine."""

        async def send(models: Any, *args: Any, **kwargs: Any) -> Any:
            with self._begin(models, kwargs) as request:
                return request.heard(await original(models, *args, **kwargs))

        return send

    def stream(self, original: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """For a generator."""

        def send(models: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with (
                self._begin(models, kwargs) as request,
                closing(original(models, *args, **kwargs)) as chunks,
            ):
                for chunk in chunks:
                    yield request.heard(chunk)

        return send

    def stream_async(
        self, original: Callable[..., Awaitable[AsyncIterator[Any]]]
    ) -> Callable[..., Awaitable[AsyncIterator[Any]]]:
        """For a coroutine that gives an asynchronous generator."""

        async def send(models: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            request = self._begin(models, kwargs)
            try:
                chunks = await original(models, *args, **kwargs)
            except BaseException as error:
                request.end(error)
                raise
            return _tapped(chunks, request)

        return send

    def _begin(self, models: Any, asked: dict[str, Any]) -> "_Request":
        request = _Request()
        try:
            outer = trace.get_current_span()
            scope = get(outer, "instrumentation_scope")
            if outer.is_recording() and get(scope, "name") == _SCOPE:
                request.learn(outer, models, asked)
                self._count(outer, request)
        except Exception as error:  # noqa: BLE001  # Our failure must not become the user's call's.
            warn_once("google-genai", "could not record a request", error=error)
        return request

    def _count(self, outer: Span, request: "_Request") -> None:
        request.to_contents = self._to_contents
        if outer not in self._first:
            self._first[outer] = request
            return
        first, self._first[outer] = self._first[outer], None
        if first is not None:
            first.write()
            outer.set_attribute(semconv.KIND, "agent")
        request.is_told = True


async def _tapped(chunks: AsyncIterator[Any], request: "_Request") -> AsyncIterator[Any]:
    with request:
        async for chunk in chunks:
            yield request.heard(chunk)


class _Request(AbstractContextManager["_Request"]):
    """One request to the model, and what came back; it is over with its block."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        """The answer, or its pieces."""
        self.is_told = False
        """Whether it becomes a span at its end."""
        self.to_contents: Callable[[Any], Any] | None = None
        self._outer: Span | None = None
        self._facts: Attributes = {}
        self._contents: Any = None
        self._started_ns, self._ended_ns = time.time_ns(), 0

    def learn(self, outer: Span, models: Any, asked: dict[str, Any]) -> None:
        """Note what is asked for, within the call whose span is `outer`."""
        self._outer = outer
        contents = asked.get("contents")
        # The SDK adds to the list that it sends; what is in it stays.
        self._contents = list(contents) if isinstance(contents, list) else contents
        is_vertex = bool(get(models, "vertexai") or get(get(models, "_api_client"), "vertexai"))
        self._facts = {
            semconv.GEN_AI_OPERATION_NAME: _OPERATION,
            semconv.GEN_AI_PROVIDER_NAME: "gcp.vertex_ai" if is_vertex else "gcp.gemini",
            semconv.GEN_AI_REQUEST_MODEL: asked.get("model"),
        }

    def heard(self, answer: Any) -> Any:
        """Take an answer, or a piece of one, and give it back."""
        if self._outer is not None:
            self.answers.append(answer)
        return answer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Note that it is over; with what was raised to the user."""
        self._ended_ns = time.time_ns()
        if self.is_told:
            self.write(None if isinstance(error, GeneratorExit) else error)

    def write(self, error: BaseException | None = None) -> None:
        """Make it a span."""
        if self._outer is None:
            return
        try:
            tracer = trace.get_tracer("weave_core.integrations.google_genai", package_version())
            span = tracer.start_span(
                f"{_OPERATION} {self._facts[semconv.GEN_AI_REQUEST_MODEL]}",
                trace.set_span_in_context(self._outer),
                SpanKind.CLIENT,
                start_time=self._started_ns,
            )
            set_given(span, {**self._facts, **self._answered()})
            if error is not None:
                record_error(span, error)
            span.end(self._ended_ns or None)
        except Exception as broken:  # noqa: BLE001  # As above.
            warn_once("google-genai", "could not record a request", error=broken)

    def _answered(self) -> Attributes:
        usage = next((found for each in self.answers[::-1] if (found := each.usage_metadata)), None)
        last = self.answers[-1] if self.answers else None
        reasons = [
            each.finish_reason.value.lower()
            for answer in self.answers
            for each in answer.candidates or []
            if each.finish_reason is not None
        ]
        thoughts = get(usage, "thoughts_token_count")
        output = get(usage, "candidates_token_count")
        if thoughts is not None:  # Gemini leaves them out of the other one.
            output = (output or 0) + thoughts
        return {
            semconv.GEN_AI_RESPONSE_ID: get(last, "response_id"),
            semconv.GEN_AI_RESPONSE_MODEL: get(last, "model_version"),
            semconv.GEN_AI_RESPONSE_FINISH_REASONS: reasons or None,
            semconv.GEN_AI_USAGE_INPUT_TOKENS: get(usage, "prompt_token_count"),
            semconv.GEN_AI_USAGE_OUTPUT_TOKENS: output,
            semconv.GEN_AI_USAGE_CACHE_READ: get(usage, "cached_content_token_count"),
            semconv.GEN_AI_USAGE_REASONING: thoughts,
            **self._said(),
        }

    def _said(self) -> Attributes:
        if self.to_contents is None:
            return {}
        parts = [
            part
            for answer in self.answers
            for candidate in (answer.candidates or [])[:1]
            for part in _parts(candidate.content)
        ]
        asked = [
            {"role": _ROLES.get(each.role, "user"), "parts": _parts(each)}
            for each in self.to_contents(self._contents)
        ]
        answered = [{"role": "assistant", "parts": _joined(parts)}] if parts else None
        return {
            semconv.GEN_AI_INPUT_MESSAGES: messages_json(asked),
            semconv.GEN_AI_OUTPUT_MESSAGES: messages_json(answered),
        }


_ROLES = {"model": "assistant", "function": "tool", "tool": "tool"}


def _parts(content: Any) -> list[dict[str, Any]]:
    return [_part(part) for part in as_list(get(content, "parts"))]


def _part(part: Any) -> dict[str, Any]:
    if (said := get(part, "text")) is not None:
        return {"type": "reasoning", "content": said} if get(part, "thought") else text(said)
    if call := get(part, "function_call"):
        return tool_call(call.id, call.name, call.args)
    if answer := get(part, "function_response"):
        return {**tool_response(answer.id, answer.response), "name": answer.name}
    if inline := get(part, "inline_data"):
        return media(base64.b64encode(inline.data or b"").decode(), inline.mime_type)
    if file := get(part, "file_data"):
        return {"type": "uri", "mime_type": file.mime_type, "uri": file.file_uri}
    return {"type": "generic", **other(part)}


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pieces of a stream as one part where they are of one kind."""
    joined: list[dict[str, Any]] = []
    for part in parts:
        before = joined[-1] if joined else {}
        if before.get("type") == part["type"] and part["type"] in {"text", "reasoning"}:
            before["content"] += part["content"]
        elif part.get("content") != "":
            joined.append(part)
    return joined
