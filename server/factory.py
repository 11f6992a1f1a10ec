"""Build the application: routes, the store behind them, and what each error looks like."""

import base64
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any, cast
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from weave_core.errors import (
    BadCursor,
    BadFilter,
    BadQuery,
    BadRequest,
    ConfigError,
    MissingExtra,
    NotFound,
    Overloaded,
    StoreError,
    TooLarge,
    UnsupportedMedia,
    WeaveError,
)
from weave_core.model import ErrorBody, ErrorDetail
from weave_core.server.compat import artifact_routes as wandb_artifact_routes
from weave_core.server.compat import links
from weave_core.server.compat import routes as wandb_routes
from weave_core.server.compat.addresses import CLIENT_PREFIXES
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.signatures import Signer
from weave_core.server.deps import MAX_HEAVY_READERS
from weave_core.server.limits import BodyReader
from weave_core.server.measures import CountAnswers
from weave_core.server.otlp.answers import encoding_of, error_body
from weave_core.server.otlp_paths import OtlpPaths
from weave_core.server.routes import READ_ROUTERS, ingest
from weave_core.server.shortcuts import Shortcuts
from weave_core.server.store.dialects import is_unavailable, reason_of
from weave_core.server.store.monitor_scans import Arrivals
from weave_core.server.store.stores import Store
from weave_core.server.sweeps.brains import SweepBrain
from weave_core.settings import Settings
from weave_core.versions import package_version

__all__ = ["create_app"]

_log = logging.getLogger(__name__)

# The first that fits; a class stands before its base.
_STATUSES: list[tuple[type[WeaveError], int, str]] = [
    (BadFilter, 400, "bad_filter"),
    (BadQuery, 400, "bad_query"),
    (BadCursor, 400, "bad_cursor"),
    (BadRequest, 400, "bad_request"),
    (NotFound, 404, "not_found"),
    (MissingExtra, 501, "missing_extra"),
    (TooLarge, 413, "too_large"),
    (UnsupportedMedia, 415, "unsupported_media"),
    (Overloaded, 503, "overloaded"),
    # The database is locked or its disk full: senders must keep their data and come back.
    (StoreError, 503, "store_unavailable"),
    (WeaveError, 500, "internal"),
]
_MEANINGS = {
    400: "What was sent can't be understood.",
    401: "The API key is missing or wrong.",
    404: "It is not stored.",
    413: "What was sent is over a limit.",
    415: "The content type is not read here.",
    422: "A parameter is missing or wrong.",
    501: "An extra that it needs is not installed.",
    503: "Not now: too much waits, or the database can't be reached; `Retry-After` says when.",
}
# For OpenAPI; FastAPI's own 422 has another shape than ours.
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": _MEANINGS[status]}
    for status in (400, 401, 404, 413, 422, 501, 503)
}
_OTLP_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": _MEANINGS[status] + " A `google.rpc.Status` in the request's encoding."}
    for status in (400, 401, 413, 415, 503)
}
_RETRY_AFTER_S = 5
# google.rpc.Code by HTTP status, for OTLP.
_RPC_CODES = {400: 3, 401: 16, 404: 12, 405: 12, 413: 8, 415: 3, 422: 3, 429: 8, 503: 14}
_RPC_INTERNAL = 13
_CORS_HEADERS = ["authorization", "content-encoding", "content-type", "x-weave-project"]
_OTLP_PREFIXES = ("/v1/", "/v1development/")
_GUARDED_PREFIXES = ("/v1/", "/api/", "/metrics", *CLIENT_PREFIXES)


def create_app(settings: Settings, store: Store | None = None) -> FastAPI:
    """The server's application.

    Args:
        settings: What the process was told.
        store: One that is open, and that its opener closes; None: the application opens one when
            it starts and closes it when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.store = store or Store.open(settings)
        app.state.desk = Desk(app.state.store, settings, Signer(settings.home), app.state.brain)
        try:
            yield
        finally:
            if store is None:
                app.state.store.close()

    # FastAPI's own /docs loads its scripts from a CDN: a request that nobody asked for, and an
    # empty page where there is no internet.
    app = FastAPIOffline(
        title="weave-core",
        version=package_version(),
        lifespan=lifespan,
        # FastAPI sends a span per request to the global OpenTelemetry provider unless told not to:
        # in a process that exports to this very server each batch would make another, for ever.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.brain = SweepBrain()
    app.state.arrivals = Arrivals()
    app.state.heavy_readers = BoundedSemaphore(MAX_HEAVY_READERS)
    app.state.body_reader = BodyReader(
        max_bytes=settings.max_body_bytes, max_held_bytes=settings.max_queue_bytes
    )
    app.include_router(ingest.router, responses=_OTLP_REFUSALS)
    for router in READ_ROUTERS:
        app.include_router(router, responses=_REFUSALS)
    app.include_router(wandb_routes.router)
    app.include_router(wandb_artifact_routes.router)
    app.include_router(links.router)
    app.router.routes.insert(0, Shortcuts(app.routes))
    app.add_exception_handler(WeaveError, _answer_own_error)
    app.add_exception_handler(SQLAlchemyError, _answer_database_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_bug)
    if settings.api_key:
        app.add_middleware(_RequireKey, api_key=settings.api_key)
    # Outside of the key, so that callers with a wrong one are seen.
    app.add_middleware(CountAnswers, count=partial(_count_answer, app))
    # Outside of the key: what it lets in is decided by the path that the routes see.
    app.add_middleware(OtlpPaths)
    app.add_middleware(links.ClientLinks, routes=app.routes)
    if settings.cors_origins:
        # The outermost: a browser asks first without the key, and must be able to read refusals.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=_read_origins(settings.cors_origins),
            allow_methods=_methods_of(app),
            allow_headers=_CORS_HEADERS,
            expose_headers=["retry-after"],
        )
    return app


def _count_answer(app: FastAPI, method: str, route: str, status: int) -> None:
    store: Store = app.state.store
    store.measures.answers.labels(method, route, str(status)).inc()


def _methods_of(app: FastAPI) -> list[str]:
    """All that some route takes."""
    contexts = iter_route_contexts(app.routes)
    return sorted({method for context in contexts for method in context.methods or ()})


def _read_origins(text: str) -> list[str]:
    """The origins of `cors_origins`.

    Raises:
        ConfigError: If one is no origin: scheme, host and port, nothing behind.
    """
    origins = [origin.strip() for origin in text.split(",") if origin.strip()]
    for origin in origins:
        parts = urlsplit(origin)
        if origin != "*" and (not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}"):
            raise ConfigError(
                f"cors_origins names {origin!r}, which is no origin of a web page",
                "write https://host or https://host:port, with commas between, or *",
            )
    return origins


async def _answer_own_error(request: Request, error: Exception) -> Response:
    own = cast("WeaveError", error)
    status, code = next((status, code) for kind, status, code in _STATUSES if isinstance(own, kind))
    detail = ErrorDetail(
        code=code,
        message=own.message,
        hint=own.hint,
        position=own.position if isinstance(own, BadRequest) else None,
    )
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = own.retry_after_s if isinstance(own, Overloaded) else _RETRY_AFTER_S
        headers["retry-after"] = str(seconds)
    return _error_answer(request, status, detail, headers)


async def _answer_database_error(request: Request, error: Exception) -> Response:
    """What the database refused a reader."""
    if isinstance(error, PoolTimeout):
        own: WeaveError = Overloaded("too many questions wait for the database", "ask again later")
    elif isinstance(error, DBAPIError) and is_unavailable(error):
        _log.error("the database can't be read: %s", reason_of(error))
        own = StoreError(f"the database can't be read: {reason_of(error)}", "try again later")
    elif isinstance(error, DataError):
        own = BadRequest(f"no stored value can be like that: {reason_of(error)}")
    else:
        raise error
    return await _answer_own_error(request, own)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    """A parameter that FastAPI refused, in our words: the first that is wrong."""
    problem = cast("RequestValidationError", error).errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    given = repr(problem.get("input"))[:100]
    detail = ErrorDetail(
        code="invalid_parameter",
        message=f"{where} is {given}: {problem['msg']}",
        hint="/docs lists the parameters of every route",
    )
    return _error_answer(request, 422, detail)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: an unknown path, a wrong method."""
    refusal = cast("HTTPException", error)
    path = request.url.path.removeprefix(links.LINK_PREFIX)
    codes = {404: "not_found", 405: "method_not_allowed"}
    messages = {
        404: f"there is nothing at {path!r}",
        405: f"{request.method} is not for {path!r}",
    }
    detail = ErrorDetail(
        code=codes.get(refusal.status_code, "http_error"),
        message=messages.get(refusal.status_code, str(refusal.detail)),
        hint="/docs lists the routes",
    )
    return _error_answer(request, refusal.status_code, detail, dict(refusal.headers or {}))


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The sender went away in the middle of its request: nothing was stored, nobody listens."""
    return Response(status_code=400)


async def _answer_bug(request: Request, _error: Exception) -> Response:
    """What nobody foresaw; the traceback goes to the log, not to the caller."""
    detail = ErrorDetail(
        code="internal",
        message="the server met an error of its own",
        hint="its log has the details; please report it",
    )
    return _error_answer(request, 500, detail)


def _error_answer(
    request: Request, status: int, detail: ErrorDetail, headers: dict[str, str] | None = None
) -> Response:
    if not request.url.path.startswith(_OTLP_PREFIXES):
        body: dict[str, Any] = ErrorBody(error=detail).model_dump(exclude_none=True)
        return JSONResponse(body, status, headers)
    message = f"{detail.message} ({detail.hint})" if detail.hint else detail.message
    encoding = encoding_of(request.headers.get("content-type"))
    if encoding is None:
        return Response(message, status, headers, media_type="text/plain")
    body_bytes = error_body(message, _RPC_CODES.get(status, _RPC_INTERNAL), encoding)
    return Response(body_bytes, status, headers, media_type=str(encoding))


class _RequireKey:
    """Let nothing through to the data without the key."""

    def __init__(self, app: ASGIApp, *, api_key: str) -> None:
        self._app = app
        self._expected = f"Bearer {api_key}".encode()
        # As wandb clients send it.
        self._expected_basic = b"Basic " + base64.b64encode(f"api:{api_key}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401."""
        if scope["type"] == "http" and scope["path"].startswith(_GUARDED_PREFIXES):
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not (
                hmac.compare_digest(given, self._expected)
                or hmac.compare_digest(given, self._expected_basic)
            ):
                detail = ErrorDetail(
                    code="unauthorized",
                    message="the API key is missing or wrong",
                    hint="send `Authorization: Bearer <key>`; WEAVE_CORE_API_KEY sets it",
                )
                challenge = {"www-authenticate": "Bearer"}
                answer = _error_answer(Request(scope), 401, detail, challenge)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
