"""OpenAI's images and audio around the scripted stand-in: real files, small ones."""

import base64
import io
import struct
import time
import wave
import zlib
from collections.abc import Iterator
from typing import Any

from local_llm_brain import count_tokens
from local_llm_openai import Answer, words_of

__all__ = ["FileAnswer", "Media", "images", "speech", "transcriptions"]

_RATE = 8000


class Media(bytes):
    """An answer that is a file, not JSON."""

    content_type = "application/octet-stream"


FileAnswer = tuple[Media, None]


class _Wav(Media):
    content_type = "audio/wav"


class _Text(Media):
    content_type = "text/plain; charset=utf-8"


def images(body: dict[str, Any]) -> Answer:
    """`POST /v1/images/generations` and `/v1/images/edits`: a plain square whose colour is told."""
    prompt, count = str(body["prompt"]), int(body.get("n") or 1)
    data = [
        {"b64_json": base64.b64encode(_png(zlib.crc32(f"{prompt}{index}".encode()))).decode()}
        for index in range(count)
    ]
    asked, made = count_tokens(prompt), 272 * count
    usage = {
        "input_tokens": asked,
        "input_tokens_details": {"text_tokens": asked, "image_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": made},
        "total_tokens": asked + made,
    }
    whole = {"created": int(time.time()), "output_format": "png", "data": data, "usage": usage}
    return whole, _image_events(whole, body)


def _image_events(whole: dict[str, Any], body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    told = {"b64_json": whole["data"][0]["b64_json"], "created_at": whole["created"]}
    told |= {"size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"}
    for index in range(int(body.get("partial_images") or 0)):
        kind = "image_generation.partial_image"
        yield kind, {"type": kind, "partial_image_index": index, **told}
    kind = "image_generation.completed"
    yield kind, {"type": kind, "usage": whole["usage"], **told}


def speech(body: dict[str, Any]) -> Answer | FileAnswer:
    """`POST /v1/audio/speech`: a tone as long as the words would take."""
    text = str(body["input"])
    sound = _wav(max(1, len(text.split())))
    if body.get("stream_format") != "sse":
        return _Wav(sound), None
    return {}, _speech_events(sound, count_tokens(text))


def _speech_events(sound: bytes, asked: int) -> Iterator[tuple[str, Any]]:
    half = len(sound) // 2
    for piece in (sound[:half], sound[half:]):
        kind = "speech.audio.delta"
        yield kind, {"type": kind, "audio": base64.b64encode(piece).decode()}
    usage = {"input_tokens": asked, "output_tokens": 40, "total_tokens": asked + 40}
    yield "speech.audio.done", {"type": "speech.audio.done", "usage": usage}


def transcriptions(body: dict[str, Any]) -> Answer | FileAnswer:
    """`POST /v1/audio/transcriptions` and `/v1/audio/translations`: tells how long it is."""
    sound = body["file"]
    try:
        with wave.open(io.BytesIO(sound)) as file:
            seconds = round(file.getnframes() / file.getframerate(), 2)
    except (wave.Error, EOFError):
        seconds = round(len(sound) / _RATE, 2)
    text = f"A tone of {seconds} seconds."
    if body.get("response_format") in {"text", "srt", "vtt"}:
        return _Text(text.encode()), None
    usage = {
        "type": "tokens",
        "input_tokens": 20,
        "input_token_details": {"audio_tokens": 20, "text_tokens": 0},
        "output_tokens": count_tokens(text),
        "total_tokens": 20 + count_tokens(text),
    }
    if str(body["model"]).startswith("whisper"):
        usage = {"type": "duration", "seconds": seconds}
    return {"text": text, "usage": usage}, _transcript_events(text, usage)


def _transcript_events(text: str, usage: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for word in words_of(text):
        kind = "transcript.text.delta"
        yield kind, {"type": kind, "delta": word}
    kind = "transcript.text.done"
    yield kind, {"type": kind, "text": text, "usage": usage}


def _png(seed: int) -> bytes:
    colour = seed.to_bytes(4, "big")[:3]
    rows = b"".join(b"\0" + colour * 8 for _ in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _wav(words: int) -> bytes:
    told = io.BytesIO()
    with wave.open(told, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE)
        file.writeframes(bytes(128 + (index % 32) for index in range(words * _RATE // 3)))
    return told.getvalue()
