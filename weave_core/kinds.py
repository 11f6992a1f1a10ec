"""What a span can mean; without the models, which take longer to import than tracing itself."""

from typing import Literal, get_args

__all__ = ["KINDS", "Kind"]

Kind = Literal[
    "llm",
    "embedding",
    "tool",
    "agent",
    "workflow",
    "chain",
    "task",
    "retriever",
    "reranker",
    "guardrail",
    "evaluator",
    "prompt",
    "op",
    "evaluation",
    "run",
    "step",
    "span",
]
"""What a span means; `span` is none of the others.  OTel's SpanKind is another thing."""
KINDS: tuple[Kind, ...] = get_args(Kind)
