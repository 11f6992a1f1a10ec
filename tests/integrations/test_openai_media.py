"""Images, audio and moderations of the real `openai` SDK, as our server stores them."""

import io
from typing import Any

import openai
import pytest
from support.stored_traces import Stored, of_kind, said, tracing

import weave_core
from weave_core import Client
from weave_core.model import Span


def _digest(span: Span) -> str:
    """Of the one medium that a call gave."""
    assert span.messages is not None
    [part] = span.messages.output[0].parts
    assert part.type == "blob"
    assert part.data is None
    assert part.digest is not None
    return part.digest


def test_an_image_is_a_file_beside_its_span(
    stored: Stored, openai_client: openai.OpenAI, client: Client
) -> None:
    """Prompt, tokens and the picture itself, by its digest; an edit tells what was edited."""
    with tracing("openai"), weave_core.span("all"):
        made = openai_client.images.generate(model="gpt-image-1", prompt="a red square")
        picture = made.data[0].b64_json if made.data else None
        assert picture is not None
        edited = openai_client.images.edit(
            model="gpt-image-1",
            prompt="now blue",
            image=("square.png", io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"\0" * 40), "image/png"),
        )
        events = list(
            openai_client.images.generate(
                model="gpt-image-1", prompt="a third", stream=True, partial_images=1
            )
        )

    assert edited.usage is not None
    trace = stored()
    first, second, streamed = of_kind(trace, "llm")
    assert (first.name, first.provider) == ("generate_content gpt-image-1", "openai")
    assert made.usage is not None
    assert first.usage is not None
    assert first.usage.total_tokens == made.usage.total_tokens
    assert client.get_blob(_digest(first)) == _bytes(picture)
    assert second.messages is not None
    assert [part.type for part in second.messages.input[0].parts] == ["text", "blob"]
    assert [event.type for event in events][-1] == "image_generation.completed"
    assert client.get_blob(_digest(streamed)) == _bytes(events[-1].b64_json)
    assert streamed.is_stream
    assert picture not in str(first.attributes)


def _bytes(text: str) -> bytes:
    import base64

    return base64.b64decode(text)


def test_speech_and_its_transcript_are_two_calls(
    stored: Stored, openai_client: openai.OpenAI, client: Client
) -> None:
    """What was said, the sound, and the words that were heard in it."""
    with tracing("openai"), weave_core.span("all"):
        sound = openai_client.audio.speech.create(
            model="gpt-4o-mini-tts", voice="alloy", input="Hello you there", response_format="wav"
        )
        heard = openai_client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("hello.wav", sound.content, "audio/wav")
        )
        events = list(
            openai_client.audio.transcriptions.create(
                model="gpt-4o-transcribe", file=("hello.wav", sound.content), stream=True
            )
        )
        plain = openai_client.audio.transcriptions.create(
            model="whisper-1", file=("hello.wav", sound.content), response_format="text"
        )

    assert sound.content[:4] == b"RIFF"
    assert plain == heard.text
    spoke, whole, streamed, text = of_kind(stored(), "llm")
    assert spoke.messages is not None
    assert spoke.messages.input[0].parts[0].content == "Hello you there"
    assert client.get_blob(_digest(spoke)) == sound.content
    assert whole.messages is not None
    assert whole.messages.input[0].parts[0].digest == _digest(spoke)
    assert said(whole) == said(streamed) == said(text) == heard.text
    assert whole.usage is not None
    assert (whole.usage.input_tokens, whole.usage.audio_tokens) == (20, 20)
    assert len(events) > 3
    assert streamed.usage == whole.usage
    assert text.usage is None


async def test_an_async_client_s_files_are_told_alike(
    stored: Stored, async_openai_client: openai.AsyncOpenAI
) -> None:
    """Streams of bytes go to the program untouched: they are not kept."""
    with tracing("openai"), weave_core.span("all"):
        await async_openai_client.images.generate(model="gpt-image-1", prompt="a square", n=2)
        async with async_openai_client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="alloy", input="Hello", response_format="wav"
        ) as response:
            pieces = [piece async for piece in response.iter_bytes(100)]
        raw = await async_openai_client.audio.transcriptions.with_raw_response.create(
            model="gpt-4o-transcribe", file=("a.wav", b"".join(pieces))
        )

    assert b"".join(pieces)[:4] == b"RIFF"
    images, speech, heard = of_kind(stored(), "llm")
    assert images.messages is not None
    assert [part.type for part in images.messages.output[0].parts] == ["blob", "blob"]
    assert speech.ended_ns
    assert said(heard) == raw.parse().text


@pytest.mark.parametrize("text", ["I like it", "I will attack"])
def test_a_moderation_is_a_guardrail(
    stored: Stored, openai_client: openai.OpenAI, text: str
) -> None:
    """What was looked at, and what was found in it."""
    image: Any = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    with tracing("openai"):
        openai_client.moderations.create(
            model="omni-moderation-latest", input=[{"type": "text", "text": text}, image]
        )

    [span] = of_kind(stored(), "guardrail")
    assert (span.model, span.provider) == ("omni-moderation-latest", "openai")
    assert text in str(span.inputs)
    assert "https://example.com/a.png" in str(span.inputs)
    is_bad = "attack" in text
    assert span.outputs[0]["flagged"] is is_bad
    assert span.outputs[0]["categories"] == (["violence"] if is_bad else [])
    assert span.outputs[0]["category_scores"]["violence"] == (0.97 if is_bad else 0.01)
