"""Blobs over HTTP: kept once by digest, verified, read in ranges, and unable to run anywhere."""

import hashlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.errors import BadRequest, NotFound, TooLarge

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 100
SMALL = 100_000


@pytest.fixture(scope="module", params=["folder", "elsewhere", "object store"])
def blob_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server whose blobs are in its home, in another folder, or in an object store by fsspec."""
    home = tmp_path_factory.mktemp("home")
    urls = {"elsewhere": f"file://{home}/moved", "object store": "memory://bucket/weave"}
    env = {"WEAVE_CORE_MAX_BLOB_BYTES": str(SMALL)}
    if request.param in urls:
        env["WEAVE_CORE_BLOB_URL"] = urls[request.param]
    with start_server(home, env=env) as running:
        yield running


@pytest.fixture
def blobs(blob_server: ServerProcess) -> Iterator[Client]:
    """A client of each kind of store."""
    with Client(blob_server.url) as client:
        yield client


def content() -> bytes:
    """Bytes that no other test has stored."""
    return os.urandom(1_000)


def test_what_was_put_comes_back(blobs: Client) -> None:
    """The digest is the address; before the bytes came there is nothing."""
    given = content()
    digest = digest_bytes(given)
    assert blobs.find_blob(digest) is None

    assert blobs.add_blob(given).digest == digest

    found = blobs.find_blob(digest)
    assert found is not None
    assert found.size_bytes == 1_000
    assert blobs.get_blob(digest) == given
    assert blobs.get_blob(digest, start=10, stop=20) == given[10:20]


def test_a_file_goes_and_comes_piece_by_piece(blobs: Client, tmp_path: Path) -> None:
    """Also an empty one."""
    for given in (os.urandom(SMALL), b""):
        (tmp_path / "given").write_bytes(given)

        info = blobs.add_blob(tmp_path / "given")
        blobs.save_blob(info.digest, tmp_path / "taken")

        assert info.size_bytes == len(given)
        assert (tmp_path / "taken").read_bytes() == given
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_bytes_of_another_digest_are_refused(blob_server: ServerProcess, blobs: Client) -> None:
    """A torn upload must not become a blob; nothing of it stays."""
    digest = digest_bytes(content())

    answer = httpx.put(f"{blob_server.url}/api/blobs/{digest}", content=b"something else")

    assert answer.status_code == 400
    assert digest_bytes(b"something else") in answer.json()["error"]["message"]
    assert blobs.find_blob(digest) is None
    with pytest.raises(NotFound, match="no blob"):
        blobs.get_blob(digest)
    assert list((blob_server.home / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("digest", ["sha256:ABC", "md5:" + "0" * 32, "sha256:../../../etc/passwd"])
def test_what_is_no_digest_is_refused(blobs: Client, digest: str) -> None:
    """No name leads to a file outside."""
    with pytest.raises(BadRequest, match="no digest"):
        blobs.get_blob(digest)


def test_a_blob_over_the_limit_is_refused(blobs: Client) -> None:
    """The limit is the setting's, whoever sends."""
    with pytest.raises(TooLarge, match=str(SMALL)):
        blobs.add_blob(os.urandom(SMALL + 1))


def test_an_upload_that_breaks_off_leaves_nothing(own_server: ServerProcess) -> None:
    """The connection ends in the middle of the body."""
    parts = urlsplit(own_server.url)
    digest = digest_bytes(PNG)
    with socket.create_connection((parts.hostname, parts.port)) as wire:
        head = f"PUT /api/blobs/{digest} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(PNG)}\r\n\r\n"
        wire.sendall(head.encode() + PNG[:50])
    with Client(own_server.url) as client:
        assert client.find_blob(digest) is None
        client.add_blob(PNG)
        assert client.get_blob(digest) == PNG


def test_the_same_bytes_are_kept_once(own_server: ServerProcess) -> None:
    """Put twice, also under way at once, there is one file, which others can't read."""
    digest = digest_bytes(PNG)
    for _ in range(2):
        assert httpx.put(f"{own_server.url}/api/blobs/{digest}", content=PNG).status_code == 200

    [file] = [path for path in (own_server.home / "blobs").rglob("*") if path.is_file()]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_ranges_and_tags_are_those_of_http(blob_server: ServerProcess, blobs: Client) -> None:
    """A player may seek, and a browser keeps what it has for ever."""
    digest = blobs.add_blob(PNG).digest
    url = f"{blob_server.url}/api/blobs/{digest}"
    size = len(PNG)

    def part(asked: str) -> tuple[int, bytes, str]:
        answer = httpx.get(url, headers={"range": asked})
        return answer.status_code, answer.content, answer.headers.get("content-range", "")

    assert part("bytes=0-7") == (206, PNG[:8], f"bytes 0-7/{size}")
    assert part("bytes=600-") == (206, PNG[600:], f"bytes 600-{size - 1}/{size}")
    assert part("bytes=-5") == (206, PNG[-5:], f"bytes {size - 5}-{size - 1}/{size}")
    assert part("bytes=0-999999")[1] == PNG
    assert part(f"bytes={size}-")[::2] == (416, f"bytes */{size}")
    assert part("bytes=5-1")[:2] == part("lines=1-2")[:2] == part("bytes=x")[:2] == (200, PNG)
    whole = httpx.get(url)
    again = httpx.get(url, headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in whole.headers["cache-control"]
    stale = httpx.get(url, headers={"range": "bytes=0-7", "if-range": '"other"'})
    assert stale.content == PNG


@pytest.mark.parametrize(
    ("given", "media_type", "place"),
    [
        (PNG, "image/png", "inline"),
        (b"%PDF-1.7\n...", "application/pdf", "inline"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav", "inline"),
        (b"\xff\xfb\x90\x00" + b"\0" * 50, "audio/mpeg", "inline"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None, "attachment"),
        (b"<!doctype html><script>alert(1)</script>", None, "attachment"),
    ],
)
def test_media_that_are_an_attack_do_not_run(
    blob_server: ServerProcess, given: bytes, media_type: str | None, place: str
) -> None:
    """The type is told from the bytes, whatever the sender said, and nothing may be guessed."""
    digest = digest_bytes(given)
    url = f"{blob_server.url}/api/blobs/{digest}"
    httpx.put(url, content=given, headers={"content-type": "text/html"}).raise_for_status()

    headers = httpx.get(url).headers

    assert headers["content-type"] == (media_type or "application/octet-stream")
    assert headers["content-disposition"].startswith(f"{place};")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_blobs_survive_a_kill(own_server: ServerProcess) -> None:
    """200 means that they are on disk, under their name."""
    with Client(own_server.url) as client:
        digest = client.add_blob(PNG).digest
    own_server.kill()
    with start_server(own_server.home) as again, Client(again.url) as client:
        assert client.get_blob(digest) == PNG
