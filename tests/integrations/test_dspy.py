"""DSPy by OpenInference's instrumentation, with tokens, as our server stores it."""

import dspy
import pytest
from support.stored_traces import Stored, check_totals, of_kind, tracing

from weave_core.integrations import dspy as dspy_tracing

# As in LiteLLM's own tests: Pydantic's warnings of LiteLLM's types.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? .*ReadOnly:UserWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
]

QUESTION = "Where is order A-1001?"


def lookup_order(order_id: str) -> str:
    """Look an order up."""
    return f"{order_id} is on its way"


def _ask(llm: str, engine: str) -> dspy.Prediction:
    model = dspy.LM(
        "openai/gpt-4o-mini", api_base=f"{llm}/v1", api_key="none", cache=False, engine=engine
    )
    with dspy.context(lm=model):
        return dspy.ReAct("question -> answer", tools=[lookup_order], max_iters=2)(
            question=QUESTION
        )


def test_a_program_is_one_tree_with_its_tools_and_model_calls(stored: Stored, llm: str) -> None:
    """Modules, adapters, the tool with input and output, and calls with messages and tokens."""
    with tracing("dspy"):
        answer = _ask(llm, "lm15")

    assert "A-1001 is on its way" in answer.answer
    trace = stored()
    assert trace.trace.name == "ReAct.forward"
    calls = of_kind(trace, "llm")
    assert {(call.provider, call.model) for call in calls} == {("openai", "gpt-4o-mini")}
    assert all(call.messages and QUESTION in str(call.messages.input) for call in calls)
    lookup = of_kind(trace, "tool")[0]
    assert "A-1001" in str(lookup.inputs)
    assert lookup.outputs == "A-1001 is on its way"
    check_totals(trace, 3)


def test_a_call_that_three_libraries_tell_counts_once(stored: Stored, llm: str) -> None:
    """DSPy through LiteLLM through the `openai` SDK: three spans, one call."""
    with tracing("dspy", "litellm", "openai"):
        _ask(llm, "litellm")

    trace = stored()
    assert len([span for span in trace.spans if span.kind == "llm"]) == 9
    check_totals(trace, 3)


def test_a_failure_of_ours_does_not_reach_the_program(
    stored: Stored, llm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its tokens, but with its answer."""

    def broken(*_: object) -> str:
        raise RuntimeError("ours")

    monkeypatch.setattr(dspy_tracing, "openai_usage", broken)
    with tracing("dspy"):
        assert "A-1001 is on its way" in _ask(llm, "lm15").answer
    assert [call.usage for call in of_kind(stored(), "llm")] == [None, None, None]
