"""OpenAI's realtime API around the scripted stand-in's replies, on a WebSocket of its own.

    with local_llm_realtime.serve() as url:
        OpenAI(websocket_base_url=url, api_key="x").realtime.connect(model="gpt-realtime")

Text in, text out; sound is taken as a question that is always the same.  Needs `websockets`, which
`openai[realtime]` brings.
"""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local_llm_brain import Reply, Tool, Turn, reply_to
from local_llm_openai import pieces, tokens_of, words_of
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websocket

__all__ = ["serve"]

HEARD = "Where is order A-1001?"
"""What every sound says."""


class _Conversation:
    """One connection: its settings, its items, and what it answers."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._serial = itertools.count(1)
        self._session: dict[str, Any] = {"type": "realtime", "model": "gpt-realtime"}
        self._items: list[dict[str, Any]] = []

    def send(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "event_id": f"event_{next(self._serial)}", **fields}
        self._socket.send(json.dumps(event))

    def run(self) -> None:
        self.send("session.created", session=self._session)
        for data in self._socket:
            event = json.loads(data)
            kind = event["type"]
            if kind == "session.update":
                self._session |= event["session"]
                self.send("session.updated", session=self._session)
            elif kind == "conversation.item.create":
                self._add(event["item"])
            elif kind == "input_audio_buffer.commit":
                self._listen()
            elif kind == "response.create":
                self._answer()

    def _add(self, item: dict[str, Any]) -> None:
        item = {"id": f"item_{next(self._serial)}", "status": "completed", **item}
        self._items.append(item)
        self.send("conversation.item.added", item=item)
        self.send("conversation.item.done", item=item)

    def _listen(self) -> None:
        content: list[dict[str, Any]] = [{"type": "input_audio", "transcript": None}]
        item: dict[str, Any] = {"type": "message", "role": "user", "content": content}
        self._add(item)
        item = self._items[-1]
        content[0]["transcript"] = HEARD
        kind = "conversation.item.input_audio_transcription.completed"
        self.send(kind, item_id=item["id"], content_index=0, transcript=HEARD)

    def _answer(self) -> None:
        turns, tools = self._turns(), self._tools()
        number = f"resp_{id(self):x}_{next(self._serial)}"
        frame = {"id": number, "object": "realtime.response", "conversation_id": "conv_local"}
        self.send("response.created", response={**frame, "status": "in_progress", "output": []})
        if any(turn.text == "fail" for turn in turns[-1:]):
            error = {"type": "server_error", "code": "server_error"}
            details = {"type": "failed", "error": error}
            done: dict[str, Any] = {
                **frame,
                "status": "failed",
                "status_details": details,
                "output": [],
            }
            return self.send("response.done", response=done)
        reply = reply_to(turns, tools, salt=number)
        items = list(self._output(number, reply))
        prompt, cached, output, _ = tokens_of(turns, tools, reply, reply.text)
        usage = {
            "input_tokens": prompt,
            "input_token_details": {"cached_tokens": cached, "audio_tokens": 0},
            "output_tokens": output,
            "output_token_details": {"audio_tokens": 0, "text_tokens": output},
            "total_tokens": prompt + output,
        }
        done = {**frame, "status": "completed", "output": items, "usage": usage}
        return self.send("response.done", response=done)

    def _output(self, number: str, reply: Reply) -> Iterator[dict[str, Any]]:
        at = {"response_id": number, "output_index": 0}
        if reply.text:
            content = [{"type": "output_text", "text": reply.text}]
            item: dict[str, Any] = {"type": "message", "role": "assistant", "content": content}
            for word in words_of(reply.text):
                self.send(
                    "response.output_text.delta", item_id="i", content_index=0, delta=word, **at
                )
            yield self._keep(item)
        for call in reply.calls:
            arguments = json.dumps(call.arguments)
            for piece in pieces(arguments):
                kind = "response.function_call_arguments.delta"
                self.send(kind, item_id="i", call_id=call.id, delta=piece, **at)
            item = {"type": "function_call", "call_id": call.id, "name": call.name}
            yield self._keep({**item, "arguments": arguments})

    def _keep(self, item: dict[str, Any]) -> dict[str, Any]:
        item = {"id": f"item_{next(self._serial)}", "status": "completed", **item}
        self._items.append(item)
        self.send("conversation.item.added", item=item)
        return item

    def _tools(self) -> list[Tool]:
        return [
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
            for tool in self._session.get("tools") or []
        ]

    def _turns(self) -> list[Turn]:
        told = self._session.get("instructions")
        turns = [Turn("system", told)] if told else []
        names: dict[str, str] = {}
        for item in self._items:
            if item["type"] == "function_call":
                names[item["call_id"]] = item["name"]
                turns.append(Turn("assistant", calls=(item["name"],)))
            elif item["type"] == "function_call_output":
                turns.append(Turn("tool", item["output"], tool=names.get(item["call_id"], "")))
            else:
                texts = [part.get("text") or part.get("transcript") for part in item["content"]]
                turns.append(Turn(item["role"], " ".join(text for text in texts if text)))
        return turns


def _handle(socket: ServerConnection) -> None:
    try:
        _Conversation(socket).run()
    except ConnectionClosed:
        return  # The caller hung up.


@contextmanager
def serve(*, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Answer on background threads; yields the URL that the SDK takes as `websocket_base_url`."""
    with serve_websocket(_handle, host, port) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"ws://{host}:{server.socket.getsockname()[1]}/v1"
        finally:
            server.shutdown()
            thread.join(timeout=5)
