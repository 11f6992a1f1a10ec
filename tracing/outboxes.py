"""Blobs on their way: written beside the spool by digest, sent before the spans that name them.

One folder a target, shared by all processes: the same bytes wait once, and whoever sends to that
target next sends them.
"""

import errno
import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from opentelemetry.sdk.trace import Event, ReadableSpan

from weave_core import semconv
from weave_core.digests import digest_bytes, hex_of
from weave_core.tracing.copies import copied
from weave_core.tracing.encoding import plain_attributes
from weave_core.tracing.failures import warn_once
from weave_core.tracing.media import MAX_MEDIUM_BYTES, SHELF, TOKEN

__all__ = ["MediaSorter", "Outbox", "holds_token"]

_MARK = "sha256:~"
_LEFT_OUT = "… <cut: a medium that was not stored>"
_HEX_DIGITS = 64
_CHUNK_BYTES = 1024 * 1024
_STALE_S = 3_600.0
"""A copy that nobody has written to for so long was left by a program that was killed."""


class Outbox:
    """The blobs that wait for one target.

    Args:
        spool: The spool's folder.
        target: Where its spans go; `offline` too.
        max_bytes: Most that may wait; what comes above it is not taken, as with spans.
    """

    def __init__(self, spool: Path, target: str, *, max_bytes: int | None = None) -> None:
        self.folder = spool / "blobs" / digest_bytes(target.encode())[7:23]
        self._max_bytes = max_bytes
        self._waiting_bytes: int | None = None

    def add(self, content: bytes) -> str:
        """Keep bytes until they were sent; gives their digest.

        Raises:
            OSError: If the disk does not take them, or too many wait.
        """
        digest = digest_bytes(content)
        path = self.folder / hex_of(digest)
        if not path.exists():
            self._make_room(len(content))
            part = path.with_name(f".{secrets.token_hex(8)}")
            part.write_bytes(content)
            part.replace(path)
        return digest

    def add_file(self, source: Path) -> tuple[str, int]:
        """Keep a copy of a file as it is now, piece by piece; gives its digest and size.

        Raises:
            OSError: As for `add`, or if the file can't be read.
        """
        self._make_room(source.stat().st_size)
        self._sweep()
        found, size_bytes = hashlib.sha256(), 0
        part = self.folder / f".{secrets.token_hex(8)}"
        try:
            with source.open("rb") as given, part.open("wb") as kept:
                while chunk := given.read(_CHUNK_BYTES):
                    found.update(chunk)
                    kept.write(chunk)
                    size_bytes += len(chunk)
            part.replace(self.folder / found.hexdigest())
        finally:
            part.unlink(missing_ok=True)
        return f"sha256:{found.hexdigest()}", size_bytes

    def _make_room(self, size_bytes: int) -> None:
        if not self._has_room(size_bytes):
            raise OSError(
                errno.EDQUOT,
                f"files that wait for a server would take more than the {self._max_bytes} bytes"
                " they may; start one, or `weave-core sync`, or raise WEAVE_CORE_MAX_SPOOL_BYTES",
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _sweep(self) -> None:
        """Delete copies that a killed program has left half done."""
        before_s = time.time() - _STALE_S
        for path in self.folder.glob(".*"):
            with suppress(OSError):  # Another program was quicker.
                if path.stat().st_mtime < before_s:
                    path.unlink()

    def _has_room(self, size_bytes: int) -> bool:
        if self._max_bytes is None:
            return True
        if self._waiting_bytes is not None:
            self._waiting_bytes += size_bytes
        if self._waiting_bytes is None or self._waiting_bytes > self._max_bytes:
            # Others write here and send from here: counted before anything is left out.
            self._waiting_bytes = size_bytes + sum(map(_size_bytes, self.waiting()))
        has_room = self._waiting_bytes <= self._max_bytes
        if not has_room:
            self._waiting_bytes -= size_bytes
        return has_room

    def waiting(self) -> Iterator[tuple[str, Path]]:
        """Digest and file of each blob that waits."""
        with suppress(OSError):  # No folder yet, or a home that can't hold any.
            for path in sorted(self.folder.iterdir()):
                if len(path.name) == _HEX_DIGITS:
                    yield f"sha256:{path.name}", path

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return next(self.waiting(), None) is None


class KeepsBytes(Protocol):
    """An outbox, or what is like one."""

    def add(self, content: bytes) -> str:
        """Keep bytes; gives their digest."""


class MediaSorter:
    """Puts digests where spans have tokens, and the bytes into an outbox; used by one thread.

    Runs after redaction: what that took out is never written.

    Args:
        outbox: Where the bytes go.
        of_others: Whether the spans are another process's, whose media went with it.
    """

    def __init__(self, outbox: KeepsBytes, *, of_others: bool = False) -> None:
        self._outbox = outbox
        self._of_others = of_others

    def settled(self, span: ReadableSpan) -> ReadableSpan:
        """`span` with digests; the same object where it has no media."""
        if not SHELF.has_tokens and not self._of_others:
            return span
        attributes, cut = self._settled(plain_attributes(span))
        events = []
        for event in span.events:
            told, _ = self._settled(event.attributes or {})
            events.append(event if told is None else Event(event.name, told, event.timestamp))
        if attributes is None and all(map(_is_same, events, span.events)):
            return span
        attributes = attributes or dict(plain_attributes(span))
        if cut:
            given = attributes.get(semconv.TRUNCATED, ())
            attributes[semconv.TRUNCATED] = tuple(dict.fromkeys((*given, *cut)))
        return copied(span, attributes=attributes, events=events)

    def _settled(self, given: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
        """The changed attributes, or None; and the names of those that lost a medium."""
        changed = {
            key: TOKEN.sub(lambda found: self._digest(found[0]), value)
            for key, value in given.items()
            if type(value) is str and _MARK in value
        }
        cut = [key for key, value in changed.items() if _LEFT_OUT in value]
        return ({**given, **changed} if changed else None), cut

    def _digest(self, token: str) -> str:
        digest, content = SHELF.find(token)
        if digest is not None:
            return digest
        if content is None:
            return _LEFT_OUT
        try:
            made = content.make()
            digest = self._outbox.add(made) if 0 < len(made) <= MAX_MEDIUM_BYTES else _LEFT_OUT
        except OSError as error:
            warn_once("media room", "media are left out, as they can't be kept: %s", error)
            digest = _LEFT_OUT
        except Exception as error:  # noqa: BLE001  # A picture that can't be encoded: the span is worth more.
            warn_once("media", "a medium could not be stored", error=error)
            digest = _LEFT_OUT
        SHELF.kept(token, digest)
        return digest


def holds_token(texts: bytes) -> bool:
    """Whether a medium is named somewhere in the bytes of spans."""
    return _MARK.encode() in texts


def _size_bytes(waiting: tuple[str, Path]) -> int:
    try:
        return waiting[1].stat().st_size
    except OSError:  # It was sent meanwhile.
        return 0


def _is_same(one: object, other: object) -> bool:
    return one is other
