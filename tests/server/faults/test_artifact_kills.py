"""Programs and servers that are killed while an artifact is stored."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import clean_env
from support.programs import wait_for
from support.servers import start_server

from weave_core import Artifact, Client

MIB = 1024 * 1024
SIZE_BYTES = 64 * MIB
HOLE_BYTES = 4 * MIB
PROGRAM = """
import sys
from weave_core import Artifact, Client
made = Artifact("weights", type="model")
for path in sys.argv[2:]:
    made.add_file(path)
Client(sys.argv[1]).log_artifact(made, project="killed")
"""


def test_what_was_sent_before_everything_was_killed_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte is kept twice, none is missing, and what is left is all that travels."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "own"))
    home, source, endless = tmp_path / "home", tmp_path / "a.bin", tmp_path / "b.bin"
    source.write_bytes(os.urandom(SIZE_BYTES))
    with endless.open("wb") as file:
        file.truncate(64 * 1024 * MIB)  # A hole: read long after the other file was sent.
    with start_server(home) as server:
        command = [sys.executable, "-c", PROGRAM, server.url, str(source), str(endless)]
        with subprocess.Popen(command, env=clean_env()) as program:
            wait_for(lambda: len(_acknowledged(home)) >= 1)
            program.kill()
        server.kill()
    before = _acknowledged(home)

    with start_server(home) as server, Client(server.url) as client:
        made = Artifact("weights", type="model")
        made.add_file(source)
        client.log_artifact(made, project="killed")
        folder = client.artifact("weights", project="killed").download(tmp_path / "out")

    assert (folder / "a.bin").read_bytes() == source.read_bytes()
    packs = _acknowledged(home)
    assert packs[: len(before)] == before
    # What holds all chunks once holds little more than they are: lists, and the hole's one chunk.
    assert SIZE_BYTES <= sum(packs) < SIZE_BYTES + HOLE_BYTES + MIB


def _acknowledged(home: Path) -> list[int]:
    """The bytes of the packs that the server has said are stored, or is about to."""
    with closing(sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT size_bytes FROM artifact_pack ORDER BY id").fetchall()
    return [size for (size,) in found]
