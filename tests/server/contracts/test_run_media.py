"""What the store promises about media of runs, whichever database it is."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.servers import ServerProcess
from support.trainings import training

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.errors import NotFound
from weave_core.tracing.lifecycle import current_exporter
from weave_core.tracing.run_spans import RunSpans


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def send(project: str, run_id: str, *pieces: Any, rank: int = 0) -> None:
    """Send what was logged as a writer does."""
    exporter = current_exporter()
    assert exporter is not None
    spans = RunSpans(project=project, run_id=run_id, rank=rank)
    for piece in pieces:
        text = piece if isinstance(piece, str) else orjson.dumps(piece).decode()
        exporter.put(spans.media(text, time.time_ns()))
    assert exporter.flush(20)


def entry(key: str, step: int, time_ns: int = 1, **item: Any) -> dict[str, Any]:
    """What one item says that was logged."""
    return {"key": key, "step": step, "time_ns": time_ns, "items": [{"kind": "image", **item}]}


@pytest.mark.usefixtures("tracing")
def test_media_are_found_by_key_and_step(client: Client, project: str) -> None:
    """All of a key, the last ones until a step, evenly chosen ones; each rank has its own."""
    for rank in (0, 1):
        told = [
            entry(key, step, caption=f"{key}{step}") for step in range(0, 700, 7) for key in "ab"
        ]
        send(project, "many", told, rank=rank)
    send(project, "many", [entry("late", 500)])
    keys = client.list_media_keys(project, "many")

    assert [(each.key, each.count, each.last_step) for each in keys.items] == [
        ("a", 200, 693), ("b", 200, 693), ("late", 1, 500),
    ]  # fmt: skip
    assert keys.steps == sorted({*range(0, 700, 7), 500})
    at = client.list_media(project, "many", at=20).items
    assert [(each.key, each.rank, each.step) for each in at] == [
        ("a", 0, 14), ("a", 1, 14), ("b", 0, 14), ("b", 1, 14),
    ]  # fmt: skip
    sampled = client.list_media(project, "many", ["a"], limit=11, sample=True).items
    assert {each.step for each in sampled} <= {*range(0, 700, 7)}
    whole = list(client.run("many").media("a"))
    assert [(medium.step, medium.rank) for medium in whole] == [
        (step, rank) for step in range(0, 700, 7) for rank in (0, 1)
    ]
    assert whole[-1].caption == "a693"


@pytest.mark.usefixtures("tracing")
def test_the_later_word_stays_and_a_wrong_one_costs_only_itself(
    client: Client, project: str
) -> None:
    """In whatever order they come; what is no list, no step or no text is left out."""
    send(project, "odd", [entry("x", 1, 5, caption="new")], [entry("x", 1, 3, caption="old")])
    wrong = ["{", "[1]", [{"key": 1, "step": 1, "time_ns": 1, "items": []}], [entry("y", -1)]]
    send(project, "odd", *wrong, [entry("n\0ul", 2, digest="sha256:none")])
    [medium] = client.run("odd").media("x")
    [other] = client.run("odd").media("nul")
    assert medium.caption == "new"
    assert client.run("odd").media_keys == ["nul", "x"]
    with pytest.raises(NotFound, match="has no bytes"):
        medium.read()
    assert other.step == 2
    client.run("odd").delete()
    with pytest.raises(NotFound):
        client.list_media(project, "odd")


@pytest.mark.usefixtures("tracing")
def test_blobs_of_a_run_are_its_own(client: Client, project: str) -> None:
    """They stay when a trace that names them is deleted, and are marked when the run is."""
    content = f"of {project}".encode()
    client.add_blob(content)
    digest = digest_bytes(content)
    send(project, "owner", [entry("x", 1, digest=digest)])
    client.delete_traces(project, all=True)
    [medium] = client.run("owner").media("x")
    assert medium.read() == content
    client.run("owner").delete()
    send(project, "owner", [entry("x", 1, digest=digest)])
    assert next(client.run("owner").media("x")).read() == content
