"""One call of an operation as one span: begin, succeed or fail, end.

Everything here runs in the caller's thread and is made so that it can't raise: a failure of
tracing is logged once, and the call goes on untraced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import ProxyTracerProvider, Span, Tracer

from weave_core import semconv
from weave_core.tracing.arguments import Parameters
from weave_core.tracing.content import content_json, note_cut, was_cut
from weave_core.tracing.conventions import (
    inputs_attributes,
    otel_kind,
    outputs_attributes,
    static_attributes,
)
from weave_core.tracing.current import current_context, make_current
from weave_core.tracing.failures import warn_once
from weave_core.tracing.lean_spans import LeanSpan
from weave_core.tracing.lean_tracers import SPAN_KEY, LeanTracer, lean_tracer
from weave_core.tracing.outcomes import record_error
from weave_core.tracing.sampling import with_rate
from weave_core.tracing.sources import CODES
from weave_core.tracing.templates import Template
from weave_core.versions import package_version

__all__ = ["Call", "OpSpec", "active_tracer", "begin", "take_processor"]

if TYPE_CHECKING:
    from weave_core.tracing.processors import Processor

Hook = Callable[[Any], Any]

_new_call = object.__new__
_cache: dict[str, Tracer] = {}
_ours: dict[str, "Processor"] = {}


@dataclass(slots=True)
class OpSpec:
    """What is known about an operation before it is called."""

    func: Callable[..., Any]
    name: str
    kind: str
    parameters: Parameters
    postprocess_inputs: Hook | None = None
    postprocess_outputs: Hook | None = None
    sample_rate: float | None = None
    """Share of the traces that begin with this operation; None: as `init` says."""
    is_plain: bool = False
    """Whether outputs are written as they are and in our words alone."""
    template: Template | None = None
    """The same of every span; None until the first call has worked it out."""

    def prepared(self) -> Template:
        """Work out, once, what every span of this operation carries."""
        attributes: dict[str, Any] = {
            semconv.OP_NAME: self.name,
            **static_attributes(self.kind, self.name, self.func),
        }
        if version := CODES.version_of(self.func):
            attributes[semconv.OP_VERSION] = version
        self.is_plain = self.kind == "op" and self.postprocess_outputs is None
        self.template = Template(self.name, otel_kind(self.kind), attributes)
        return self.template


def active_tracer() -> Tracer | None:
    """Our tracer of the global provider, or None while there is no provider."""
    tracer = _cache.get("tracer")
    if tracer is None:
        provider = trace.get_tracer_provider()
        if isinstance(provider, ProxyTracerProvider):
            return None
        tracer = provider.get_tracer("weave_core", package_version())
        tracer = _cache["tracer"] = lean_tracer(tracer, _ours.get("processor")) or tracer
    return tracer


def take_processor(processor: "Processor") -> None:
    """Ask the global provider, which has our `processor` now, for its tracer at the next call."""
    _ours["processor"] = processor
    _cache.clear()


class Call:
    """A call under way; made by `begin` alone, which fills the slots."""

    __slots__ = ("_previous", "_spec", "context", "span")

    span: Span
    context: Context
    _spec: OpSpec
    _previous: Context

    def enter(self) -> None:
        """Make the span current, remembering what was."""
        self._previous = current_context()
        make_current(self.context)

    def leave(self) -> None:
        """Make current what was before.

        Without OpenTelemetry's tokens: a token can't be given back in another context than it was
        made in, which is where generators and coroutines get closed.
        """
        make_current(self._previous)

    def abandon(self) -> None:
        """Leave like `leave`, unless the program is elsewhere by now (closed by the collector)."""
        if current_context() is self.context:
            make_current(self._previous)

    def succeed(self, output: Any) -> None:
        """Record what came out, and end."""
        span = self.span
        try:
            if type(span) is LeanSpan and self._spec.is_plain:
                text = content_json(output)
                span.write(semconv.OUTPUTS, text)
                if was_cut(text):
                    note_cut(span, semconv.OUTPUTS)
            elif span.is_recording():
                self._record(output)
            span.end()
        except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
            warn_once("end", "tracing failed at the end of %s", self._spec.name, error=error)

    def _record(self, output: Any) -> None:
        spec = self._spec
        if spec.postprocess_outputs is not None:
            output = _hooked(spec.postprocess_outputs, output, spec.name)
        text = content_json(output)
        if spec.kind == "op":
            _write(self.span, semconv.OUTPUTS, text)
        else:
            self.span.set_attributes(outputs_attributes(spec.kind, text))
        if was_cut(text):
            note_cut(self.span, semconv.OUTPUTS)

    def fail(self, error: BaseException, output: Any = None) -> None:
        """Record what was raised and what had come out till then, and end."""
        try:
            if self.span.is_recording() and not isinstance(error, GeneratorExit):
                if output is not None:
                    self._record(output)
                record_error(self.span, error)
            self.span.end()
        except Exception as broken:  # noqa: BLE001  # As above.
            warn_once("fail", "tracing failed at the end of %s", self._spec.name, error=broken)


def begin(
    spec: OpSpec, args: tuple[Any, ...], kwargs: dict[str, Any], base: Context | None = None
) -> Call | None:
    """Start the span of one call and make it current; None where nothing is traced.

    Args:
        spec: The operation.
        args: As given to it.
        kwargs: As given to it.
        base: The context to begin in; default: the current one.
    """
    try:
        tracer = active_tracer()
        if tracer is None:
            return None
        previous = current_context()
        parent = previous if base is None else base
        if spec.sample_rate is not None:
            parent = with_rate(parent, spec.sample_rate)
        template = spec.template if spec.template is not None else spec.prepared()
        if type(tracer) is LeanTracer:
            span = tracer.start(template, parent)
        else:
            span = tracer.start_span(spec.name, parent, template.kind, template.attributes)
        if span.is_recording():
            _record_inputs(span, spec, args, kwargs)
        elif not span.get_span_context().is_valid:
            return None
        context = Context({**parent, SPAN_KEY: span})
        call = _new_call(Call)  # As `Call(...)`, in half the time.
        call.span, call._spec, call.context, call._previous = span, spec, context, previous  # noqa: SLF001  # The class stands above.
        make_current(context)
    except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
        warn_once("begin", "tracing failed at the start of %s", spec.name, error=error)
        return None
    return call


def _record_inputs(span: Span, spec: OpSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    inputs: Any = spec.parameters.named(args, kwargs)
    if spec.postprocess_inputs is not None:
        inputs = _hooked(spec.postprocess_inputs, inputs, spec.name)
    text = content_json(inputs)
    if spec.kind == "op":
        _write(span, semconv.INPUTS, text)
    else:
        span.set_attributes(inputs_attributes(spec.kind, text, inputs))
    if was_cut(text):
        note_cut(span, semconv.INPUTS)


def _write(span: Span, key: str, text: str) -> None:
    if type(span) is LeanSpan:
        span.write(key, text)
    else:
        span.set_attribute(key, text)


def _hooked(hook: Hook, value: Any, name: str) -> Any:
    """What the user's hook makes of `value`; never `value` itself when the hook fails.

    Hooks remove secrets, so a broken one must not let them through.
    """
    try:
        return hook(value)
    except Exception as error:  # noqa: BLE001  # A hook may raise anything; the call must go on.
        warn_once(f"hook {name}", "a postprocess function of %s failed", name, error=error)
        return f"<left out: the postprocess function failed with {type(error).__name__}>"
