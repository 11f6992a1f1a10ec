"""Every error this package raises on purpose.

WeaveError
├── ConfigError         a setting or argument can't be used as given
├── MissingExtra        a command or feature needs an extra that is not installed
├── NotProvided         a call of another package that weave_core.compat does not have
├── NotFound            the thing asked for is not stored
├── BadRequest          what was sent can't be understood
│   ├── BadFilter       a filter expression is wrong, with the position
│   ├── BadQuery        an SQL query is wrong or took too long, with the position
│   └── BadCursor       a page cursor is not one of ours
├── TooLarge            what was sent is over a limit
├── UnsupportedMedia    what was sent has a content type nobody here reads
├── Overloaded          the server can't take more now; try again later
├── RunStopped          a stop of the run was asked for in the app
├── StoreError          the database can't be opened or written
└── ServerError         the client's view of an answer, or of none
    └── ServerUnreachable   no answer came from the server

The tree says what went wrong; `weave_core.server.factory` says which HTTP status each one is.
"""

__all__ = [
    "BadCursor",
    "BadFilter",
    "BadQuery",
    "BadRequest",
    "ConfigError",
    "MissingExtra",
    "NotFound",
    "NotProvided",
    "Overloaded",
    "RunStopped",
    "ServerError",
    "ServerUnreachable",
    "StoreError",
    "TooLarge",
    "UnsupportedMedia",
    "WeaveError",
]


class WeaveError(Exception):
    """Base of them all: `except WeaveError` catches what is ours and nothing else.

    Args:
        message: What was asked (with `!r`) and what was found.
        hint: What to do about it; empty where the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # Both go into `args`, so the error survives pickling.
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(WeaveError):
    """Raised when a setting or argument can't be used as given."""


class MissingExtra(WeaveError):
    """Raised when a command or feature needs an extra that is not installed."""


class NotProvided(WeaveError, AttributeError):
    """Raised when a script uses what `weave_core.compat` does not have; `hasattr` says no."""


class NotFound(WeaveError):
    """Raised when the thing asked for is not stored; the server answers 404."""


class BadRequest(WeaveError):
    """Raised when what was sent can't be understood; the server answers 400."""

    def __init__(self, message: str, hint: str = "", position: int | None = None) -> None:
        super().__init__(message, hint)
        self.args = (message, hint, position)
        self.position = position
        """Where in the text it went wrong: characters from its start, from 0."""


class BadFilter(BadRequest):
    """Raised when a filter expression is wrong; `position` says where."""


class BadQuery(BadRequest):
    """Raised when an SQL query can't be run; `position` says where, if that is known."""


class BadCursor(BadRequest):
    """Raised when a page cursor is not one that this list gave out."""


class TooLarge(WeaveError):
    """Raised when what was sent is over a limit; the server answers 413."""


class UnsupportedMedia(WeaveError):
    """Raised when what was sent has a content type nobody here reads; the server answers 415."""


class Overloaded(WeaveError):
    """Raised when the server can't take more now; it answers 503 with `Retry-After`."""

    def __init__(self, message: str, hint: str = "", retry_after_s: int = 1) -> None:
        super().__init__(message, hint)
        self.args = (message, hint, retry_after_s)
        self.retry_after_s = retry_after_s


class RunStopped(WeaveError):
    """Raised by `Run.log` where somebody has asked the run to stop.

    A `with weave_core.run(...)` block that it leaves marks the run as killed.
    """


class StoreError(WeaveError):
    """Raised when the database can't be opened or written."""


class ServerError(WeaveError):
    """Raised by `weave_core.Client` when the server answered with an error that has no own class.

    Tracing never raises it: a call decorated with `@op` must not fail because a server is down.
    """


class ServerUnreachable(ServerError):
    """Raised by `weave_core.Client` when no answer came from the server."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"no answer from {url}: {cause}", "is `weave-core up` running?")
        self.args = (url, cause)
        self.url = url
        self.cause = cause
