"""A local stand-in for model APIs, OpenAI's, Anthropic's and others': scripted, no model.

    python examples/local_llm.py --port 0        # prints the URL it answers on

or inside a program: `with local_llm.serve() as url: OpenAI(base_url=f"{url}/v1", api_key="x")`.
It answers `/v1/chat/completions`, `/v1/responses`, `/v1/embeddings`, `/v1/moderations`,
`/v1/images`, `/v1/audio` and `/v1/models` (OpenAI), `/v1/messages` (Anthropic), Gemini's
`/v1/models/…:generateContent`, Bedrock's `/model/…/converse`, Cohere's `/v2/chat` and Ollama's
`/api/chat`: streamed or not, with tools and token usage.

Model names that misbehave on purpose: `error-429` (any status), `slow-2` (waits 2 s before it
answers), `error-midstream` (an error event after some words), `drop-midstream` (the connection ends
there).  Models named `o…` or `gpt-5…` give reasoning.  Standard library only.
"""

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import local_llm_anthropic as anthropic_api
import local_llm_bedrock as bedrock_api
import local_llm_cohere as cohere_api
import local_llm_gemini as gemini_api
import local_llm_ollama as ollama_api
import local_llm_openai as openai_api
import local_llm_openai_media as media_api

__all__ = ["Pace", "serve"]

MAX_BODY_BYTES = 32 * 1024 * 1024

_ROUTES = {
    "/v1/chat/completions": openai_api.chat,
    "/v1/responses": openai_api.responses,
    "/v1/embeddings": openai_api.embeddings,
    "/v1/moderations": openai_api.moderations,
    "/v1/images/generations": media_api.images,
    "/v1/images/edits": media_api.images,
    "/v1/audio/speech": media_api.speech,
    "/v1/audio/transcriptions": media_api.transcriptions,
    "/v1/audio/translations": media_api.transcriptions,
    "/v1/messages": anthropic_api.messages,
    "/v1/messages/count_tokens": anthropic_api.count_tokens,
    "/v1/messages/batches": anthropic_api.batches,
    "/v1/models/{model}:generateContent": gemini_api.generate_content,
    "/v1/models/{model}:streamGenerateContent": gemini_api.generate_content,
    "/v1/models/{model}:batchEmbedContents": gemini_api.batch_embed_contents,
    "/v2/chat": cohere_api.chat,
    "/v2/embed": cohere_api.embed,
    "/v1/embed": cohere_api.embed,
    "/v2/rerank": cohere_api.rerank,
    "/v1/rerank": cohere_api.rerank,
    "/api/chat": ollama_api.chat,
    "/api/generate": ollama_api.generate,
    "/api/embed": ollama_api.embed,
    "/model/{model}/converse": bedrock_api.converse,
    "/model/{model}/converse-stream": bedrock_api.converse,
    "/model/{model}/invoke": bedrock_api.invoke_model,
    "/model/{model}/invoke-with-response-stream": bedrock_api.invoke_model,
}
_STREAMING = ("streamGenerateContent", "-stream")
"""Ends of paths whose answer is always a stream."""
_STATUS_TEXT = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
_STATUS_TEXT |= {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


def _parse_path(path: str) -> tuple[Any, dict[str, Any]]:
    """What answers `path`, and what the path itself tells; None where nothing does."""
    if route := _ROUTES.get(path):
        return route, {}
    match = re.fullmatch(r"(/v1/models/|/model/)([^/:]+|.+(?=/))([:/][\w-]+)", path)
    if match is None:
        return None, {}
    told: dict[str, Any] = {"model": unquote(match[2])}
    if path.endswith(_STREAMING):
        told["stream"] = True
    return _ROUTES.get(f"{match[1]}{{model}}{match[3]}"), told


def _parse_body(data: bytes, content_type: str) -> dict[str, Any]:
    """A JSON object, or the fields of a form: texts, and files as bytes."""
    if not content_type.startswith("multipart/"):
        return dict(json.loads(data))
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + data)
    fields: dict[str, Any] = {}
    for part in message.get_payload():
        name = str(part.get_param("name", header="content-disposition"))  # type: ignore[union-attr]
        value = part.get_payload(decode=True)  # type: ignore[union-attr]
        is_file = part.get_filename() is not None  # type: ignore[union-attr]
        fields[name] = value if is_file else value.decode()  # type: ignore[union-attr]
    if "stream" in fields:
        fields["stream"] = fields["stream"].lower() == "true"
    return fields


class Pace:
    """How fast the stand-in talks."""

    def __init__(self, first_token_s: float = 0.0, word_s: float = 0.0) -> None:
        self.first_token_s = first_token_s
        self.word_s = word_s


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pace = Pace()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  The base class names it so.
        """Say nothing: the caller's own log is the one to read."""

    def do_GET(self) -> None:
        if self.path.startswith("/v1/models"):
            self._send(200, openai_api.models())
        elif self.path == "/":
            self._send(200, {"name": "local_llm", "is": "a scripted stand-in, no model"})
        else:
            self._fail(404, f"no such path: {self.path!r}; there is {', '.join(_ROUTES)}")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            return self._fail(413, f"{length} bytes are more than {MAX_BODY_BYTES}")
        data = self.rfile.read(length)
        path = self.path.partition("?")[0].replace("/v1/v1/", "/v1/")
        # Azure's form of the same paths: /openai/deployments/{model}/chat/completions
        path = re.sub(r"^/openai/deployments/[^/]+/", "/v1/", path)
        path = path.replace("/v1beta/", "/v1/")  # Gemini's, until google-genai 3.
        # Vertex AI's: /v1/projects/{project}/locations/{location}/publishers/google/models/{model}
        path = re.sub(r"^/v1(beta1)?/projects/.*/models/", "/v1/models/", path)
        route, told = _parse_path(path)
        if route is None:
            return self._fail(404, f"no such path: {self.path!r}; there is {', '.join(_ROUTES)}")
        try:
            body = _parse_body(data, self.headers.get("Content-Type") or "") | told
            model = str(body["model"] if "requests" not in body else "batch")
        except (ValueError, KeyError, TypeError):
            return self._fail(400, "the body must be a JSON object with a text `model`")
        return self._answer(route, body, model)

    def _answer(self, route: Any, body: dict[str, Any], model: str) -> None:
        if match := re.fullmatch(r"error-(\d{3})", model):
            return self._fail(int(match[1]), f"{model} always fails, as its name says")
        if match := re.fullmatch(r"slow-(\d+(?:\.\d+)?).*", model):
            time.sleep(float(match[1]))
        try:
            whole, events = route(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self._fail(400, f"can't read the request: {type(error).__name__}: {error}")
        time.sleep(self.server.pace.first_token_s)
        is_stream = body.get("stream", self._is_ollama())  # Which streams unless it is told not to.
        if (is_stream or body.get("stream_format") == "sse") and events is not None:
            return self._stream(events, model)
        if isinstance(whole, media_api.Media):
            return self._send_bytes(200, whole, whole.content_type)
        words = len(json.dumps(whole).split()) if self.server.pace.word_s else 0
        time.sleep(min(words * self.server.pace.word_s, 1.0))
        return self._send(200, whole)

    def _stream(self, events: Iterable[tuple[str, Any]], model: str) -> None:
        self.send_response(200)
        kind = "application/x-ndjson" if self._is_ollama() else "text/event-stream"
        if self._is_bedrock():
            kind = "application/vnd.amazon.eventstream"
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-request-id", "req_local")
        self.end_headers()
        for number, (name, data) in enumerate(events):
            if number == 6 and model == "drop-midstream":  # noqa: PLR2004  After some words.
                self.close_connection = True
                return
            if number == 6 and model == "error-midstream":  # noqa: PLR2004
                error = {"type": "api_error", "message": "error-midstream fails here"}
                self._chunk("error", {"type": "error", "error": error})
                break
            self._chunk(name, data)
            time.sleep(self.server.pace.word_s)
        self.wfile.write(b"0\r\n\r\n")

    def _is_bedrock(self) -> bool:
        return self.path.startswith("/model/")

    def _is_ollama(self) -> bool:
        return self.path.startswith("/api/")

    def _chunk(self, name: str, data: Any) -> None:
        if self._is_bedrock():
            payload = bedrock_api.event_frame(name, data)
        elif self._is_ollama():
            payload = json.dumps(data).encode() + b"\n"
        else:
            text = data if isinstance(data, str) else json.dumps(data)
            event = f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"
            payload = event.encode()
        self.wfile.write(f"{len(payload):x}\r\n".encode() + payload + b"\r\n")

    def _fail(self, status: int, message: str) -> None:
        if self._is_bedrock():
            return self._send(status, {"message": message})
        if ":" in self.path:  # Gemini's `model:method`.
            return self._send(status, gemini_api.failure(status, message))
        kind = _STATUS_TEXT.get(status, "api_error")
        code = "rate_limit_exceeded" if status == 429 else None  # noqa: PLR2004
        # OpenAI reads `error`, Anthropic the outer `type` as well.
        error = {"type": kind, "message": message, "code": code, "param": None}
        return self._send(status, {"type": "error", "error": error})

    def _send(self, status: int, body: Any) -> None:
        self._send_bytes(status, json.dumps(body).encode(), "application/json")

    def _send_bytes(self, status: int, payload: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("x-request-id", "req_local")
        self.send_header("request-id", "req_local")
        if status in {429, 500, 529}:
            self.send_header("retry-after-ms", "20")  # SDKs retry by themselves: let them be quick.
        self.end_headers()
        self.wfile.write(payload)


@contextmanager
def serve(*, port: int = 0, host: str = "127.0.0.1", pace: Pace | None = None) -> Iterator[str]:
    """Answer on a background thread; yields the URL, without `/v1`.

    Args:
        port: 0 lets the kernel pick a free one.
        host: Address to listen on.
        pace: How fast it talks; default: at once.
    """
    server = _Server((host, port), _Handler)
    server.pace = pace or Pace()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--fast", action="store_true", help="answer without pauses")
    options = parser.parse_args()
    pace = Pace() if options.fast else Pace(first_token_s=0.15, word_s=0.012)
    with serve(port=options.port, host=options.host, pace=pace) as url:
        print(f"local_llm (a scripted stand-in, no model) ready on {url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
