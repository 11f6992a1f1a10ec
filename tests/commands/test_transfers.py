"""`weave-core export` and `weave-core import`, as a user types them."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.commands import run_command
from support.otlp import agent_trace, send_spans
from support.servers import ServerProcess, start_server

from weave_core import Client

if TYPE_CHECKING:
    from subprocess import CompletedProcess

Send = Callable[..., str]
Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def run(server: ServerProcess, project: str) -> Run:
    """Runs `weave-core` against the shared server and this test's project."""

    def typed(*words: str, of: str = project, url: str = server.url) -> "CompletedProcess[str]":
        return run_command(*words, env={"WEAVE_CORE_ENDPOINT": url, "WEAVE_CORE_PROJECT": of})

    return typed


def test_a_project_moves_to_another_server(
    server: ServerProcess, project: str, run: Run, tmp_path: Path
) -> None:
    """Export to a file, import the file, twice: the same spans, once."""
    send_spans(server.url, project, agent_trace())
    file = tmp_path / "spans.jsonl"

    out = run("export", "--format", "otlp", "--output", str(file))
    assert out.returncode == 0, out.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["spans.jsonl"]

    with start_server(tmp_path / "home") as other, Client(other.url) as reader:
        for _ in range(2):
            came = run("import", str(file), "--json", of="copy", url=other.url)
            assert came.returncode == 0, came.stderr
            assert json.loads(came.stdout)["spans"] == 7
            assert len(reader.list_spans("copy").items) == 7
        packed = tmp_path / "spans.jsonl.gz"
        packed.write_bytes(gzip.compress(file.read_bytes()))
        assert run("import", str(packed), of="third", url=other.url).returncode == 0
        assert len(reader.list_spans("third").items) == 7


def test_an_export_goes_into_a_pipe(server: ServerProcess, project: str, run: Run) -> None:
    """Without a file it is standard output, lines and nothing else."""
    send_spans(server.url, project, agent_trace())
    out = run("export", "--filter", "kind = 'llm'")
    assert out.returncode == 0, out.stderr
    assert {json.loads(line)["kind"] for line in out.stdout.splitlines()} == {"llm"}
    wrong = run("export", "--filter", "knid = 'llm'")
    assert wrong.returncode == 1
    assert "^" in wrong.stderr


def test_a_wrong_line_is_named_and_the_rest_goes_on(
    send_trace: Send, run: Run, tmp_path: Path
) -> None:
    """Across batches too: the number is that of the file."""
    send_trace({"name": "good"})
    good = run("export").stdout
    span = json.loads(good)
    lines = []
    for _ in range(400):
        pad = {"attributes": {"pad": "x" * 10_000}, "span_id": os.urandom(8).hex()}
        lines.append(json.dumps(span | pad))
    lines[350] = "{broken"
    file = tmp_path / "spans.jsonl"
    file.write_text("\n".join(lines))

    came = run("import", str(file), "--json", of=f"{span['project']}-copy")

    assert came.returncode == 1
    assert "line 351: the line is no JSON" in came.stderr
    told = json.loads(came.stdout)
    assert (told["lines"], told["spans"], told["refused"]) == (400, 399, 1)


def test_a_file_that_can_not_be_read_is_told(run: Run, tmp_path: Path) -> None:
    """Missing, or of a kind that only goes out; and a server that is not there."""
    missing = run("import", str(tmp_path / "none.jsonl"))
    assert missing.returncode == 1
    assert "there is no file" in missing.stderr
    table = tmp_path / "spans.parquet"
    table.write_bytes(b"PAR1....")
    assert "Parquet" in run("import", str(table)).stderr
    file = tmp_path / "one.jsonl"
    file.write_text('{"resourceSpans": []}\n')
    gone = run("import", str(file), url="http://127.0.0.1:9")
    assert gone.returncode == 1
    assert "run the same import again" in gone.stderr
