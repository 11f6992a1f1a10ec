"""What commands that ask a server share: their options, a client, an error under its place."""

from typing import TYPE_CHECKING, Annotated

import typer

from weave_core.errors import BadRequest
from weave_core.settings import DEFAULT_ENDPOINT, Settings

if TYPE_CHECKING:
    from weave_core.client import Client

__all__ = ["Json", "Project", "Server", "open_client", "with_caret"]

Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        "-p",
        help="Name of the project.",
        envvar="WEAVE_CORE_PROJECT",
        show_default="default",
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        help="Address of the server.", envvar="WEAVE_CORE_ENDPOINT", show_default=DEFAULT_ENDPOINT
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]


def open_client(settings: Settings) -> "Client":
    """A client of the server that `settings` name."""
    from weave_core.client import Client  # Loads httpx and pydantic: not for `--help`.

    return Client(settings.endpoint or DEFAULT_ENDPOINT, api_key=settings.api_key)


def with_caret(error: BadRequest, expression: str | None) -> BadRequest:
    """`error` with the expression repeated and a caret under the place that is wrong."""
    if error.position is None or expression is None:
        return error
    # One line, one character for one character: the caret must stand under its place.
    line = "".join(char if char.isprintable() else " " for char in expression)
    caret = " " * min(error.position, len(line)) + "^"
    return BadRequest(f"{error.message}\n  {line}\n  {caret}\n{error.hint}".rstrip())
