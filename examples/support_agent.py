"""A small support agent, traced: it streams from a model, calls tools and pays refunds.

    python examples/support_agent.py             # one conversation of three questions
    python examples/support_agent.py --traces 20 # more of them

What makes it traced are the call of `weave_core.init` in `main` and the `@weave_core.op` lines.
Without `OPENAI_API_KEY` it talks to a local stand-in for a model (`local_llm.py`).
"""

import argparse
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import local_llm
from openai import OpenAI

import weave_core

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
MAX_STEPS = 5
INSTRUCTIONS = (
    "You are the support agent of a shop for outdoor gear. Look orders up before you speak about "
    "them, and search the policy before you promise anything. Be brief and kind."
)

ORDERS: dict[str, dict[str, Any]] = {
    "A-1001": {"item": "trail shoes", "status": "delivered", "total": 89.0, "refundable": True},
    "A-1002": {"item": "rain jacket", "status": "on its way", "total": 129.5, "eta": "Friday"},
    "A-1003": {"item": "camping stove", "status": "delivered", "total": 54.9, "refundable": False},
    "A-1004": {"item": "head torch", "status": "delivered", "total": 34.0, "refundable": True},
}
POLICY = {
    "refunds": "Broken items are refunded in full within 30 days, and need not be sent back.",
    "returns": "Unused items can be returned within 30 days; we pay for the parcel.",
    "shipping": "Shipping costs 4.90 euros, and nothing above 50 euros; it takes 2 to 4 days.",
    "warranty": "Every item has a warranty of two years; we repair or exchange it.",
}


@weave_core.op(kind="tool")
def lookup_order(order_id: str) -> dict[str, Any]:
    """Look up an order: what was bought, its price in euros and where it is."""
    if order_id not in ORDERS:
        raise LookupError(f"there is no order {order_id}")
    return {"order_id": order_id, **ORDERS[order_id]}


@weave_core.op(kind="retriever")
def search_policy(query: str) -> list[dict[str, Any]]:
    """Search the shop's policy on refunds, returns, shipping and warranty."""
    answer = OpenAI().embeddings.create(
        model="text-embedding-3-small", input=[query, *map(": ".join, POLICY.items())]
    )
    asked, *known = [item.embedding for item in answer.data]
    scores = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in known]
    ranked = sorted(zip(scores, POLICY.items(), strict=True), reverse=True)
    return [{"id": name, "content": text, "score": score} for score, (name, text) in ranked[:2]]


@weave_core.op(kind="tool")
def create_refund(order_id: str, amount: float) -> dict[str, Any]:
    """Pay money back for an order."""
    return {"refund_id": f"R-{order_id[2:]}", "order_id": order_id, "amount": amount}


TOOLS = {tool.__name__: tool for tool in (lookup_order, search_policy, create_refund)}


@weave_core.op(kind="agent")
def support_agent(question: str, history: list[dict[str, Any]]) -> str:
    """Answer one question; `history` holds the conversation, and grows."""
    history.append({"role": "user", "content": question})
    for _ in range(MAX_STEPS):
        message = ask_model(history)
        history.append(message.model_dump(exclude_none=True, exclude={"parsed", "refusal"}))
        if not message.tool_calls:
            return str(message.content)
        for call in message.tool_calls:
            result = run_tool(call.function.name, json.loads(call.function.arguments))
            history.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    return "I need a colleague's help with this one, and will come back to you."


def ask_model(history: list[dict[str, Any]]) -> Any:
    """One streamed reply; its words are printed as they come."""
    with OpenAI().chat.completions.stream(
        model=MODEL,
        messages=[{"role": "system", "content": INSTRUCTIONS}, *history],  # type: ignore[list-item]
        tools=[definition(name) for name in TOOLS],
        stream_options={"include_usage": True},
    ) as stream:
        for event in stream:
            if event.type == "content.delta":
                print(event.delta, end="", flush=True)
        return stream.get_final_completion().choices[0].message


def run_tool(name: str, arguments: dict[str, Any]) -> Any:
    """Call a tool; the model is told what went wrong, and can say so."""
    try:
        return TOOLS[name](**arguments)
    except LookupError as error:
        return {"error": str(error)}


def definition(name: str) -> Any:
    """What the model is told about a tool."""
    kinds = {"order_id": "string", "query": "string", "amount": "number"}
    properties = {
        key: {"type": kinds[key]} for key in TOOLS[name].__annotations__ if key != "return"
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    function = {"name": name, "description": TOOLS[name].__doc__, "strict": True}
    return {
        "type": "function",
        "function": {**function, "parameters": {**schema, "additionalProperties": False}},
    }


CONVERSATIONS = [
    (
        "ada",
        "Where is my order A-1001, and what is your shipping policy?",
        "The shoes are broken. I would like a refund for A-1001, please.",
        "And a refund for A-9999 as well.",
    ),
    (
        "grace",
        "When does order A-1002 arrive? Is shipping free?",
        "May I return A-1002 when it does not fit?",
    ),
    ("linus", "I want my money back for A-1003, what is your return policy?"),
    (
        "edsger",
        "Does the warranty cover order A-1004?",
        "Then a refund for A-1004: the torch is broken.",
    ),
]


@contextmanager
def model_server() -> Iterator[None]:
    """OpenAI where there is a key; else the local stand-in, and a line that says so."""
    if os.environ.get("OPENAI_API_KEY"):
        yield
        return
    with local_llm.serve(pace=local_llm.Pace(first_token_s=0.12, word_s=0.01)) as url:
        print(f"OPENAI_API_KEY is not set: a scripted stand-in for a model answers on {url}")
        os.environ |= {"OPENAI_API_KEY": "local", "OPENAI_BASE_URL": f"{url}/v1"}
        yield


def main() -> None:
    """Hold conversations until there are as many traces as were asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--traces", type=int, default=3, help="how many questions to ask")
    left = parser.parse_args().traces
    weave_core.init(autoinstrument=True, service_name="support-agent")
    with model_server():
        for user, *questions in itertools.cycle(CONVERSATIONS):
            history: list[dict[str, Any]] = []
            with weave_core.session(user_id=user), weave_core.attributes(tags=["demo"], shop="eu"):
                for question in questions[:left]:
                    print(f"\n{user}: {question}\nagent: ", end="")
                    _, span = support_agent.call(question, history)
                    print(f"\ntrace: {span.url}")
            left -= len(questions[:left])
            if left <= 0:
                break
    weave_core.flush()


if __name__ == "__main__":
    main()
