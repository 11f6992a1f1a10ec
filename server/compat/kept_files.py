"""Files of runs that clients put to the addresses they were given: blobs that a run names."""

import asyncio
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request

from weave_core.errors import BadRequest, NotFound
from weave_core.server.compat.addresses import FILE_PREFIX
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.compat.run_starts import environment_of
from weave_core.server.compat.run_tellers import SOURCE, RunTeller
from weave_core.server.limits import BodyReader
from weave_core.server.store.run_files import MAX_STORED_FILE_NAME
from weave_core.server.store.stores import Store

__all__ = ["StoredFile", "file_path", "keep_file", "receive"]

MAX_READ_BYTES = 64 * 1024 * 1024
"""Bytes of a file of a wandb client that the server looks into: a table, boxes of a picture, what
the program runs with."""
_MAX_PACKAGES = 2_000
_METADATA, _PACKAGES = "wandb-metadata.json", "requirements.txt"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a run whose bytes are a blob."""

    store: Store
    path: str
    digest: str
    size_bytes: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def head(self, size_bytes: int) -> bytes:
        """Its first bytes."""
        return b"".join(self.store.blobs.read(self.digest, 0, min(size_bytes, self.size_bytes)))

    def read_bytes(self) -> bytes:
        """All of it.

        Raises:
            ValueError: If it is too large to be looked into.
        """
        if self.size_bytes > MAX_READ_BYTES:
            raise ValueError(f"its file {self.path} has {self.size_bytes} bytes")
        return self.head(self.size_bytes)


async def receive(store: Store, reader: BodyReader, request: Request, path: str) -> StoredFile:
    """Store what comes in.

    Raises:
        TooLarge: If it is more than a blob may be; StoreError where the disk does not take it.
    """
    with store.new_blob() as draft:
        async for pieces in reader.pieces(request):
            await asyncio.to_thread(draft.write, *pieces)
        digest = await asyncio.to_thread(draft.keep_in, store.blobs)
        return StoredFile(store, path, digest, draft.size_bytes)


def keep_file(desk: Desk, place: RunPlace, file: StoredFile) -> None:
    """Say that a file belongs to a run, and what it tells of the program.

    Raises:
        NotFound: If there is no such run.
    """
    with desk.environments if file.path in (_PACKAGES, _METADATA) else nullcontext():
        _keep(desk, place, file)


def _keep(desk: Desk, place: RunPlace, file: StoredFile) -> None:
    session = desk.session(place)
    if session is None:
        raise NotFound(f"project {place.project!r} has no run {place.run_id!r}")
    teller = RunTeller(place.project, place.run_id)
    now_ns = time.time_ns()
    told: dict[str, Any] = {"name": file.path, "digest": file.digest}
    spans = [teller.files([told | {"size_bytes": file.size_bytes, "time_ns": now_ns}])]
    environment = _environment(file, session.environment.get(SOURCE) or {})
    if environment:
        merged = {**session.environment, **environment}
        spans.append(teller.word({"told_ns": now_ns, "environment": merged}))
    desk.tell(place, spans)


def _environment(file: StoredFile, own: dict[str, Any]) -> dict[str, Any]:
    if file.path == _PACKAGES:
        lines = file.head(MAX_READ_BYTES).decode("utf-8", "replace").split("\n")
        return {
            "packages": sorted({line.strip() for line in lines if line.strip()})[:_MAX_PACKAGES]
        }
    if file.path == _METADATA:
        try:
            return environment_of(read_object(file.read_bytes()), own)
        except (ValueError, BadRequest):
            return {}
    return {}


def file_path(place: RunPlace, name: str) -> str:
    """Where a file of a run is put and read.

    Raises:
        BadRequest: If it can't be a name of a file.
    """
    if not name.strip("\0/") or len(name) > MAX_STORED_FILE_NAME:
        raise BadRequest(
            f"{name[:60]!r} is no name of a file", f"1 to {MAX_STORED_FILE_NAME} characters do"
        )
    parts = (quote(each, safe="") for each in (place.project, place.run_id))
    return f"{FILE_PREFIX}/{'/'.join(parts)}/{quote(name)}"
