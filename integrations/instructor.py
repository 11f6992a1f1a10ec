"""Trace instructor: what was wanted of a model, and the validated value it became.

    import weave_core.integrations.instructor as instructor_tracing

    instructor_tracing.instrument()

The spans are OpenInference's, whose instrumentation is switched on; the model calls below are told
by the SDK that instructor patches, where that is traced too.
"""

from weave_core.integrations._instrumentors import Instrumentor

__all__ = ["instrument", "uninstrument"]

_instrumentor = Instrumentor(
    "instructor",
    extra="instructor",
    path="openinference.instrumentation.instructor.InstructorInstrumentor",
)
instrument, uninstrument = _instrumentor.instrument, _instrumentor.uninstrument
