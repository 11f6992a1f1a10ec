"""The server's API inside this process: the same application, called without a socket.

Part of the roof: it joins the server to whoever asked for `endpoint="embedded"`.
"""

import asyncio
import atexit
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from weave_core import tracing
from weave_core.commands.extras import require_extra
from weave_core.errors import ConfigError, StoreError
from weave_core.settings import Settings

__all__ = ["close_embedded", "is_open", "open_embedded"]

_MAX_WAITING = 64
"""Pieces of an answer that wait for its reader; the application waits then."""
_LOOK_S = 0.25
_END_S = 20.0


@dataclass(slots=True)
class _State:
    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: "dict[Path, _Embedded]" = field(default_factory=dict)
    is_watched: bool = False


_state = _State()


def open_embedded(settings: Settings) -> httpx.BaseTransport:
    """The way to the API of the store in `settings.home`, which is opened once a process.

    Raises:
        ConfigError: If the store can't be opened here.
        MissingExtra: If the server is not installed.
    """
    require_extra("server", wanted_by='endpoint="embedded"')
    with _state.lock:
        found = _state.opened.get(settings.home)
        if found is None:
            found = _state.opened[settings.home] = _Embedded(settings)
            if not _state.is_watched:
                _state.is_watched = True
                atexit.register(close_embedded)
        if found.pid != os.getpid():
            raise ConfigError(
                f"the store in {settings.home} was opened by the parent of this process",
                "let the child record with endpoint='offline': the parent takes it in",
            )
        return found.transport


def is_open(home: Path) -> bool:
    """Whether the store of `home` is open in this process."""
    found = _state.opened.get(home)
    return found is not None and found.pid == os.getpid()


def close_embedded() -> None:
    """Send what waits and close every store of this process; runs by itself at its exit."""
    opened = [each for each in _state.opened.values() if each.pid == os.getpid()]
    if opened and tracing.is_active():
        tracing.shutdown()
    for each in opened:
        each.close()
    _state.opened.clear()


class _Embedded:
    """One open store with the application before it, and the thread that runs the application."""

    def __init__(self, settings: Settings) -> None:
        # Late: the server loads FastAPI and the database, which only this needs.
        from weave_core.server.factory import create_app
        from weave_core.server.store.stores import Store

        self.pid = os.getpid()
        try:
            self._store = Store.open(settings)
        except StoreError as error:
            raise ConfigError(
                f"endpoint is 'embedded', and the store can't be opened: {error.message}",
                error.hint or "name its server's URL as the endpoint instead",
            ) from error
        # No socket, so nobody to keep out.
        app = create_app(replace(settings, api_key=None), self._store)
        app.state.store = self._store
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="weave-core embedded", daemon=True)
        self._thread.start()
        self.transport = _Transport(app, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def close(self) -> None:
        """Let streams end, and give the store back."""
        self._app.state.is_stopping = True
        with suppress(TimeoutError):
            stopping = asyncio.run_coroutine_threadsafe(_finish(), self._loop)
            stopping.result(_END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END_S)
        if not self._thread.is_alive():
            self._loop.close()
        self._store.close()


async def _finish() -> None:
    """Wait for the requests that are under way."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


class _Transport(httpx.BaseTransport):
    """httpx's way to an ASGI application that runs in another thread's event loop."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as soon as the head of the answer is there."""
        if self._loop.is_closed():
            raise httpx.ConnectError("the embedded store was closed", request=request)
        exchange = _Exchange(request.read())
        work = self._app(_scope(request), exchange.receive, exchange.send)
        exchange.work = asyncio.run_coroutine_threadsafe(exchange.run(work), self._loop)
        wait_s = request.extensions.get("timeout", {}).get("read")
        head = exchange.next_piece(wait_s, request)
        if head is None or head["type"] != "http.response.start":
            raise httpx.RemoteProtocolError("the application gave no answer", request=request)
        return httpx.Response(
            head["status"],
            headers=head.get("headers", []),
            stream=_Body(exchange, request, wait_s),
            request=request,
        )


class _Exchange:
    """One request and its answer, between the caller's thread and the loop's."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._pieces: queue.Queue[dict[str, Any] | None] = queue.Queue(_MAX_WAITING)
        self._is_left = False
        self.work: Any = None

    async def run(self, work: Any) -> None:
        """Run the application for this request; None is the last piece, however it ends."""
        try:
            await work
        finally:
            await self._put(None)

    async def receive(self) -> dict[str, Any]:
        """ASGI's receive."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        while not self._is_left:  # noqa: ASYNC110  # Set by a thread that has no loop to tell.
            await asyncio.sleep(_LOOK_S)
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI's send."""
        await self._put(message)

    async def _put(self, piece: dict[str, Any] | None) -> None:
        while not self._is_left:
            try:
                self._pieces.put_nowait(piece)
            except queue.Full:  # The reader is slow; the loop has others to serve.
                await asyncio.sleep(0.005)
            else:
                return

    def next_piece(self, wait_s: float | None, request: httpx.Request) -> dict[str, Any] | None:
        """The next piece of the answer; None after the last."""
        try:
            return self._pieces.get(timeout=wait_s)
        except queue.Empty:
            self.leave()
            raise httpx.ReadTimeout("no answer in time", request=request) from None

    def leave(self) -> None:
        """Want no more of it."""
        self._is_left = True


class _Body(httpx.SyncByteStream):
    def __init__(self, exchange: _Exchange, request: httpx.Request, wait_s: float | None) -> None:
        self._exchange = exchange
        self._request = request
        self._wait_s = wait_s

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._exchange.next_piece(self._wait_s, self._request)) is not None:
            yield piece.get("body", b"")
            if not piece.get("more_body", False):
                return

    def close(self) -> None:
        self._exchange.leave()


def _scope(request: httpx.Request) -> dict[str, Any]:
    """ASGI's description of a request.

    Source: https://asgi.readthedocs.io/en/latest/specs/www.html, HTTP connection scope.
    """
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": None,
        "server": ("embedded", 80),
    }
