"""One OpenTelemetry span per call that LlamaIndex's dispatcher tells of.

A call begins and ends with `span_enter` and `span_exit`; a stream is only handed out there, and
ends with an event that names the call.
"""

import inspect
import re
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Any

from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.tools.types import BaseTool
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer
from workflows import Workflow

from weave_core import semconv
from weave_core.integrations import _llama_index_values as values
from weave_core.integrations._content import get
from weave_core.integrations._genai import Attributes, set_given
from weave_core.tracing.content import content_json
from weave_core.tracing.failures import guarded
from weave_core.tracing.outcomes import record_error

__all__ = ["Calls", "EventHandler", "SpanHandler"]

MAX_OPEN_CALLS = 10_000
"""LlamaIndex calls that have begun and not ended; beyond that the oldest end as they are."""

_UUID_LENGTH = 37
"""With the hyphen before it."""
_RERANKING = "_postprocess_nodes"
_ASKING = re.compile(r"a?(?:stream_)?(chat|complete)")
_OPERATIONS = {"chat": "chat", "complete": "text_completion"}
_END_EVENTS = {"LLMChatEndEvent", "LLMCompletionEndEvent"}
_PROGRESS_EVENTS = {"LLMChatInProgressEvent", "LLMCompletionInProgressEvent"}


@dataclass
class _Plan:
    """What to make of a call."""

    name: str
    begin: Callable[[], Attributes]
    end: Callable[[Any], Attributes]
    kind: SpanKind = SpanKind.INTERNAL
    is_model: bool = False
    call_id: str | None = None
    """Of the tool call that this step carries out."""


@dataclass
class _Open:
    span: Span
    plan: _Plan
    previous: Context
    started: float
    last: Any = None
    """Of a stream: the newest piece."""
    reason: str | None = None


class Calls:
    """The calls that have begun and not ended, by LlamaIndex's id."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[str, _Open] = {}
        # A stream may be collected, and so ended, while this thread holds the lock.
        self._lock = threading.RLock()

    @guarded
    def begin(
        self, call_id: str, bound: inspect.BoundArguments, instance: Any, parent: str | None
    ) -> None:
        """A call begins; its span is current for what it calls."""
        outer = self._open.get(parent) if parent else None
        plan = _plan(call_id, bound, instance, outer.plan.call_id if outer else None)
        if plan is None:
            return
        span = self._tracer.start_span(plan.name, kind=plan.kind)
        if span.is_recording():
            set_given(span, plan.begin())
        previous = otel_context.get_current()
        otel_context.attach(trace.set_span_in_context(span))
        opened = _Open(span, plan, previous, time.perf_counter())
        with self._lock:
            self._open[call_id] = opened
            full = len(self._open) > MAX_OPEN_CALLS
            lost = self._open.pop(next(iter(self._open))) if full else None
        if lost is not None:
            lost.span.end()

    @guarded
    def exit(self, call_id: str, result: Any) -> None:
        """A call returned; a model's stream goes on until its events say that it ended."""
        opened = self._open.get(call_id)
        if opened is None:
            return
        _put_back(opened)
        if opened.plan.is_model and isinstance(result, Generator | AsyncGenerator):
            opened.span.set_attribute(semconv.GEN_AI_REQUEST_STREAM, True)
            # One that is dropped unread or half read gives no event.
            weakref.finalize(result, self._leave, call_id).atexit = False
        else:
            self._end(call_id, lambda call: set_given(call.span, call.plan.end(result)))

    @guarded
    def fail(self, call_id: str, error: BaseException | None) -> None:
        """A call, or the reading of its stream, raised."""
        opened = self._open.get(call_id)
        if opened is None:
            return
        _put_back(opened)
        if isinstance(error, GeneratorExit):
            self._leave(call_id)
        else:
            self._end(call_id, lambda call: record_error(call.span, error) if error else None)

    @guarded
    def event(self, event: Any) -> None:
        """A piece of a stream, its end or its failure; all else the calls themselves tell."""
        name = event.class_name()
        if name not in _PROGRESS_EVENTS | _END_EVENTS | {"ExceptionEvent"}:
            return
        opened = self._open.get(event.span_id or "")
        if opened is None or not opened.plan.is_model:
            return
        if name == "ExceptionEvent":
            self.fail(event.span_id, event.exception)
        elif name in _PROGRESS_EVENTS:
            _piece(opened, event.response)
        elif opened.last is not None:
            # Of a call that is no stream the result is told by its exit.
            opened.last = event.response or opened.last
            self._leave(event.span_id)

    def close(self) -> None:
        """End all that are open."""
        for call_id in list(self._open):
            self._leave(call_id)

    @guarded
    def _leave(self, call_id: str) -> None:
        """End with what a stream has brought until now."""

        def told(call: _Open) -> None:
            if call.last is not None:
                set_given(call.span, values.answer_attributes(call.last, call.reason))

        self._end(call_id, told)

    def _end(self, call_id: str, record: Callable[[_Open], None]) -> None:
        with self._lock:
            opened = self._open.pop(call_id, None)
        if opened is None:
            return
        try:
            if opened.span.is_recording():
                record(opened)
        finally:
            opened.span.end()


def _plan(
    call_id: str, bound: inspect.BoundArguments, instance: Any, tool_call_id: str | None
) -> _Plan | None:
    """What to make of a call; None for what only stands between two calls that are told."""
    name = call_id[:-_UUID_LENGTH]
    method = name.rpartition(".")[2]
    arguments = bound.arguments
    if isinstance(instance, BaseLLM) and (asked := _ASKING.fullmatch(method)):
        return _model_plan(asked[1], instance, arguments)
    if isinstance(instance, BaseEmbedding) and "embedding" in method and method[0] != "_":
        return _Plan(
            f"embeddings {values.model_name(instance) or type(instance).__name__}",
            lambda: values.embedding_attributes(instance, arguments),
            values.embedding_result,
            SpanKind.CLIENT,
        )
    if isinstance(instance, BaseRetriever) and method in {"retrieve", "aretrieve"}:
        return _Plan(
            f"retrieval {type(instance).__name__}",
            lambda: values.query_attributes(arguments),
            values.documents_attributes,
        )
    if isinstance(instance, BaseTool):
        return _tool_plan(method, instance, arguments, tool_call_id)
    if isinstance(instance, Workflow) and method == "run":
        return _run_plan(instance, arguments)
    if method.startswith("_") and method not in {_RERANKING, "__call__"}:
        return None
    return _other_plan(name, method, instance, arguments)


def _model_plan(method: str, instance: Any, arguments: dict[str, Any]) -> _Plan:
    operation = _OPERATIONS[method]
    return _Plan(
        f"{operation} {values.model_name(instance) or type(instance).__name__}",
        lambda: values.model_attributes(instance, operation, arguments),
        values.answer_attributes,
        SpanKind.CLIENT,
        is_model=True,
    )


def _tool_plan(
    method: str, instance: Any, arguments: dict[str, Any], tool_call_id: str | None
) -> _Plan | None:
    if method != "acall" and method != ("call" if hasattr(instance, "call") else "__call__"):
        return None
    return _Plan(
        f"execute_tool {instance.metadata.name}",
        lambda: values.tool_attributes(instance, arguments, tool_call_id),
        values.tool_result,
    )


def _run_plan(instance: Any, arguments: dict[str, Any]) -> _Plan | None:
    if "start_event" not in arguments:
        return None  # The call that only starts the run, and returns at once.
    is_agent = isinstance(instance, BaseWorkflowAgent)
    operation = "invoke_agent" if is_agent else "invoke_workflow"
    named = instance.name if is_agent else type(instance).__name__
    named_by = semconv.GEN_AI_AGENT_NAME if is_agent else semconv.GEN_AI_WORKFLOW_NAME
    return _Plan(
        f"{operation} {named}",
        lambda: {
            semconv.GEN_AI_OPERATION_NAME: operation,
            named_by: named,
            semconv.INPUTS: content_json(values.plain(arguments["start_event"])),
        },
        _outputs,
    )


def _other_plan(name: str, method: str, instance: Any, arguments: dict[str, Any]) -> _Plan:
    is_engine = isinstance(instance, BaseQueryEngine)
    is_step = instance is None and any(hasattr(value, "_data") for value in arguments.values())
    kind = "task" if is_step else "chain"
    if method == _RERANKING and "rank" in type(instance).__name__.lower():
        kind = "reranker"
    given = {key: value for key, value in arguments.items() if key not in {"self", "ctx"}}
    calls = [value for value in given.values() if hasattr(value, "tool_kwargs")]
    call_id = get(calls[0], "tool_id") if is_step and calls else None
    query = values.query_text(arguments) if is_engine else None
    return _Plan(
        name,
        lambda: {semconv.KIND: kind, semconv.INPUTS: content_json(query or values.plain(given))},
        _outputs,
        call_id=call_id,
    )


def _outputs(result: Any) -> Attributes:
    if isinstance(result, Generator | AsyncGenerator):
        return {}
    return {semconv.OUTPUTS: content_json(values.plain(result))}


def _piece(opened: _Open, response: Any) -> None:
    if opened.last is None:
        elapsed = time.perf_counter() - opened.started
        opened.span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, elapsed)
    opened.last = response
    opened.reason = values.finish_reason(get(response, "raw")) or opened.reason


def _put_back(opened: _Open) -> None:
    """Make current what was; where the call ends in another task there is nothing to put back."""
    if trace.get_current_span() is opened.span:
        otel_context.attach(opened.previous)


class SpanHandler(BaseSpanHandler[Any]):
    """Hands LlamaIndex's calls on to `Calls`; keeps none of them itself."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    def span_enter(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,  # noqa: ARG002  # LlamaIndex's signature.
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """A call begins."""
        self._calls.begin(id_, bound_args, instance, parent_id)

    def span_exit(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002  # LlamaIndex's signature.
        instance: Any = None,  # noqa: ARG002
        result: Any = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """It returned."""
        self._calls.exit(id_, result)

    def span_drop(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002  # LlamaIndex's signature.
        instance: Any = None,  # noqa: ARG002
        err: BaseException | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> None:
        """It raised."""
        self._calls.fail(id_, err)

    def close(self) -> None:
        """End what is open."""
        self._calls.close()

    def new_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: `span_enter` is ours."""

    def prepare_to_exit_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: `span_exit` is ours."""

    def prepare_to_drop_span(self, *args: Any, **kwargs: Any) -> None:
        """Not used: `span_drop` is ours."""


class EventHandler(BaseEventHandler):
    """Hands the events of streams on to `Calls`."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    def handle(self, event: Any, **kwargs: Any) -> None:  # noqa: ARG002  # LlamaIndex's signature.
        """Take one event."""
        self._calls.event(event)
