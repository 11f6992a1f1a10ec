"""Seeing, while a pack comes in, that each of its chunks has the digest that the pack says."""

from weave_core.artifacts.chunking import hasher
from weave_core.artifacts.packs import Place, bad_pack, head_bytes, places_in
from weave_core.digests import digest_bytes
from weave_core.errors import BadRequest

__all__ = ["PackCheck"]

_KIND = b"weave-core pack\n"


class PackCheck:
    """Takes the bytes of a pack in pieces, and looks at each byte once."""

    def __init__(self) -> None:
        self._head = b""
        self._places: list[Place] | None = None
        self._done = 0
        """Chunks that have come whole."""
        self._hash = hasher()
        self._left_bytes = 0
        """Of the chunk that is coming."""

    def update(self, piece: bytes) -> None:
        """Look at the next bytes.

        Raises:
            BadRequest: If they are none of a pack, or a chunk has another digest.
        """
        rest = memoryview(piece)
        if self._places is None:
            self._head += piece
            size_bytes = head_bytes(self._head)
            if size_bytes is None or len(self._head) < size_bytes:
                return
            self._places = places_in(self._head)
            self._left_bytes = self._places[0].size_bytes
            rest = memoryview(self._head)[size_bytes:]
            self._head = self._head[:size_bytes]
        self._look(rest, self._places)

    def _look(self, rest: memoryview, places: list[Place]) -> None:
        while rest:
            if self._done == len(places):
                raise bad_pack("it has more bytes than it lists")
            part = rest[: self._left_bytes]
            self._hash.update(part)
            self._left_bytes -= len(part)
            rest = rest[len(part) :]
            if self._left_bytes == 0:
                self._end_chunk(places)

    def _end_chunk(self, places: list[Place]) -> None:
        digest = places[self._done].digest
        if self._hash.digest() != digest:
            raise BadRequest(
                f"the bytes of chunk {digest.hex()[:16]}... have another digest",
                "send them again: they were changed on the way",
            )
        self._done += 1
        if self._done < len(places):
            self._hash, self._left_bytes = hasher(), places[self._done].size_bytes

    def finish(self) -> tuple[list[Place], str]:
        """What the pack holds, all of which has come, and the digest that it is kept under.

        Raises:
            BadRequest: If something is missing.
        """
        if self._places is None:
            raise bad_pack("it ends within its list")
        if self._done < len(self._places):
            raise bad_pack(f"it ends within chunk {self._done} of {len(self._places)}")
        # No blob that somebody sends under the digest of its bytes can be taken for a pack: that
        # would have these bytes, and another size.
        return self._places, digest_bytes(_KIND + self._head)
