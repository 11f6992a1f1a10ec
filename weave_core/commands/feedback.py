"""`weave-core feedback`: what was thought of traces, runs and sessions, read and given."""

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.output import console, print_json, print_table
from weave_core.errors import BadRequest
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import Feedback, FeedbackTarget

__all__ = ["app"]

MAX_LISTED = 10_000
"""Most feedback that one call of the command line lists."""
_MAX_TEXT = 60

app = typer.Typer(
    help="Read feedback, give it, take it back: list, add, delete.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_feedback(
    *,
    project: Project = None,
    server: Server = None,
    filter: Annotated[  # noqa: A002  # The API's own name for it.
        str | None,
        typer.Option("--filter", "-f", help="Expression such as: name = 'thumbs' and value = 0"),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MAX_LISTED, help="Most wanted.")
    ] = 20,
    json: Json = False,
) -> None:
    """The newest feedback of a project, newest first."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            found = list(islice(client.iter_feedback(settings.project, filter=filter), limit))
        except BadRequest as error:
            raise with_caret(error, filter) from error
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in found]})
    elif not found:
        console().print(f"No feedback in project {settings.project!r} matches.", markup=False)
    else:
        titles = ["id", "given", "name", "value", "label", "text", "source", "author", "on"]
        print_table(titles, map(_row, found))


@app.command("add")
def add_feedback(
    name: Annotated[str, typer.Argument(help="What is judged, such as thumbs.")],
    value: Annotated[float | None, typer.Argument(help="A number.")] = None,
    *,
    trace: Annotated[str | None, typer.Option(help="On a trace, by its id.")] = None,
    span: Annotated[str | None, typer.Option(help="With --trace: on that span of it.")] = None,
    run: Annotated[str | None, typer.Option(help="On a run, by its id.")] = None,
    session: Annotated[str | None, typer.Option(help="On a session, by its id.")] = None,
    label: Annotated[str | None, typer.Option(help="One of a few words.")] = None,
    text: Annotated[str | None, typer.Option(help="A comment.")] = None,
    source: Annotated[str, typer.Option(help="human, code, llm or end_user.")] = "human",
    author: Annotated[str | None, typer.Option(help="Who gives it.")] = None,
    id: Annotated[  # noqa: A002  # As in the API.
        str | None, typer.Option(help="An id of your own; given again, it replaces.")
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Give feedback on a trace, a span, a run or a session."""
    settings = Settings.from_env(endpoint=server, project=project)
    target = {"trace_id": trace, "span_id": span, "run_id": run, "session_id": session}
    said = {"label": label, "text": text, "source": source, "author": author, "feedback_id": id}
    with open_client(settings) as client:
        added = client.add_feedback(settings.project, name, value, **said, **target)  # type: ignore[arg-type]  # The server checks them.
    if json:
        print_json(added.model_dump(mode="json"))
    else:
        console().print(f"Added {added.feedback_id}.", markup=False)


@app.command("delete")
def delete_feedback(
    feedback_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    project: Project = None,
    server: Server = None,
) -> None:
    """Take feedback back."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        client.delete_feedback(settings.project, feedback_id)


def _row(each: "Feedback") -> list[str]:
    given = dt.datetime.fromtimestamp(each.created_ns / 1e9).astimezone()
    text = each.text or ""
    return [
        each.feedback_id,
        f"{given:%Y-%m-%d %H:%M:%S}",
        each.name,
        "" if each.value is None else f"{each.value:g}",
        each.label or "",
        text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…",
        each.source,
        each.author or "",
        _told(each.target),
    ]


def _told(target: "FeedbackTarget") -> str:
    if target.trace_id:
        return f"{target.trace_id} {target.span_id or ''}".strip()
    return f"run {target.run_id}" if target.run_id else f"session {target.session_id}"
