"""Marks for every span of a block: session, user, tags, metadata.

They travel in OpenTelemetry's context, so they follow calls through `await`, tasks and threads, and
they reach the spans of other instrumentations too (`weave_core.tracing.processors` stamps them).
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Self

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from weave_core import semconv
from weave_core.errors import ConfigError
from weave_core.tracing.content import attribute_value

__all__ = ["STAMPS_KEY", "attributes", "session", "stamps"]

STAMPS_KEY = "weave_core-stamps"
"""Key in OpenTelemetry's context; its value maps attribute names to values."""


def stamps(context: Context | None = None) -> Mapping[str, Any] | None:
    """What spans that start in `context` (default: the current one) are marked with."""
    current = context if context is not None else otel_context.get_current()
    return current.get(STAMPS_KEY)  # type: ignore[return-value]  # Only this module writes it.


class attributes(  # noqa: N801  # Used like a function: `with attributes(...)`.
    AbstractContextManager["attributes"], AbstractAsyncContextManager["attributes"]
):
    """Mark every span that starts inside the block; works with `with` and `async with`.

    Blocks add up: tags are joined, and the inner value of a name wins.

    Example:
        >>> with weave_core.attributes(tags=["beta"], user_id="u-7", tier="pro"):
        ...     answer("Where is my parcel?")

    Args:
        tags: Texts to find the traces by.
        user_id: Who the work is done for.
        **metadata: Anything else, one attribute each.

    Raises:
        ConfigError: If `tags` is one text instead of a list of texts.
    """

    def __init__(
        self, *, tags: Sequence[str] = (), user_id: str | None = None, **metadata: Any
    ) -> None:
        if isinstance(tags, str):
            raise ConfigError(f"tags is the text {tags!r}", f"give a list of texts: [{tags!r}]")
        self._marks: dict[str, Any] = {
            f"{semconv.METADATA_PREFIX}{key}": attribute_value(value)
            for key, value in metadata.items()
        }
        if user_id is not None:
            self._marks[semconv.USER_ID] = str(user_id)
        self._tags = tuple(str(tag) for tag in tags)
        # A stack, since one object may be entered again while it is open.
        self._previous: list[Context] = []

    def __enter__(self) -> Self:
        previous = otel_context.get_current()
        marks = {**(stamps(previous) or {}), **self._marks}
        if self._tags:
            marks[semconv.TAGS] = tuple(dict.fromkeys((*marks.get(semconv.TAGS, ()), *self._tags)))
        self._previous.append(previous)
        otel_context.attach(otel_context.set_value(STAMPS_KEY, marks, previous))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Setting the previous context back, where a token would fail when a generator is closed in
        # another task ("Token was created in a different Context").
        otel_context.attach(self._previous.pop())

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


class session(attributes):  # noqa: N801
    """Put every trace that starts inside the block into one session (a conversation, a thread).

    Example:
        >>> with weave_core.session("chat-42", user_id="u-7"):
        ...     answer("And my other parcel?")

    Args:
        session_id: Its id; None makes a new one, which `id` tells.
        user_id: Who the session is with.
    """

    def __init__(self, session_id: str | None = None, user_id: str | None = None) -> None:
        super().__init__(user_id=user_id)
        self.id = uuid.uuid4().hex if session_id is None else str(session_id)
        """The session's id."""
        self._marks[semconv.SESSION_ID] = self.id
