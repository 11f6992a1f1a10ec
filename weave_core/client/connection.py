"""One connection to a server: requests out, bytes or one of our errors back.

What is asked stands in the modules beside this one, one noun each.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from weave_core.certificates import believed
from weave_core.errors import (
    BadRequest,
    NotFound,
    Overloaded,
    ServerError,
    ServerUnreachable,
    TooLarge,
)
from weave_core.in_process import EMBEDDED, EMBEDDED_URL, is_open, open_transport
from weave_core.model import Page
from weave_core.model.values import Value
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings

__all__ = ["Connection", "listed", "root_of"]

V = TypeVar("V", bound=Value)

_ERRORS: dict[int, type[BadRequest | NotFound | TooLarge | Overloaded]] = {
    400: BadRequest,
    404: NotFound,
    413: TooLarge,
    422: BadRequest,
    503: Overloaded,
}


class Connection:
    """The HTTP side of `Client`; every group of calls is built on it."""

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        keep_alive: bool = True,
        http: httpx.Client | None = None,
    ) -> None:
        self._owns_http = http is None
        limits = httpx.Limits(max_keepalive_connections=None if keep_alive else 0)
        self._http = http or _connected(endpoint, api_key, timeout_s, limits)

    def _default_project(self) -> str:
        """Where a call goes that names no project."""
        return Settings.from_env().project

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _page(self, item: type[V], path: str, query: dict[str, Any]) -> Page[V]:
        return Page[item].model_validate(self._get(path, query))  # type: ignore[valid-type]  # A page of the class at hand.

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return json.loads(self._read(path, query))

    def _read(self, path: str, query: dict[str, Any] | None = None) -> bytes:
        return self._send("GET", path, query).content

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
        **body: Any,
    ) -> httpx.Response:
        wait = httpx.USE_CLIENT_DEFAULT if timeout_s is None else httpx.Timeout(timeout_s)
        with self._named_failures():
            answer = self._http.request(method, path, params=_given(query), timeout=wait, **body)
        if answer.is_error:
            raise _error_of(answer)
        return answer

    @contextmanager
    def _stream(
        self,
        path: str,
        query: dict[str, Any],
        *,
        timeout_s: float,
        headers: dict[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """An answer that is read while it comes; `timeout_s` is the longest pause within it."""
        wait, given = httpx.Timeout(timeout_s), _given(query)
        with (
            self._named_failures(),
            self._http.stream("GET", path, params=given, headers=headers, timeout=wait) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _error_of(answer)
            yield answer

    @contextmanager
    def _named_failures(self) -> Iterator[None]:
        """What httpx raises, as the one error that says where nobody answered."""
        try:
            yield
        except httpx.HTTPError as error:
            raise ServerUnreachable(
                str(self._http.base_url).rstrip("/"), str(error) or type(error).__name__
            ) from error


def _connected(
    endpoint: str | None, api_key: str | None, timeout_s: float, limits: httpx.Limits
) -> httpx.Client:
    """An HTTP client of the server that was named here or in the environment."""
    url, transport = endpoint, None
    if endpoint is None or endpoint == EMBEDDED:
        settings = Settings.from_env(endpoint=endpoint, api_key=api_key)
        url, api_key = settings.endpoint, settings.api_key
        if url == EMBEDDED or is_open(settings.home):  # What `init` was told goes before.
            url, transport = EMBEDDED_URL, open_transport(settings)
        elif url == OFFLINE:
            url = None
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    url = url or DEFAULT_ENDPOINT
    return httpx.Client(
        base_url=url,
        verify=believed(url),
        timeout=timeout_s,
        headers=headers,
        limits=limits,
        transport=transport,
    )


def root_of(project: str) -> str:
    """The path below which everything of a project lies."""
    return f"/api/projects/{quote(project, safe='')}"


def listed(names: Sequence[str] | None) -> list[str] | None:
    """Names as parameters of their own; a comma would cut one that stands alone."""
    if names is None or not names:
        return None
    return [*names, ""] if len(names) == 1 else list(names)


def _given(query: dict[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (query or {}).items() if value is not None}


def _error_of(
    answer: httpx.Response,
) -> ServerError | BadRequest | NotFound | TooLarge | Overloaded:
    """The error of our tree for an answer of 400 and above."""
    try:
        detail = answer.json()["error"]
        message, hint = str(detail["message"]), str(detail.get("hint") or "")
        position = detail.get("position")
    except (ValueError, KeyError, TypeError):
        message, hint, position = (
            f"the server answered {answer.status_code}",
            answer.text[:200],
            None,
        )
    kind = _ERRORS.get(answer.status_code)
    if kind is None:
        return ServerError(message, hint)
    return BadRequest(message, hint, position) if kind is BadRequest else kind(message, hint)
