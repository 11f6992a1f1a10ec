"""Base64 media of other senders: kept once as a blob, read as a part of its message."""

import base64
import json
import os
import time

import pytest
from support.otlp import new_span, new_trace_id, send_spans
from support.servers import ServerProcess

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.model import Span

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000)
WAV = b"RIFF\x24\0\0\0WAVEfmt " + os.urandom(3_000)


def text(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


OPENAI = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text(PNG)}"}},
            {"type": "input_audio", "input_audio": {"data": text(WAV), "format": "wav"}},
        ],
    }
]
ANTHROPIC = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": text(PNG)},
            },
            {"type": "audio", "mime_type": "audio/wav", "data": text(WAV)},
        ],
    }
]
GENAI = [
    {
        "role": "user",
        "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "mime_type": "image/png", "modality": "image", "content": text(PNG)},
            {"type": "blob", "mime_type": "audio/wav", "modality": "audio", "content": text(WAV)},
        ],
    }
]


def stored(server: ServerProcess, client: Client, project: str, attributes: dict[str, str]) -> Span:
    """The span of one model call with `attributes`."""
    base = {"gen_ai.operation.name": "chat", **attributes}
    now = time.time_ns()
    span = new_span("chat", new_trace_id(), start_ns=now, duration_ms=5, attributes=base)
    send_spans(server.url, project, [span])
    return client.get_span(project, span.span_id.hex())


@pytest.mark.parametrize(
    ("key", "messages"),
    [
        ("gen_ai.input.messages", GENAI),
        ("gen_ai.input.messages", OPENAI),
        ("input.value", {"messages": OPENAI}),
        ("input.value", {"messages": ANTHROPIC}),
        ("langfuse.observation.input", OPENAI),
    ],
    ids=["conventions", "openai", "openinference", "anthropic", "langfuse"],
)
def test_media_of_a_message_are_blobs(
    server: ServerProcess, client: Client, project: str, key: str, messages: object
) -> None:
    """Each sender's form gives the same parts, with a digest and no bytes."""
    span = stored(server, client, project, {key: json.dumps(messages)})

    assert span.messages is not None
    [message] = span.messages.input
    said, picture, sound = message.parts
    assert said.content == "What is this?"
    assert (picture.type, picture.mime_type) == ("blob", "image/png")
    assert (sound.type, sound.mime_type) == ("blob", "audio/wav")
    assert picture.digest == digest_bytes(PNG)
    assert client.get_blob(str(picture.digest)) == PNG
    assert client.get_blob(str(sound.digest)) == WAV
    assert text(PNG)[:500] not in span.model_dump_json()


def test_a_conversation_keeps_its_picture_once(own_server: ServerProcess) -> None:
    """Ten turns that send it again take one file."""
    with Client(own_server.url) as client:
        for _ in range(10):
            stored(own_server, client, "p", {"gen_ai.input.messages": json.dumps(OPENAI)})
    files = [path for path in (own_server.home / "blobs").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {digest_bytes(c)[7:] for c in (PNG, WAV)}


@pytest.mark.parametrize(
    "kept",
    [
        "A" * 5_000,
        "prose with spaces and no medium in it. " * 100,
        text(os.urandom(30)) * 100,
        "/9j/" + "not!base64" * 300,
        "data:image/png;base64," + "A" * 500,
        json.dumps({"key": "sk-" + "a1B2" * 400}),
    ],
    ids=["letters", "prose", "random", "broken", "small", "key"],
)
def test_what_is_no_medium_stays_as_it_was(
    server: ServerProcess, client: Client, project: str, kept: str
) -> None:
    """Nothing else is touched."""
    span = stored(server, client, project, {"input.value": kept})

    assert span.attributes["input.value"] == kept
