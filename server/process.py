"""Run the server until it is told to stop."""

import asyncio
import ipaddress
import logging
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from weave_core.errors import ConfigError
from weave_core.server.factory import create_app
from weave_core.server.grpc_receiver import GrpcReceiver
from weave_core.server.heap import settle_heap, share_arenas
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

__all__ = ["run_server"]

_LAST_PORT = 65_535
_BACKLOG = 2048
_STOP_TIMEOUT_S = 15
"""How long accepted requests may take to finish once the server is told to stop."""


def run_server(settings: Settings, *, host: str, port: int, grpc_port: int | None = None) -> None:
    """Serve on `host` and `port` (0: any free one) until SIGTERM or SIGINT.

    Prints one line when it is ready, and before it one with the port of gRPC.  What was accepted
    is stored before it returns.

    Args:
        settings: What the process was told.
        host: Name or address.
        port: Of OTLP/HTTP and the JSON API.
        grpc_port: Of OTLP/gRPC; None: none.

    Raises:
        ConfigError: If the port is taken, or the address is open to others and there is no key.
        StoreError: If the store can't be opened.
    """
    logging.basicConfig(level=logging.WARNING, format="weave-core: %(levelname)s %(message)s")
    _require_key(settings, host)
    share_arenas()
    listener = _listen(host, port)
    try:
        store = Store.open(settings, has_decode_process=settings.decode_process)
        try:
            app = create_app(settings, store)
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_TIMEOUT_S,
            )
            settle_heap()
            server = _Server(config, app, _ready_url(listener))
            if grpc_port is not None:
                server.add_grpc(GrpcReceiver(settings, store), host, grpc_port)
            server.run(sockets=[listener])
        finally:
            store.close()
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Uvicorn that says when it is ready and takes a signal as an order, not as an accident."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, url: str) -> None:
        super().__init__(config)
        self._app = app
        self._url = url
        self._grpc: tuple[GrpcReceiver, str, int] | None = None

    def add_grpc(self, receiver: GrpcReceiver, host: str, port: int) -> None:
        """Serve gRPC too, in the same event loop."""
        self._grpc = (receiver, host, port)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._grpc:
            receiver, host, port = self._grpc
            bound = await receiver.start(host, port)
            place = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"
            sys.stdout.write(f"weave-core server grpc on {place}\n")
        sys.stdout.write(f"weave-core server ready on {self._url}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Side by side: neither door stays open while the other one waits for its last request.
        stops = [super().shutdown(sockets=sockets)]
        if self._grpc:
            stops.append(self._grpc[0].stop(_STOP_TIMEOUT_S))
        await asyncio.gather(*stops)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Streams without an end of their own look at this; the server waits for all requests.
        self._app.state.is_stopping = True
        super().handle_exit(sig, frame)
        # Uvicorn raises the signal again at the end, which would kill the process before the store
        # is closed and make a clean stop look like a crash.
        self._captured_signals.clear()


def _require_key(settings: Settings, host: str) -> None:
    if settings.api_key or host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigError(
            f"host {host!r} is open to other machines and no API key is set",
            "set WEAVE_CORE_API_KEY, or listen on 127.0.0.1",
        )


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        # The C library would take it modulo 65,536 and listen somewhere else.
        raise ConfigError(f"can't listen on {host}:{port}: ports go from 0 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"can't listen on {host}:{port}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"can't listen on {host}:{port}: {reason}",
            "choose another one with --port; 0 takes any that is free",
        ) from error
    listener.setblocking(False)
    return listener


def _ready_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
