"""OpenAI's images, speech, transcriptions and moderations, told as span attributes."""

import base64
import io
from collections.abc import Callable, Mapping
from typing import Any

from weave_core import semconv
from weave_core.integrations._content import as_list, get, media, messages_json, text
from weave_core.integrations._genai import Attributes, openai_usage
from weave_core.integrations._requests import Api
from weave_core.tracing.content import content_json

__all__ = ["IMAGES", "MODERATIONS", "SPEECH", "TRANSCRIPTIONS"]

_IMAGE_FIELDS = ("image", "image[]", "mask")
_DONE = {
    "image_generation.completed",
    "image_edit.completed",
    "transcript.text.done",
}
"""Stream events that hold the whole answer and its usage."""


def _asked(parts: list[dict[str, Any]], output_type: str) -> Attributes:
    message = {"role": "user", "parts": parts}
    return {
        semconv.GEN_AI_OUTPUT_TYPE: output_type,
        semconv.GEN_AI_INPUT_MESSAGES: messages_json([message] if parts else []),
    }


def _answered(parts: list[dict[str, Any]], usage: Any) -> Attributes:
    message = {"role": "assistant", "parts": parts, "finish_reason": "stop"}
    return {
        **openai_usage(usage),
        semconv.GEN_AI_OUTPUT_MESSAGES: messages_json([message] if parts else []),
    }


def _file(given: Any, mime_type: str, modality: str) -> dict[str, Any]:
    """A file of a form: its bytes where they are at hand; a file that is open is not read."""
    name = None
    if isinstance(given, tuple) and len(given) > 1:
        name, given = given[0], given[1]
    if isinstance(given, io.BytesIO):
        given = given.getvalue()
    if isinstance(given, bytes):
        return media(base64.b64encode(given).decode(), mime_type, modality)
    told = name or getattr(given, "name", None) or str(given)
    return {"type": "file", "modality": modality, "file_id": str(told)}


def _images_request(body: Mapping[str, Any]) -> Attributes:
    prompt, count = body.get("prompt"), body.get("n")
    parts = [text(prompt)] if isinstance(prompt, str) else []
    for name in _IMAGE_FIELDS:
        given = body.get(name)
        parts += [_file(each, "image/png", "image") for each in _files(given)]
    return {
        **_asked(parts, "image"),
        semconv.GEN_AI_REQUEST_CHOICE_COUNT: count if count != 1 else None,
    }


def _files(given: Any) -> list[Any]:
    """One file, several or none as a list; a tuple is one file with its name."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _images_response(answer: Any) -> Attributes:
    mime_type = f"image/{get(answer, 'output_format') or 'png'}"
    images = as_list(get(answer, "data")) or [answer]
    parts = [
        media(data, mime_type, "image")
        for image in images
        if (data := get(image, "b64_json") or get(image, "url"))
    ]
    return _answered(parts, get(answer, "usage"))


def _speech_request(body: Mapping[str, Any]) -> Attributes:
    words = body.get("input")
    return _asked([text(words)] if isinstance(words, str) else [], "speech")


def _speech_response(answer: Any) -> Attributes:
    response = get(answer, "response")
    kind = str(response.headers.get("content-type") or "").partition(";")[0]
    if not kind.startswith("audio/") or not response.is_closed:
        return {}  # Events, or a body that the program reads by itself.
    sound = base64.b64encode(response.content).decode()
    return _answered([media(sound, kind, "audio")], None)


def _transcription_request(body: Mapping[str, Any]) -> Attributes:
    sound, prompt = body.get("file"), body.get("prompt")
    parts = [_file(sound, "audio/wav", "audio")] if sound is not None else []
    if isinstance(prompt, str):
        parts.append(text(prompt))
    return _asked(parts, "text")


def _transcription_response(answer: Any) -> Attributes:
    words = answer if isinstance(answer, str) else get(answer, "text")
    return _answered([text(words)] if words else [], get(answer, "usage"))


class _Collector:
    """The last event of such a stream is the whole answer."""

    def __init__(self, response: Callable[[Any], Attributes]) -> None:
        self._response = response
        self._pieces: list[str] = []
        self._whole: Any = None

    def add(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if kind in _DONE:
            self._whole = event
        elif kind == "transcript.text.delta":
            self._pieces.append(get(event, "delta") or "")

    def attributes(self) -> Attributes:
        """As of a whole answer."""
        if self._whole is not None:
            return self._response(self._whole)
        return _answered([text("".join(self._pieces))] if self._pieces else [], None)


def _moderation_request(body: Mapping[str, Any]) -> Attributes:
    return {semconv.KIND: "guardrail", semconv.INPUTS: content_json(_shown(body.get("input")))}


def _shown(given: Any) -> Any:
    """Texts as they are; an image by its address, or by its digest."""
    if isinstance(given, list | tuple):
        return [_shown(each) for each in given]
    if get(given, "type") == "image_url":
        return media(str(get(get(given, "image_url"), "url")), None, "image")
    return given


def _moderation_response(answer: Any) -> Attributes:
    results = []
    for result in as_list(get(answer, "results")):
        scores = _dump(get(result, "category_scores"))
        flagged = sorted(name for name, is_so in _dump(get(result, "categories")).items() if is_so)
        results.append(
            {"flagged": get(result, "flagged"), "categories": flagged, "category_scores": scores}
        )
    return {
        semconv.GEN_AI_RESPONSE_ID: get(answer, "id"),
        semconv.GEN_AI_RESPONSE_MODEL: get(answer, "model"),
        semconv.OUTPUTS: content_json(results),
    }


def _dump(value: Any) -> dict[str, Any]:
    dump = getattr(value, "model_dump", None)
    told = dump(by_alias=True, exclude_none=True, warnings=False) if dump is not None else value
    return dict(told) if isinstance(told, Mapping) else {}


IMAGES = Api(
    "generate_content", _images_request, _images_response, lambda: _Collector(_images_response)
)
SPEECH = Api("generate_content", _speech_request, _speech_response)
TRANSCRIPTIONS = Api(
    "generate_content",
    _transcription_request,
    _transcription_response,
    lambda: _Collector(_transcription_response),
)
MODERATIONS = Api("moderation", _moderation_request, _moderation_response)
