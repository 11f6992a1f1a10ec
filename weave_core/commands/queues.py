"""`weave-core queue`: things that people review one by one, made, filled and answered."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.definitions import read_object, seconds_of, validated
from weave_core.commands.output import plain, print_json, print_table
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.model import AnnotationItem, AnnotationQueue, TakenItem

__all__ = ["app"]

app = typer.Typer(help="Things that people review one by one.", no_args_is_help=True)

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="Its name, or its id.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the item, as `next` shows it.")]
Reviewer = Annotated[str, typer.Option("--reviewer", "-r", help="Who reviews.")]
Filter = Annotated[
    str | None, typer.Option("--filter", "-f", help="Put in what passes it.", show_default="all")
]
Of = Annotated[str, typer.Option("--of", help="What the filter speaks of: `traces` or `spans`.")]
Limit = Annotated[
    int, typer.Option("--limit", "-n", min=1, max=1_000, help="Most that are put in.")
]
Random = Annotated[bool, typer.Option("--random", help="Any of them, not the newest.")]
_MAX_TEXT = 400
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the queue.")],
    *,
    label_set: Annotated[
        str, typer.Option("--labels", "-l", help="The label set that says what is asked.")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--labels-file", help="JSON of that label set, to publish it first."),
    ] = None,
    overlap: Annotated[int, typer.Option(min=1, help="How many people review each item.")] = 1,
    lease: Annotated[
        str, typer.Option(help="How long an item is kept for one who looks at it.")
    ] = "15m",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Make an empty queue; `weave-core queue add` fills it."""
    from weave_core.model import LabelSet, NewAnnotationQueue  # Loads pydantic: not for `--help`.
    from weave_core.model.label_sets import LABEL_SET

    given = {"name": name, "label_set": label_set, "overlap": overlap, "description": description}
    given["lease_s"] = int(seconds_of(lease))
    hint = "see docs/tutorials/feedback.md"
    new = validated(NewAnnotationQueue, given, hint=hint)
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        if file is not None:
            labels = validated(LabelSet, read_object(file), hint=hint)
            content = labels.model_dump(mode="json", exclude_defaults=True)
            client.publish_object(settings.project, LABEL_SET, label_set, content)
        made = client.add_annotation_queue(settings.project, new)
    if json:
        print_json(made.model_dump(mode="json"))
        return
    sys.stdout.write(f"{made.queue_id}\n")
    asked = ", ".join(f"{label.name} ({label.told})" for label in made.labels.labels)
    sys.stderr.write(f"queue {plain(made.name)} asks for {plain(asked)}\n")


@app.command("list")
def list_queues(*, project: Project = None, server: Server = None, json: Json = False) -> None:
    """List the queues of a project, and how far they are."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        queues = client.list_annotation_queues(settings.project)
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in queues]})
        return
    rows = []
    for queue in queues:
        progress = queue.progress
        who = ", ".join(f"{each.reviewer} {each.done}" for each in progress.reviewers)
        labels = f"{queue.label_set} v{queue.label_version}"
        done = f"{progress.done} of {progress.items}"
        rows.append([queue.queue_id, queue.name, labels, str(queue.overlap), done, who])
    print_table(["id", "name", "labels", "overlap", "done", "reviews"], rows)


@app.command("add")
def add(
    queue: Queue,
    *,
    filter_text: Filter = None,
    of: Of = "traces",
    limit: Limit = 100,
    random: Random = False,
    trace: Annotated[
        list[str] | None,
        typer.Option("--trace", help="This trace instead, by its id. May be given again."),
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Put traces or spans into a queue; each is in it once."""
    from weave_core.model import FeedbackTarget  # Loads pydantic: not for `--help`.

    if of not in {"traces", "spans"}:
        raise ConfigError(f"--of is {of!r}", "say traces or spans")
    if trace and filter_text is not None:
        raise ConfigError("--trace and --filter were given", "give one of them")
    kind: Literal["traces", "spans"] = "spans" if of == "spans" else "traces"
    hint = "an id of a trace has 32 digits, 0 to 9 and a to f"
    targets = [validated(FeedbackTarget, {"trace_id": each}, hint=hint) for each in trace or ()]
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        queue_id = _find(client, settings.project, queue).queue_id
        try:
            found = client.add_annotation_items(
                settings.project,
                queue_id,
                filter=filter_text,
                of=kind,
                limit=limit,
                order="random" if random else "newest",
                targets=targets or None,
            )
        except BadRequest as error:
            raise with_caret(error, filter_text) from error
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{found.added} added, {found.known} were in it already\n")


@app.command("next")
def take(
    queue: Queue,
    *,
    reviewer: Reviewer,
    number: Annotated[
        int | None, typer.Option(min=1, help="That very item, to look at it again.")
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Show the item that is next for a reviewer, and keep it for them."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = _find(client, settings.project, queue)
        taken = client.take_annotation_item(
            settings.project, found.queue_id, reviewer, number=number
        )
        if taken.item is not None and not json:
            _say(client, found, taken.item)
    _told(taken, json=json)


@app.command("answer")
def answer(
    queue: Queue,
    number: Number,
    answers: Annotated[
        list[str], typer.Argument(metavar="LABEL=ANSWER...", help="`polite=yes quality=4`.")
    ],
    *,
    reviewer: Reviewer,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Say what a reviewer thinks of an item; again, it replaces what they said."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = _find(client, settings.project, queue)
        said = dict(_answer(found, each) for each in answers)
        taken = client.answer_annotation_item(
            settings.project, found.queue_id, number, reviewer, said
        )
    _told(taken, json=json)


@app.command("skip")
def skip(
    queue: Queue,
    number: Number,
    *,
    reviewer: Reviewer,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Leave an item to others."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        queue_id = _find(client, settings.project, queue).queue_id
        taken = client.skip_annotation_item(settings.project, queue_id, number, reviewer)
    _told(taken, json=json)


@app.command("items")
def items(
    queue: Queue, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """List what is in a queue, and what was said of it."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        queue_id = _find(client, settings.project, queue).queue_id
        found = list(client.iter_annotation_items(settings.project, queue_id))
    if json:
        print_json({"items": [each.model_dump(mode="json") for each in found]})
        return
    print_table(["number", "trace", "span", "reviews"], map(_row, found))


@app.command("agreement")
def agreement(
    queue: Queue, *, project: Project = None, server: Server = None, json: Json = False
) -> None:
    """How far the reviewers of a queue agree, label by label."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        queue_id = _find(client, settings.project, queue).queue_id
        found = client.get_agreement(settings.project, queue_id)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    rows = []
    for label in found.labels:
        kappas = ", ".join(
            f"{pair.first} and {pair.second}: {pair.kappa:.2f}"
            for pair in label.pairs
            if pair.kappa is not None
        )
        shares = [_share(label.agreed), "-" if label.alpha is None else f"{label.alpha:.2f}"]
        differing = ", ".join(map(str, label.differing[:20]))
        rows.append([label.name, str(label.items), *shares, kappas, differing])
    print_table(["label", "items", "agreed", "alpha", "kappa", "they differ on"], rows)


@app.command("delete")
def delete(queue: Queue, *, project: Project = None, server: Server = None) -> None:
    """Delete a queue; what was said in it stays as feedback."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        found = _find(client, settings.project, queue)
        client.delete_annotation_queue(settings.project, found.queue_id)
    sys.stdout.write(f"{plain(found.name)} is deleted\n")


def _find(client: "Client", project: str, name: str) -> "AnnotationQueue":
    """The queue of a name or of an id.

    Raises:
        NotFound: If there is none.
        ConfigError: If several have the name.
    """
    queues = client.list_annotation_queues(project)
    found = [each for each in queues if each.queue_id == name] or [
        each for each in queues if each.name == name
    ]
    if not found:
        names = ", ".join(repr(each.name) for each in queues[:10]) or "none"
        raise NotFound(f"project {project!r} has no queue {name!r}", f"it has {names}")
    if len(found) > 1:
        raise ConfigError(
            f"{len(found)} queues are called {name!r}",
            f"give the id: {', '.join(each.queue_id for each in found)}",
        )
    return found[0]


def _answer(queue: "AnnotationQueue", text: str) -> tuple[str, Any]:
    """`LABEL=ANSWER`, in the type that the label asks for; the server says what does not fit."""
    name, sign, said = text.partition("=")
    kinds = {label.name: label.kind for label in queue.labels.labels}
    if not sign or name not in kinds:
        raise ConfigError(f"{text!r} answers no label", f"write {'=..., '.join(kinds)}=...")
    if kinds[name] == "boolean":
        return name, _TRUTHS.get(said.lower(), said)
    if kinds[name] == "number":
        try:
            return name, float(said)
        except ValueError:
            return name, said
    return name, said


def _say(client: "Client", queue: "AnnotationQueue", item: "AnnotationItem") -> None:
    """An item as somebody reads it who is to answer."""
    trace_id, span_id = item.target.trace_id or "", item.target.span_id
    try:
        spans = client.get_trace(queue.project, trace_id).spans
    except NotFound:
        spans = []
    shown = next((each for each in spans if each.span_id == span_id or span_id is None), None)
    sys.stdout.write(f"{item.number}: trace {trace_id}{f' span {span_id}' if span_id else ''}\n")
    if shown is None:
        sys.stdout.write("it is not stored (any more)\n")
    else:
        lines = {"name": shown.name, "inputs": shown.inputs, "outputs": shown.outputs}
        for word, value in lines.items():
            sys.stdout.write(f"{word}: {plain(str(value))[:_MAX_TEXT]}\n")
    for label in queue.labels.labels:
        what = "" if label.is_required else ", if you like"
        sys.stdout.write(f"  {plain(label.name)}: {plain(label.told)}{what}\n")


def _told(taken: "TakenItem", *, json: bool) -> None:
    if json:
        print_json(taken.model_dump(mode="json"))
        return
    progress = taken.progress
    there = "" if taken.item else "nothing is left for you; "
    sys.stderr.write(f"{there}{progress.done} of {progress.items} are done\n")


def _row(item: "AnnotationItem") -> list[str]:
    said = []
    for review in item.reviews:
        answers = ", ".join(f"{name}={each}" for name, each in review.answers.items())
        said.append(f"{review.reviewer}: {answers or review.state}")
    target = item.target
    return [str(item.number), target.trace_id or "", target.span_id or "", "; ".join(said)]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
