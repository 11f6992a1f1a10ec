"""References: files of an artifact that stay where they are, known by address, size and checksum.

A file of this machine or of a network drive is hashed; of an object store or a web server is kept
what it tells of the file itself.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx

from weave_core.artifacts.chunking import file_digest
from weave_core.artifacts.manifests import MAX_REFERENCE, Entry
from weave_core.errors import ConfigError, MissingExtra, NotFound

__all__ = ["copy_reference", "entries_of_reference"]

MAX_REFERENCED = 100_000
"""Files that one reference to a folder or a prefix adds."""
_WAIT_S = 30.0
_PIECE_BYTES = 1024 * 1024
_SECRETS = re.compile(r"(signature|x-amz-|sig=|token=|secret|password)", re.IGNORECASE)
_CHECKSUMS = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "versionId", "VersionId")


def entries_of_reference(
    uri: str, name: str | None, *, checksum: bool, max_objects: int
) -> list[Entry]:
    """What a reference adds: a file, or those of a folder or a prefix.

    Args:
        uri: Its address: `file://`, `http(s)://`, or one that fsspec knows, such as `s3://`.
        name: Its path in the artifact; default: the last part of the address.
        checksum: Whether it is looked at; else the address alone is kept.
        max_objects: Most files.

    Raises:
        ConfigError: If the address can't be kept or used, or there are more files.
        NotFound: If there is nothing at it.
        MissingExtra: If no library for such addresses is installed.
    """
    parts = urlsplit(uri)
    if not parts.scheme or len(uri) > MAX_REFERENCE:
        raise ConfigError(
            f"{uri[:200]!r} is no address", "give file:///..., s3://... or https://..."
        )
    if parts.password or _SECRETS.search(parts.query):
        raise ConfigError(
            f"the address of {parts.path!r} holds a secret, and would be kept with the artifact",
            "give it without user, password and signature",
        )
    own = name or unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
    if not checksum:
        return [Entry(own, 0, uri, reference=uri)]
    if parts.scheme == "file":
        found = list(_of_folder(Path(url2pathname(parts.path)), uri, name, own))
    elif parts.scheme in ("http", "https"):
        found = [_of_web(uri, own)]
    else:
        found = list(_of_store(uri, name, own))
    if not found:
        raise NotFound(f"there is no file at {uri!r}", "check the address")
    if len(found) > max_objects:
        raise ConfigError(
            f"{uri!r} leads to {len(found)} files", f"{max_objects} may be: give max_objects="
        )
    return found


def _of_folder(path: Path, uri: str, name: str | None, own: str) -> Iterator[Entry]:
    if path.is_file():
        yield Entry(own, path.stat().st_size, file_digest(path), reference=uri)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                inner = file.relative_to(path).as_posix()
                at = f"{name}/{inner}" if name else inner
                yield Entry(at, file.stat().st_size, file_digest(file), reference=file.as_uri())


def _of_web(uri: str, own: str) -> Entry:
    try:
        answer = httpx.head(uri, follow_redirects=True, timeout=_WAIT_S)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise NotFound(f"{uri!r} can't be looked at: {error}", "give checksum=False") from error
    told = answer.headers.get("etag", "").strip('"')
    size = answer.headers.get("content-length", "0")
    return Entry(own, int(size), f"etag:{told}" if told else uri, reference=uri)


def _of_store(uri: str, name: str | None, own: str) -> Iterator[Entry]:
    files, root = _opened(uri)
    try:
        if files.isfile(root):
            yield _of_object(own, uri, files.info(root))
            return
        listed: dict[str, Any] = files.find(root, detail=True)
    except (OSError, ValueError) as error:
        raise NotFound(f"{uri!r} can't be looked at: {error}", "give checksum=False") from error
    scheme = urlsplit(uri).scheme
    for path, info in sorted(listed.items()):
        inner = path[len(root) :].strip("/")
        at = f"{name}/{inner}" if name else inner
        yield _of_object(at, f"{scheme}://{path.lstrip('/')}", info)


def _of_object(path: str, uri: str, info: dict[str, Any]) -> Entry:
    told = next((f"{key}:{info[key]}" for key in _CHECKSUMS if info.get(key)), uri)
    return Entry(path, int(info.get("size") or 0), told.replace('"', "").lower(), reference=uri)


def _opened(uri: str) -> tuple[Any, str]:
    try:
        import fsspec  # type: ignore[import-untyped]  # It ships no types.

        files, root = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise MissingExtra(
            f"no library reads {uri!r}: {error}",
            'pip install "weave-core[blobs]", and the library of the store, such as s3fs;'
            " or give checksum=False",
        ) from error
    return files, str(root)


def copy_reference(entry: Entry, target: Path) -> None:
    """Bring what a reference leads to, which has to be what it was.

    Raises:
        NotFound: If it is not there any more, or another one.
        MissingExtra: If no library for such addresses is installed.
    """
    uri = entry.reference or ""
    parts = urlsplit(uri)
    near = target.with_name(f".{target.name}.part")
    try:
        with near.open("wb") as file:
            for piece in _bytes_of(uri, parts.scheme):
                file.write(piece)
        if entry.digest.startswith("blake3:") and file_digest(near) != entry.digest:
            raise NotFound(
                f"what {uri!r} leads to is not what it was when {entry.path!r} was added",
                "log the artifact again, or leave it out: allow_missing_references=True",
            )
        near.replace(target)
    except (OSError, httpx.HTTPError) as error:
        raise NotFound(f"{uri!r} can't be read: {error}", "check the address") from error
    finally:
        near.unlink(missing_ok=True)


def _bytes_of(uri: str, scheme: str) -> Iterator[bytes]:
    if scheme in ("http", "https"):
        with httpx.stream("GET", uri, follow_redirects=True, timeout=_WAIT_S) as answer:
            answer.raise_for_status()
            yield from answer.iter_bytes(_PIECE_BYTES)
        return
    if scheme == "file":
        opened: Any = Path(url2pathname(urlsplit(uri).path)).open("rb")  # noqa: SIM115  # Below.
    else:
        files, root = _opened(uri)
        opened = files.open(root, "rb")
    with opened as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
