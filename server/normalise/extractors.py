"""Which extractors are asked for each field of a span, in which order, and which need not be.

Each says which keys it reads.  What a list of keys rules out is worked out once, since all spans of
one place in a program have the same keys: of some forty extractors a span asks three or four.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import (
    bodies,
    evaluations,
    genai,
    labels,
    openinference,
    pydantic_ai,
    shapes,
    traceloop,
    vercel,
    whole_bodies,
)
from weave_core.server.normalise import params as settings
from weave_core.server.normalise.precedence import MAX_PLANS, Plan
from weave_core.server.normalise.sent import Sent

__all__ = ["Asked", "Extractor", "asked_of"]

_BODY_KINDS = frozenset(("llm", "agent"))
"""Kinds on which a whole body is a request or a reply."""
_EVENTS = "events of the span"
_PYDANTIC_EVENTS = ("events", "all_messages_events")


@dataclass(frozen=True, slots=True)
class Extractor:
    """One way to read one field."""

    source: str
    """What it is called where it wins."""
    read: Callable[[Sent], Any]
    needs: tuple[str, ...]
    """It finds nothing unless a key begins with one of these; `_EVENTS`: unless it has events."""
    is_body: bool = False
    """It takes a whole body for a request or a reply, which it is on some kinds only."""


_REQUESTS, _REPLIES = bodies.REQUEST_KEYS, bodies.REPLY_KEYS

INPUT_MESSAGES = (
    Extractor("gen_ai.input.messages", genai.input_messages, (semconv.GEN_AI_INPUT_MESSAGES,)),
    Extractor(
        "llm.input_messages",
        openinference.input_messages,
        tuple(f"{prefix}." for prefix in openinference.INPUT_PREFIXES),
    ),
    Extractor("ai.prompt", vercel.input_messages, ("ai.prompt",)),
    Extractor("events gen_ai.*.message", genai.event_input_messages, (_EVENTS,)),
    Extractor("events", pydantic_ai.event_input_messages, _PYDANTIC_EVENTS),
    Extractor("gen_ai.prompt.N", traceloop.input_messages, ("gen_ai.prompt.", "llm.prompts.")),
    Extractor(
        "pydantic_ai.all_messages", pydantic_ai.input_messages, ("pydantic_ai.all_messages",)
    ),
    Extractor("request", whole_bodies.input_messages, _REQUESTS, is_body=True),
    Extractor("llm.prompts", openinference.prompts, ("llm.prompts", "llm.invocation_parameters")),
    Extractor("input text", whole_bodies.input_text, whole_bodies.PLAIN_REQUESTS, is_body=True),
)
OUTPUT_MESSAGES = (
    Extractor("gen_ai.output.messages", genai.output_messages, (semconv.GEN_AI_OUTPUT_MESSAGES,)),
    Extractor(
        "llm.output_messages",
        openinference.output_messages,
        tuple(f"{prefix}." for prefix in openinference.OUTPUT_PREFIXES),
    ),
    Extractor("ai.response", vercel.output_messages, ("ai.response.", "ai.result.")),
    Extractor("events gen_ai.choice", genai.event_output_messages, (_EVENTS,)),
    Extractor("events", pydantic_ai.event_output_messages, _PYDANTIC_EVENTS),
    Extractor(
        "gen_ai.completion.N",
        traceloop.output_messages,
        ("gen_ai.completion.", "llm.completions."),
    ),
    Extractor(
        "pydantic_ai.all_messages", pydantic_ai.output_messages, ("pydantic_ai.all_messages",)
    ),
    Extractor("reply", whole_bodies.output_messages, _REPLIES, is_body=True),
    Extractor("llm.choices", openinference.completions, ("llm.choices.",)),
    Extractor("gen_ai.tool.args", genai.called_tool, ("gen_ai.tool.args",)),
    Extractor("output text", whole_bodies.output_text, whole_bodies.PLAIN_REPLIES, is_body=True),
)
SYSTEM = (
    Extractor(
        "gen_ai.system_instructions",
        genai.system,
        genai.SYSTEM_KEYS,
    ),
    Extractor("ai.prompt", vercel.system, ("ai.prompt",)),
    Extractor("request", whole_bodies.system, _REQUESTS, is_body=True),
)
TOOLS = (
    Extractor("gen_ai.tool.definitions", genai.tools, genai.TOOL_KEYS),
    Extractor("llm.tools", openinference.tools, ("llm.tools.",)),
    Extractor("ai.prompt.tools", vercel.tools, ("ai.prompt.tools",)),
    Extractor(
        "llm.request.functions",
        traceloop.tools,
        tuple(f"{prefix}." for prefix in traceloop.TOOL_PREFIXES),
    ),
    Extractor("model_request_parameters", pydantic_ai.tools, ("model_request_parameters",)),
    Extractor("request", whole_bodies.tools, ("mlflow.chat.tools", *_REQUESTS), is_body=True),
    Extractor("response", whole_bodies.tools_in_reply, ("response",), is_body=True),
)
DOCUMENTS = (
    Extractor(
        "gen_ai.retrieval.documents",
        genai.documents,
        (semconv.GEN_AI_RETRIEVAL_DOCUMENTS, "gen_ai.memory.records"),
    ),
    Extractor(
        "retrieval.documents",
        openinference.documents,
        ("retrieval.documents.", "reranker.output_documents."),
    ),
    Extractor("events db.*.result", traceloop.documents, (_EVENTS,)),
    Extractor("gen_ai.completion.N", traceloop.ranked, ("gen_ai.completion.",)),
)
EMBEDDING_INPUTS = (
    Extractor("embedding.embeddings", openinference.embeddings, ("embedding.embeddings.",)),
    Extractor("ai.values", vercel.embeddings, ("ai.value",)),
    Extractor("gen_ai.input.messages", shapes.texts_of_input, (semconv.GEN_AI_INPUT_MESSAGES,)),
    Extractor("gen_ai.prompt.N", traceloop.embeddings, ("gen_ai.prompt.", "llm.prompts.")),
    Extractor(genai.EMBEDDED_KEY, genai.embeddings, (genai.EMBEDDED_KEY,)),
    Extractor("request", whole_bodies.embeddings, _REQUESTS),
)
PARAMS = (
    Extractor("gen_ai.request.*", genai.params, genai.PARAM_KEYS),
    Extractor(
        "llm.invocation_parameters",
        openinference.params,
        openinference.PARAM_KEYS,
    ),
    Extractor("ai.settings.*", vercel.params, ("ai.settings.",)),
    Extractor(
        "request",
        whole_bodies.params,
        ("langfuse.observation.model.parameters", *_REQUESTS),
        is_body=True,
    ),
    Extractor("metadata ls_*", settings.in_metadata, ("metadata", "langsmith.metadata.ls_")),
)
SCORES = (
    Extractor("events gen_ai.evaluation.result", genai.event_scores, (_EVENTS,)),
    Extractor(
        "annotations",
        openinference.scores,
        tuple(
            f"{scope}{prefix}."
            for scope in ("", "trace.", "session.")
            for prefix in ("annotations", "evaluations")
        ),
    ),
    Extractor(semconv.EVALUATION_EXAMPLE, evaluations.scores, (semconv.EVALUATION_EXAMPLE,)),
)
"""Not the first that finds something, but all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is worth asking of the spans that have the same keys, kind, and events or none."""

    plan: Plan
    kind: str
    has_events: bool
    input_messages: tuple[Extractor, ...]
    output_messages: tuple[Extractor, ...]
    system: tuple[Extractor, ...]
    tools: tuple[Extractor, ...]
    documents: tuple[Extractor, ...]
    embedding_inputs: tuple[Extractor, ...]
    params: tuple[Extractor, ...]
    scores: tuple[Extractor, ...]
    has_request: bool
    """Whether there may be a whole request."""
    has_reply: bool
    metadata: tuple[tuple[str, str], ...]
    """Keys of metadata with their bare names; the last of a name wins."""


def asked_of(sent: Sent, plan: Plan) -> Asked:
    """The extractors of each field that may find something in `sent`, whose kind is known."""
    asked = _known_asked if plan.is_remembered else _new_asked
    return asked(plan, sent.kind, bool(sent.raw.events))


def _new_asked(plan: Plan, kind: str, has_events: bool) -> Asked:  # noqa: FBT001  # What it is remembered by.
    keys = plan.keys

    def worth(extractors: Iterable[Extractor]) -> tuple[Extractor, ...]:
        return tuple(
            extractor
            for extractor in extractors
            if (kind in _BODY_KINDS or not extractor.is_body)
            and (
                (has_events and _EVENTS in extractor.needs)
                or any(key.startswith(extractor.needs) for key in keys)
            )
        )

    return Asked(
        plan=plan,
        kind=kind,
        has_events=has_events,
        input_messages=worth(INPUT_MESSAGES),
        output_messages=worth(OUTPUT_MESSAGES),
        system=worth(SYSTEM),
        tools=worth(TOOLS),
        documents=worth(DOCUMENTS),
        embedding_inputs=worth(EMBEDDING_INPUTS) if kind == "embedding" else (),
        params=worth(PARAMS),
        scores=worth(SCORES),
        has_request=not set(_REQUESTS).isdisjoint(keys),
        has_reply=not set(_REPLIES).isdisjoint(keys),
        metadata=labels.metadata_keys(keys),
    )


_known_asked = lru_cache(maxsize=MAX_PLANS)(_new_asked)
