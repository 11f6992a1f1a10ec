"""The filter language: one SQL boolean expression, the same in API, client, app and command line.

    kind = 'llm' and model like 'gpt-%' and latency_ms > 2000 and attributes['tier'] = 'pro'

`parsing` reads text with sqlglot, `vocabularies` says which names there are, `values` reads
literals, `compiling` makes SQLAlchemy of it, `constructs` holds what databases spell differently.
No text of a user ever becomes part of an SQL statement: names are looked up in an allow-list,
values are bound.  Two things are decided here and hold everywhere:

- A comparison with something unknown (NULL) or of another type is not true, and neither is its
  negation: `model != 'x'` does not find spans without a model; say `or model is null`.
- In the vocabulary of traces, span fields speak of one span of the trace: a trace passes when it
  has at least one span for which the whole expression is true.  `any_span(...)` asks for another
  span, and `not any_span(...)` for none.
"""

from weave_core.server.filters.compiling import compile_filter, demanded_feedback
from weave_core.server.filters.vocabularies import (
    FEEDBACK,
    RUNS,
    SPANS,
    TRACES,
    Field,
    Vocabulary,
)

__all__ = [
    "FEEDBACK",
    "RUNS",
    "SPANS",
    "TRACES",
    "Field",
    "Vocabulary",
    "compile_filter",
    "demanded_feedback",
]
