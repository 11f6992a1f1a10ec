"""Messages in the JSON of each provider and framework, as the parts of the GenAI conventions."""

import json
from typing import Any

import pytest
from support.meanings import meaning, sent_span

from weave_core.model import Messages
from weave_core.server.normalise import skeleton

LLM = {"weave_core.kind": "llm"}
CALL = ("tool_call", "c1", "look", {"x": 1})
ANSWER = ("tool_call_response", "c1", "sunny")


def told(attributes: dict[str, Any]) -> Messages:
    """The messages of a model call with these attributes; structures are sent as JSON text."""
    sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    found = meaning(sent_span({**LLM, **sent})).messages
    assert found
    return found


def short(messages: Messages) -> list[tuple[Any, ...]]:
    """Input messages in short."""
    return [
        (
            message.role,
            *(
                ("tool_call", p.id, p.name, p.arguments)
                if p.type == "tool_call"
                else ("tool_call_response", p.id, p.response)
                if p.type == "tool_call_response"
                else (p.type, p.content)
                for p in message.parts
            ),
        )
        for message in messages.input
    ]


CONVERSATION = [
    ("user", ("text", "Weather?")),
    ("assistant", ("reasoning", "I look."), CALL),
    ("tool", ANSWER),
]


@pytest.mark.parametrize(
    "request_json",
    [
        pytest.param(
            [
                {"role": "user", "content": "Weather?"},
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "I look.",
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "look", "arguments": '{"x": 1}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            ],
            id="openai chat",
        ),
        pytest.param(
            {
                "model": "m",
                "input": [
                    {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I look."}]},
                    {
                        "type": "function_call",
                        "id": "fc_9",
                        "call_id": "c1",
                        "name": "look",
                        "arguments": '{"x": 1}',
                    },
                    {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
                ],
            },
            id="openai responses",
        ),
        pytest.param(
            {
                "messages": [
                    {"role": "user", "content": "Weather?"},
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "thinking", "thinking": "I look.", "signature": "…"},
                            {"type": "tool_use", "id": "c1", "name": "look", "input": {"x": 1}},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "tool_result",
                                "tool_use_id": "c1",
                                "content": [{"type": "text", "text": "sunny"}],
                            }
                        ],
                    },
                ]
            },
            id="anthropic",
        ),
        pytest.param(
            {
                "contents": [
                    {"role": "user", "parts": [{"text": "Weather?"}]},
                    {
                        "role": "model",
                        "parts": [
                            {"text": "I look.", "thought": True},
                            {"functionCall": {"id": "c1", "name": "look", "args": {"x": 1}}},
                        ],
                    },
                    {
                        "role": "user",
                        "parts": [
                            {"functionResponse": {"id": "c1", "name": "look", "response": "sunny"}}
                        ],
                    },
                ]
            },
            id="gemini",
        ),
        pytest.param(
            [
                {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "reasoning", "text": "I look."},
                        {
                            "type": "tool-call",
                            "toolCallId": "c1",
                            "toolName": "look",
                            "input": {"x": 1},
                        },
                    ],
                },
                {
                    "role": "tool",
                    "content": [
                        {
                            "type": "tool-result",
                            "toolCallId": "c1",
                            "toolName": "look",
                            "output": {"type": "text", "value": "sunny"},
                        }
                    ],
                },
            ],
            id="vercel",
        ),
        pytest.param(
            [
                {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                {
                    "role": "assistant",
                    "parts": [
                        {"type": "reasoning", "content": "I look."},
                        {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"x": 1}},
                    ],
                },
                {
                    "role": "tool",
                    "parts": [{"type": "tool_call_response", "id": "c1", "result": "sunny"}],
                },
            ],
            id="conventions",
        ),
    ],
)
def test_a_conversation_reads_the_same_in_every_form(request_json: Any) -> None:
    """Question, thought, call and result; a user who only brings results is a tool."""
    assert short(told({"input.value": request_json})) == CONVERSATION


def test_langchain_constructors_are_messages() -> None:
    """Serialised objects, in batches of one."""
    batch = [
        [
            {
                "lc": 1,
                "type": "constructor",
                "id": ["langchain", "schema", "messages", "HumanMessage"],
                "kwargs": {"content": "Weather?", "type": "human"},
            }
        ]
    ]
    assert short(told({"input.value": {"messages": batch}})) == [("user", ("text", "Weather?"))]


@pytest.mark.parametrize(
    "reply",
    [
        {"choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]},
        {"choices": [{"finish_reason": "stop", "text": "hi"}]},
        {
            "object": "response",
            "status": "completed",
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "hi"}],
                }
            ],
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "hi"}],
            "stop_reason": "end_turn",
        },
        {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}
            ]
        },
        {"role": "assistant", "content": "hi", "finish_reason": "stop"},
    ],
)
def test_a_reply_of_any_provider_is_one_message(reply: dict[str, Any]) -> None:
    """The text, and why it ended, canonically."""
    span = meaning(sent_span({**LLM, "output.value": json.dumps(reply)}))
    assert span.messages
    [message] = span.messages.output
    assert (message.role, [part.content for part in message.parts]) == ("assistant", ["hi"])
    assert span.finish_reasons == ["stop"]
    assert span.output_preview == "hi"


def test_choices_stay_apart_and_items_of_one_reply_come_together() -> None:
    """Two texts are two choices; reasoning, text and call are one message."""
    items = [
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}]},
    ]
    prefix = "llm.output_messages"
    flat = {
        f"{prefix}.0.message.role": "assistant",
        f"{prefix}.0.message.contents.0.message_content.type": "reasoning",
        f"{prefix}.0.message.contents.0.message_content.text": "hm",
        f"{prefix}.1.message.role": "assistant",
        f"{prefix}.1.message.content": "hi",
    }
    [message] = told(flat).output
    assert [part.type for part in message.parts] == ["reasoning", "text"]
    flat[f"{prefix}.2.message.role"] = "assistant"
    flat[f"{prefix}.2.message.content"] = "or hello"
    assert len(told(flat).output) == 2
    assert len(told({"gen_ai.output.messages": items[1:] * 2}).output) == 2


def test_what_is_said_twice_is_told_once() -> None:
    """`content` and `contents`, `contents` and `tool_calls`, system in two places."""
    prefix = "llm.output_messages.0.message"
    flat = {
        f"{prefix}.role": "assistant",
        f"{prefix}.content": "hi",
        f"{prefix}.contents.0.message_content.type": "text",
        f"{prefix}.contents.0.message_content.text": "hi",
        f"{prefix}.contents.1.message_content.type": "tool_use",
        f"{prefix}.contents.1.tool_call.id": "c1",
        f"{prefix}.contents.1.tool_call.function.name": "look",
        f"{prefix}.tool_calls.0.tool_call.id": "c1",
        f"{prefix}.tool_calls.0.tool_call.function.name": "look",
    }
    [message] = told(flat).output
    assert [part.type for part in message.parts] == ["text", "tool_call"]
    twice = {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be terse."}],
        "gen_ai.input.messages": [
            {"role": "system", "parts": [{"type": "text", "content": "Be terse."}]},
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
        ],
    }
    assert [part.content for part in told(twice).system] == ["Be terse."]


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            {"type": "blob", "mime_type": "image/png", "data": "QUJD"},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {"type": "uri", "uri": "https://x/y.png"},
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/gif", "data": "QQ"},
            },
            {"type": "blob", "mime_type": "image/gif", "data": "QQ"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "QQ", "format": "wav"}},
            {"type": "blob", "mime_type": "audio/wav", "data": "QQ"},
        ),
        (
            {"type": "blob", "mime_type": "image/png", "modality": "image", "content": "QQ"},
            {"type": "blob", "mime_type": "image/png", "data": "QQ"},
        ),
        (
            {"image": {"format": "png", "source": {"bytes": "QQ"}}},
            {"type": "blob", "mime_type": "image/png", "data": "QQ"},
        ),
        (
            {"document": {"format": "pdf", "source": {"s3Location": {"uri": "s3://a/b"}}}},
            {"type": "uri", "mime_type": "application/pdf", "uri": "s3://a/b"},
        ),
        (
            {"toolResult": {"toolUseId": "c1", "content": [{"json": {"x": 1}}]}},
            {"type": "tool_call_response", "id": "c1", "response": {"x": 1}},
        ),
        (
            {"kind": "binary", "media_type": "image/png", "binary_content": "QQ"},
            {"type": "blob", "mime_type": "image/png", "data": "QQ"},
        ),
        (
            {"kind": "image-url", "url": "https://x/y.png"},
            {"type": "uri", "uri": "https://x/y.png"},
        ),
        ({"type": "blob", "content": "attached://1/2"}, {"type": "uri", "uri": "attached://1/2"}),
        (
            {"type": "file", "modality": "document", "file_id": "f-1"},
            {"type": "file", "file_id": "f-1", "modality": "document"},
        ),
        ({"type": "compaction", "id": 5, "content": "…"}, {"type": "compaction", "id": "5"}),
        ({"type": "new_thing", "name": {"a": 1}}, {"type": "new_thing", "name": '{"a":1}'}),
    ],
)
def test_media_and_unknown_parts_are_kept(part: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Inline media become blobs, addresses become uris, the rest stays what it was."""
    messages = told({"gen_ai.input.messages": [{"role": "user", "content": [part]}]})
    got = messages.input[0].parts[0].model_dump(exclude_none=True)
    assert got.items() >= wanted.items()


def test_old_traceloop_messages_are_indexed_keys() -> None:
    """Roles, tool calls and content that is a JSON list of parts."""
    messages = told(
        {
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be terse.",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": '[{"type": "text", "text": "Weather?"}]',
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.finish_reason": "tool_calls",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "look",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"x": 1}',
        }
    )
    assert [part.content for part in messages.system] == ["Be terse."]
    assert short(messages) == [("user", ("text", "Weather?"))]
    [answer] = messages.output
    assert answer.finish_reason == "tool_call"
    assert answer.parts[0].arguments == {"x": 1}


def test_text_that_only_looks_like_json_stays_text() -> None:
    """A user may write braces."""
    messages = told({"gen_ai.input.messages": [{"role": "user", "content": "[1, 2] or {a}?"}]})
    assert messages.input[0].parts[0].content == "[1, 2] or {a}?"
    span = meaning(sent_span({"input.value": '{"a": 1}', "input.mime_type": "text/plain"}))
    assert span.inputs == '{"a": 1}'


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ({"type": "function", "function": {"name": "look", "parameters": {"a": 1}}}, "look"),
        ({"type": "function", "name": "look", "parameters": {"a": 1}}, "look"),
        ({"name": "look", "input_schema": {"a": 1}}, "look"),
        ({"name": "look", "inputSchema": '{"a": 1}'}, "look"),
    ],
)
def test_tools_on_offer_have_one_shape(definition: dict[str, Any], name: str) -> None:
    """OpenAI's nested, the conventions' flat, Anthropic's and Vercel's own."""
    sent = {**LLM, "gen_ai.tool.definitions": json.dumps([definition])}
    [tool] = meaning(sent_span(sent)).tools
    assert (tool.name, tool.parameters) == (name, {"a": 1})


def test_params_have_one_name_each() -> None:
    """`max_completion_tokens`, `maxOutputTokens` and `max_tokens` are the same setting."""
    for key in ("max_completion_tokens", "max_output_tokens", "maxOutputTokens", "max_tokens"):
        sent = {**LLM, "llm.invocation_parameters": json.dumps({key: 5, "model": "m", "tools": []})}
        span = meaning(sent_span(sent))
        assert (span.params, span.model) == ({"max_tokens": 5}, "m")


def test_geminis_declarations_are_tools() -> None:
    """Google's ADK sends requests whole, tools in lists of declarations."""
    request = {
        "model": "gemini-2.5-flash",
        "config": {
            "system_instruction": "Be terse.",
            "temperature": 0.1,
            "tools": [{"function_declarations": [{"name": "look", "parameters": {"a": 1}}]}],
        },
        "contents": [{"role": "user", "parts": [{"text": "Weather?"}]}],
    }
    span = meaning(sent_span({**LLM, "gcp.vertex.agent.llm_request": json.dumps(request)}))
    assert [(tool.name, tool.parameters) for tool in span.tools] == [("look", {"a": 1})]
    assert span.params == {"temperature": 0.1}
    assert span.messages
    assert [part.content for part in span.messages.system] == ["Be terse."]
    assert span.model == "gemini-2.5-flash"


def test_an_op_that_returns_a_whole_reply_is_counted() -> None:
    """A function of kind `llm` around a client without an integration still has model and usage."""
    reply = {
        "id": "r-1",
        "model": "m-2026",
        "choices": [{"message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    span = meaning(sent_span({**LLM, "weave_core.outputs": json.dumps(reply)}))
    assert span.usage
    assert (span.usage.input_tokens, span.usage.output_tokens) == (5, 2)
    assert (span.response_model, span.response_id) == ("m-2026", "r-1")


LANGCHAIN_TOOL = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "ToolMessage"],
    "kwargs": {"content": "sunny", "type": "tool", "tool_call_id": "c1"},
}


@pytest.mark.parametrize("wrap", [LANGCHAIN_TOOL, {"output": LANGCHAIN_TOOL, "kwargs": {}}])
def test_what_a_tool_of_langchain_answered_is_taken_out_of_its_message(wrap: Any) -> None:
    """The answer and the id of the call; the outputs stay as they came."""
    sent = {
        "openinference.span.kind": "TOOL",
        "tool.name": "look",
        "output.value": json.dumps(wrap),
    }
    span = meaning(sent_span(sent))
    assert span.tool
    assert (span.tool.call_id, span.tool.result) == ("c1", "sunny")
    assert span.outputs == wrap


def test_a_graphs_state_is_an_answer_without_the_question() -> None:
    """LangGraph's output is the whole conversation; a pair of role and text is a message."""
    state = [
        {"type": "human", "content": "hi"},
        {"type": "ai", "content": "hello", "tool_calls": []},
    ]
    sent = {
        "openinference.span.kind": "AGENT",
        "input.value": json.dumps({"messages": [["user", "hi"]]}),
        "output.value": json.dumps({"messages": state}),
    }
    span = meaning(sent_span(sent))
    assert span.messages
    assert [m.parts[0].content for m in span.messages.input] == ["hi"]
    assert [m.parts[0].content for m in span.messages.output] == ["hello"]
    assert (span.input_preview, span.output_preview) == ("hi", "hello")


def test_the_record_that_langchain_keeps_of_a_reply_has_its_id_and_ending() -> None:
    """Not the id of LangChain's own run, nor of a tool call."""
    message = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {
            "content": [{"id": "toolu_1", "type": "tool_use", "name": "look", "input": {"x": 1}}],
            "response_metadata": {"id": "msg_1", "model": "m-1", "stop_reason": "tool_use"},
            "id": "lc_run--1",
        },
    }
    sent = {
        "openinference.span.kind": "LLM",
        "output.value": json.dumps({"generations": [[{"text": "", "message": message}]]}),
    }
    span = meaning(sent_span(sent))
    assert (span.response_id, span.response_model) == ("msg_1", "m-1")
    assert span.finish_reasons == ["tool_call"]
    assert skeleton(sent_span(sent)).response_id == "msg_1"  # Known on the way in, for duplicates.


@pytest.mark.parametrize(
    ("sent", "output"),
    [
        ({"output.value": "hello"}, ["hello"]),
        ({"output.value": "<openai.Stream object at 0x7f00>"}, []),
        ({"output.value": '{"cut": "in the mid'}, []),
        ({"weave_core.outputs": "hello"}, []),
    ],
)
def test_a_plain_text_that_a_model_call_gave_is_its_answer(
    sent: dict[str, Any], output: list[str]
) -> None:
    """Neither an object that was written out, nor cut JSON, nor what a function returned."""
    span = meaning(sent_span({"openinference.span.kind": "LLM", "input.value": "hi", **sent}))
    assert span.messages
    assert [m.parts[0].content for m in span.messages.output] == output


def test_what_flattened_messages_left_out_is_taken_from_the_whole_reply() -> None:
    """Ids of tool calls and thoughts; only where both tell the same messages."""
    prefix = "llm.output_messages.0.message"
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}
    whole = {"choices": [{"message": {"reasoning_content": "hm", "tool_calls": [call]}}]}
    flat = {
        "openinference.span.kind": "LLM",
        f"{prefix}.role": "assistant",
        f"{prefix}.tool_calls.0.tool_call.function.name": "look",
        f"{prefix}.tool_calls.0.tool_call.function.arguments": '{"x": 1}',
    }
    told_whole = meaning(sent_span({**flat, "output.value": json.dumps(whole)})).messages
    assert told_whole
    [answer] = told_whole.output
    assert [(part.type, part.id) for part in answer.parts] == [
        ("reasoning", None),
        ("tool_call", "c1"),
    ]
    whole["choices"] *= 2
    told_other = meaning(sent_span({**flat, "output.value": json.dumps(whole)})).messages
    assert told_other
    assert [part.id for part in told_other.output[0].parts] == [None]


def test_a_conversation_that_came_out_whole_ends_with_the_answer() -> None:
    """CrewAI's output repeats instructions and question; the answer is what follows."""
    words = [("system", "Be terse."), ("user", "hi"), ("assistant", "hello")]
    sent = {
        "openinference.span.kind": "AGENT",
        "output.value": json.dumps({"messages": [{"role": r, "content": c} for r, c in words]}),
    }
    messages = meaning(sent_span(sent)).messages
    assert messages
    assert [(m.role, m.parts[0].content) for m in messages.output] == [("assistant", "hello")]
