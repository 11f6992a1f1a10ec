"""Blobs end with the traces that name them, and never before."""

import json
import os
import sqlite3
import time
from pathlib import Path

from support.otlp import new_span, new_trace_id, send_spans
from support.programs import wait_for
from support.servers import ServerProcess

from weave_core import Client, semconv

OWN, SHARED, BY_HAND, ASKED, OLDER, NEWER = (b"%PDF-1.7 " + name.encode() * 99 for name in "ABCDEF")


def send(server: ServerProcess, project: str, *digests: str) -> None:
    """A trace that names blobs."""
    parts = [{"type": "blob", "mime_type": "application/pdf", "digest": each} for each in digests]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}]),
    }
    now = time.time_ns()
    send_spans(
        server.url,
        project,
        [new_span("chat", new_trace_id(), start_ns=now, duration_ms=1, attributes=attributes)],
    )


def save(server: ServerProcess, project: str, *digests: str) -> None:
    """A run that saves one file after the other under one name."""
    for time_ns, digest in enumerate(digests):
        told = [{"name": "last.pt", "digest": digest, "size_bytes": 1, "time_ns": time_ns}]
        attributes = {
            semconv.RUN_ID: "saves",
            semconv.RUN_WRITER: "w",
            semconv.RUN_POINTS: b"",
            semconv.RUN_FILES: json.dumps(told),
        }
        start_ns = time.time_ns()
        span = new_span(
            "files", new_trace_id(), start_ns=start_ns, duration_ms=0, attributes=attributes
        )
        send_spans(server.url, project, [span])


def let_an_hour_pass(home: Path, *, spares: str = "") -> None:
    """For the marks and the files of the server on `home`, but for one file."""
    for path in (home / "blobs").rglob("*"):
        if path.is_file() and path.name not in spares:
            os.utime(path, (0, 0))
    with sqlite3.connect(home / "store.db", timeout=20) as database:
        database.execute("UPDATE blob_orphan SET since_ns = 0")
    database.close()


def test_a_blob_ends_with_the_last_trace_that_names_it(own_server: ServerProcess) -> None:
    """An hour later: what only deleted traces named, and files of runs that were saved again."""
    with Client(own_server.url) as client:
        own, shared, by_hand, asked, older, newer = (
            client.add_blob(content).digest
            for content in (OWN, SHARED, BY_HAND, ASKED, OLDER, NEWER)
        )
        save(own_server, "runs", older, newer)
        send(own_server, "going", own, shared, asked)
        send(own_server, "staying", shared)
        client.delete_traces("going", all=True)
        client.set_retention("staying", 30)  # Wakes the background, which finds nothing yet.
        time.sleep(0.3)
        assert client.find_blob(own) is not None

        let_an_hour_pass(own_server.home, spares=asked)
        assert client.find_blob(asked) is not None
        client.set_retention("staying", 31)

        wait_for(lambda: not _is_there(own_server.home, own))
        wait_for(lambda: not _is_there(own_server.home, older))
        assert client.get_blob(newer) == NEWER
        assert client.find_blob(own) is None
        assert client.get_blob(shared) == SHARED
        assert client.get_blob(by_hand) == BY_HAND
        assert client.get_blob(asked) == ASKED

        client.delete_traces("staying", all=True)
        let_an_hour_pass(own_server.home)
        client.set_retention("going", 30)
        wait_for(lambda: not _is_there(own_server.home, shared))
        assert not _is_there(own_server.home, asked)
        assert client.get_blob(by_hand) == BY_HAND


def _is_there(home: Path, digest: str) -> bool:
    name = digest.removeprefix("sha256:")
    return (home / "blobs" / name[:2] / name[2:4] / name).exists()
