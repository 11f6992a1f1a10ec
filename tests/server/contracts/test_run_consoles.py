"""What the store promises about printed lines, whichever database it is."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.servers import ServerProcess
from support.trainings import training

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.tracing.lifecycle import current_exporter
from weave_core.tracing.run_spans import RunSpans

LINES = 6_000


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def send(project: str, run_id: str, pieces: list[Any], *, rank: int = 0) -> None:
    """Send printed lines as a writer does, in the order given."""
    exporter = current_exporter()
    assert exporter is not None
    spans = RunSpans(project=project, run_id=run_id, rank=rank)
    for piece in pieces:
        text = piece if isinstance(piece, str) else orjson.dumps(piece).decode()
        exporter.put(spans.printed(text))
    assert exporter.flush(20)


@pytest.mark.usefixtures("tracing")
def test_lines_are_the_same_in_whatever_order_they_come(client: Client, project: str) -> None:
    """Pieces out of order and twice, as after a crash; the latest version of a line stays."""
    lines = [[n, n % 2, 1_000 + n, 0, False, f"line {n}"] for n in range(1, LINES + 1)]
    pieces = [lines[at : at + 700] for at in range(0, LINES, 700)]
    bar = [[[50, 0, 1_050, version, version < 3, f"bar {version}"]] for version in (3, 1, 2)]
    sent = [*pieces, *bar, *pieces[:2]]
    random.Random(3).shuffle(sent)
    send(project, "shuffled", sent)
    found = list(client.run("shuffled").console())

    assert [line.number for line in found] == list(range(1, LINES + 1))
    assert found[49].text == "bar 3"
    assert not found[49].is_open
    assert [line.text for line in found[50:]] == [f"line {n}" for n in range(51, LINES + 1)]
    page = client.read_run_console(project, "shuffled", tail=True, limit=10)
    assert (page.total, page.items[-1].text, page.has_more) == (LINES, f"line {LINES}", False)


@pytest.mark.usefixtures("tracing")
def test_one_goes_back_and_forth_among_lines(client: Client, project: str) -> None:
    """Pages neither skip nor repeat, forwards and backwards, searched or not, over two writers."""
    for rank in (0, 1):
        lines = [
            [n, rank, 10 * n + rank, 0, False, f"\x1b[1mrank\x1b[0m {rank} {n}"]
            for n in range(1, 2_501)
        ]
        send(project, "two", [lines[:1_300], lines[1_300:]], rank=rank)
    whole = [line.plain for line in client.run("two").console()]
    assert whole == [f"rank {rank} {n}" for n in range(1, 2_501) for rank in (0, 1)]

    back: list[str] = []
    page = client.read_run_console(project, "two", tail=True, limit=900)
    while True:
        back = [line.plain for line in page.items] + back
        if page.previous_cursor is None:
            break
        page = client.read_run_console(project, "two", before=page.previous_cursor, limit=900)
    assert back == whole
    found = client.read_run_console(project, "two", text="RANK 1 24", limit=50)
    rest = client.read_run_console(project, "two", text="RANK 1 24", cursor=found.next_cursor)
    wanted = [line for line in whole if line.startswith("rank 1 24")]
    assert [line.plain for line in (*found.items, *rest.items)] == wanted
    assert (found.has_more, rest.has_more) == (True, False)
    only = client.run("two").console(stream="stderr", text="2500")
    assert [(line.rank, line.plain) for line in only] == [(1, "rank 1 2500")]
    assert len(list(client.run("two").console(rank=1))) == 2_500
    around = client.read_run_console(project, "two", from_ns=10_000, limit=2)
    assert [line.plain for line in around.items] == ["rank 0 1000", "rank 1 1000"]
    assert around.previous_cursor is not None


@pytest.mark.usefixtures("tracing")
def test_what_is_no_line_costs_only_itself(client: Client, project: str) -> None:
    """Wrong texts are left out; NUL, newlines and halves of characters are kept as they can be."""
    wrong = ["{", "{}", "[1]", '[[1,9,1,0,false,"x"]]', '[[-1,0,1,0,false,"x"]]']
    odd = [[1, 0, 5, 0, False, "nul \0"], [2, 0, 6, 0, False, "two\nlines"]]
    send(project, "odd", [*wrong, odd])
    assert [line.text for line in client.run("odd").console()] == ["nul \0", "two lines"]
    with pytest.raises(BadRequest, match="is no cursor"):
        client.read_run_console(project, "odd", cursor="none")
    with pytest.raises(BadRequest):
        client.read_run_console(project, "odd", stream="screen")  # type: ignore[arg-type]  # What this is about.
    client.run("odd").delete()
    with pytest.raises(NotFound):
        client.read_run_console(project, "odd")
    send(project, "odd", [[[9, 0, 5, 0, False, "anew"]]])
    assert [line.text for line in client.run("odd").console()] == ["anew"]
