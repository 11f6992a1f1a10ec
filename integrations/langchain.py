"""Trace LangChain and LangGraph: every run, or those that are handed a `WeaveCallbackHandler`.

    import weave_core.integrations.langchain as langchain_tracing

    langchain_tracing.instrument()  # Every run from now on.  Or one that is handed the handler:
    graph.invoke(state, config={"callbacks": [langchain_tracing.WeaveCallbackHandler()]})

Chains, graph nodes, models, tools and retrievers become spans of one tree.  Where the model's own
SDK is traced as well, the server sees by the reply's id that two spans are one call.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from weave_core import semconv
from weave_core.errors import MissingExtra
from weave_core.integrations import _langchain_values as values
from weave_core.integrations._content import get
from weave_core.integrations._genai import query_facts, set_given, tool_call_facts
from weave_core.tracing.content import content_json
from weave_core.tracing.failures import warn_once
from weave_core.tracing.outcomes import record_error
from weave_core.versions import package_version

try:
    from langchain_core.callbacks import BaseCallbackHandler
except ModuleNotFoundError as error:
    raise MissingExtra(
        "tracing LangChain needs the package langchain-core, which is not installed",
        'pip install "weave-core[langchain]"',
    ) from error

__all__ = ["WeaveCallbackHandler", "instrument", "uninstrument"]

MAX_OPEN_RUNS = 10_000
"""Runs that have begun and not ended; beyond that the oldest are ended as they are."""


@dataclass
class _Run:
    span: Span
    previous: Context | None
    """What was current before; None where the run was not made current."""


class WeaveCallbackHandler(BaseCallbackHandler):
    """Makes a span of each run; one handler may serve many runs at once, in any thread.

    Example:
        >>> chain.invoke(question, config={"callbacks": [WeaveCallbackHandler()]})
    """

    run_inline = True
    """Called in the task of the run itself: what it calls then finds its span as the current."""

    def __init__(self) -> None:
        super().__init__()
        self._tracer = trace.get_tracer("weave_core.integrations.langchain", package_version())
        self._runs: dict[UUID, _Run] = {}
        self._lock = threading.Lock()

    def on_chain_start(self, serialized: Any, inputs: Any, **told: Any) -> None:
        """A chain, a graph or one of its nodes begins."""
        kind = "workflow" if told.get("parent_run_id") is None else "chain"
        self._begin(
            values.name_of(serialized, told),
            told,
            lambda: {semconv.KIND: kind, semconv.INPUTS: content_json(values.plain(inputs))},
        )

    def on_chain_end(self, outputs: Any, **told: Any) -> None:
        """It ends."""
        self._end(told, lambda: {semconv.OUTPUTS: content_json(values.plain(outputs))})

    def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> None:
        """A chat model is asked."""
        attributes = values.model_attributes(told)
        model = attributes.get(semconv.GEN_AI_REQUEST_MODEL) or values.name_of(serialized, told)
        self._begin(
            f"chat {model}",
            told,
            lambda: {**attributes, **values.input_messages(messages)},
            kind=SpanKind.CLIENT,
        )

    def on_llm_start(self, serialized: Any, prompts: Sequence[str], **told: Any) -> None:
        """A model that completes text is asked."""
        attributes = values.model_attributes(told)
        self._begin(
            values.name_of(serialized, told),
            told,
            lambda: {**attributes, **values.input_prompts(prompts)},
            kind=SpanKind.CLIENT,
        )

    def on_llm_end(self, response: Any, **told: Any) -> None:
        """It has answered."""
        self._end(told, lambda: values.answer_attributes(response))

    def on_tool_start(self, serialized: Any, input_str: str, **told: Any) -> None:
        """A tool is called."""
        name = values.name_of(serialized, told)
        given = told.get("inputs") or input_str
        self._begin(
            f"execute_tool {name}",
            told,
            lambda: tool_call_facts(name, get(serialized, "description"), given),
        )

    def on_tool_end(self, output: Any, **told: Any) -> None:
        """It has a result."""
        self._end(told, lambda: values.tool_result(output))

    def on_retriever_start(self, serialized: Any, query: str, **told: Any) -> None:
        """Documents are searched for."""
        name = values.name_of(serialized, told)
        self._begin(f"retrieval {name}", told, lambda: query_facts(query))

    def on_retriever_end(self, documents: Any, **told: Any) -> None:
        """They were found."""
        self._end(told, lambda: values.documents_attributes(documents))

    def on_chain_error(self, error: BaseException, **told: Any) -> None:
        """It failed, or a graph's node asks to wait or to go on elsewhere."""
        if _is_control_flow(error):
            asked = error.args[0] if error.args else None
            self._end(told, lambda: {semconv.OUTPUTS: content_json(values.plain(asked))})
        else:
            self._fail(error, told)

    def on_llm_error(self, error: BaseException, **told: Any) -> None:
        """It failed."""
        self._fail(error, told)

    def on_tool_error(self, error: BaseException, **told: Any) -> None:
        """It failed, or asks a person before it goes on."""
        self.on_chain_error(error, **told)

    def on_retriever_error(self, error: BaseException, **told: Any) -> None:
        """It failed."""
        self._fail(error, told)

    def _begin(
        self,
        name: str,
        told: dict[str, Any],
        read: Callable[[], dict[str, Any]],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        try:
            parent = self._runs.get(told["parent_run_id"]) if told.get("parent_run_id") else None
            context = trace.set_span_in_context(parent.span) if parent else None
            span = self._tracer.start_span(name, context=context, kind=kind)
            _set(span, lambda: {**values.run_attributes(told), **read()})
            previous = None
            if parent is not None:
                # LangChain runs children in a copy of the context. A root may be a generator's, in
                # which its span would stay current for the caller between two items.
                previous = otel_context.get_current()
                otel_context.attach(trace.set_span_in_context(span))
            self._remember(told["run_id"], _Run(span, previous))
        except Exception as error:  # noqa: BLE001  # Our failure must not become the chain's.
            warn_once("langchain begin", "could not trace a LangChain run", error=error)

    def _remember(self, run_id: UUID, run: _Run) -> None:
        with self._lock:
            self._runs[run_id] = run
            lost = (
                self._runs.pop(next(iter(self._runs))) if len(self._runs) > MAX_OPEN_RUNS else None
            )
        if lost is not None:
            lost.span.end()

    def _end(self, told: dict[str, Any], read: Callable[[], dict[str, Any]]) -> None:
        self._finish(told, lambda span: _set(span, read))

    def _fail(self, error: BaseException, told: dict[str, Any]) -> None:
        self._finish(told, lambda span: record_error(span, error))

    def _finish(self, told: dict[str, Any], record: Callable[[Span], None]) -> None:
        with self._lock:
            run = self._runs.pop(told["run_id"], None)
        if run is None:
            return
        try:
            record(run.span)
            # Where the run ends in another task than it began, there is nothing to put back.
            if run.previous is not None and trace.get_current_span() is run.span:
                otel_context.attach(run.previous)
        except Exception as error:  # noqa: BLE001  # Our failure must not become the chain's.
            warn_once("langchain end", "could not record a LangChain run", error=error)
        run.span.end()


class _Everywhere:
    """The handler of runs that were not given one; LangChain asks it as it asks a `ContextVar`.

    A context variable itself would be seen only by threads that copy the context.
    """

    def __init__(self) -> None:
        self.handler: WeaveCallbackHandler | None = None
        self.is_registered = False

    def get(self) -> WeaveCallbackHandler | None:
        """The handler, while everything is traced."""
        return self.handler


_everywhere = _Everywhere()


def instrument() -> None:
    """Trace every run from now on; one that is given a handler of its own is traced once."""
    from langchain_core.tracers.context import register_configure_hook  # Late: it is slow.

    if not _everywhere.is_registered:
        _everywhere.is_registered = True
        register_configure_hook(
            _everywhere,  # type: ignore[arg-type]  # It has the one method that is called.
            inheritable=True,
            handle_class=WeaveCallbackHandler,
        )
    if _everywhere.handler is None:
        _everywhere.handler = WeaveCallbackHandler()


def uninstrument() -> None:
    """Trace no run any more that was not given a handler."""
    _everywhere.handler = None


def _is_control_flow(error: BaseException) -> bool:
    """Whether it is LangGraph's way to pause a run or to leave a subgraph, and no failure."""
    return any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)


def _set(span: Span, read: Callable[[], dict[str, Any]]) -> None:
    if span.is_recording():
        set_given(span, read())
