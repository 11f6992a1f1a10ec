"""Images, sounds and files of calls: stored once as blobs, never base64 in a span."""

import base64
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from support.programs import Recorder, stored_spans, wait_for
from support.servers import ServerProcess, start_server

import weave_core
from weave_core import Client, op
from weave_core.digests import digest_bytes
from weave_core.errors import ConfigError
from weave_core.model import Span
from weave_core.tracing.spool import sync

PDF = b"%PDF-1.7\n" + b"%" * 2_000
PIXELS = (np.arange(12 * 10 * 3) % 251).astype("uint8").reshape(12, 10, 3)


@op
def look(picture: Any) -> Any:
    """Takes and gives."""
    return picture


def png_bytes() -> bytes:
    """A real PNG of 40 KB."""
    noise = np.random.default_rng(7).integers(0, 255, (120, 110, 3), dtype="uint8")
    target = io.BytesIO()
    Pillow.fromarray(noise).save(target, format="PNG")
    return target.getvalue()


def traced(project: str, server: ServerProcess, client: Client, given: Any) -> Span:
    """The stored span of one call that takes and gives `given`."""
    weave_core.init(project, server.url)
    look(given)
    assert weave_core.flush(20)
    [span] = wait_for(lambda: stored_spans(client, project))
    return span


def test_a_pillow_image_is_kept_as_it_was_at_the_call(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """What is drawn on it afterwards does not show, and no pixel is in the span."""
    del recorder
    picture = Pillow.fromarray(PIXELS)

    @op
    def draw(picture: Any) -> None:
        picture.putpixel((0, 0), (9, 9, 9))

    weave_core.init(project, server.url)
    draw(picture)
    assert weave_core.flush(20)

    [span] = wait_for(lambda: stored_spans(client, project))
    told = span.inputs["picture"]
    stored = Pillow.open(io.BytesIO(client.get_blob(told["digest"])))
    assert (told["type"], told["mime_type"]) == ("blob", "image/png")
    assert (told["width"], told["height"]) == (10, 12)
    assert np.array_equal(np.asarray(stored), PIXELS)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (PIXELS, PIXELS),
        (PIXELS[:, :, 0], PIXELS[:, :, 0]),
        (PIXELS[:, :, :1], PIXELS[:, :, 0]),
        (PIXELS / 255.0, PIXELS),
        (np.dstack([PIXELS, PIXELS[:, :, 0]]), np.dstack([PIXELS, PIXELS[:, :, 0]])),
        (PIXELS[:, :, 0] > 100, (PIXELS[:, :, 0] > 100) * 255),
    ],
    ids=["rgb", "grey", "one channel", "floats", "alpha", "mask"],
)
def test_an_array_becomes_a_png(
    recorder: Recorder,
    *,
    server: ServerProcess,
    client: Client,
    project: str,
    pixels: Any,
    expected: Any,
) -> None:
    """Read back by Pillow, pixel by pixel."""
    del recorder
    span = traced(project, server, client, weave_core.Image(pixels, caption="layer 3"))

    content = client.get_blob(span.outputs["digest"])
    assert span.outputs["caption"] == "layer 3"
    assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(content))), expected)


def test_samples_become_a_wav(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """Two channels, floats, at their own rate; read back by Python's own reader."""
    del recorder
    samples = np.stack([np.linspace(-1, 1, 800), np.zeros(800)], axis=1)
    span = traced(project, server, client, weave_core.Audio(samples, sample_rate=8_000))

    with wave.open(io.BytesIO(client.get_blob(span.outputs["digest"]))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8_000, 800)
        frames = np.frombuffer(file.readframes(800), "<i2").reshape(800, 2)
    assert (frames[0].tolist(), frames[-1].tolist()) == ([-32767, 0], [32767, 0])
    assert span.outputs["mime_type"] == "audio/wav"


def test_files_are_found_in_whatever_a_call_takes(
    recorder: Recorder, server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Bytes of a PDF, a path, a data URL, base64 in a message: each is a blob; prose is not."""
    del recorder
    png = png_bytes()
    encoded = base64.b64encode(png).decode()
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"film" * 50)
    given = {
        "scan": PDF,
        "film": weave_core.Video(tmp_path / "film.mp4"),
        "page": weave_core.Html("<h1>Hello</h1>"),
        "messages": [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
            {"source": {"type": "base64", "media_type": "image/png", "data": encoded}},
        ],
        "prose": "no medium at all, but long. " * 200,
        "letters": "A" * 5_000,
        "binary": b"\0\1\2",
    }
    span = traced(project, server, client, given)

    told = span.inputs["picture"]
    assert client.get_blob(told["scan"]["digest"]) == PDF
    assert told["scan"]["mime_type"] == "application/pdf"
    assert client.get_blob(told["film"]["digest"]).endswith(b"film")
    assert client.get_blob(told["page"]["digest"]) == b"<h1>Hello</h1>"
    digest = digest_bytes(png)
    assert told["messages"][0]["image_url"]["url"] == f"data:image/png;digest,{digest}"
    assert told["messages"][1]["source"]["data"] == digest
    assert client.get_blob(digest) == png
    assert (told["prose"], told["letters"]) == (given["prose"], given["letters"])
    assert told["binary"] == "<3 bytes>"
    assert encoded[:200] not in json.dumps(span.attributes)


def test_what_redaction_takes_out_is_never_stored(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """The picture under a secret key leaves no bytes, neither at the server nor on disk."""
    del recorder
    weave_core.init(project, server.url, redact={"keys": ["passport"]})
    look({"passport": PDF + b"secret", "other": PDF + b"open"})
    assert weave_core.flush(20)

    [span] = wait_for(lambda: stored_spans(client, project))
    assert span.inputs["picture"]["passport"] == "[redacted]"
    assert client.find_blob(digest_bytes(PDF + b"secret")) is None
    assert client.find_blob(digest_bytes(PDF + b"open")) is not None


def test_media_wait_on_disk_for_a_server(
    run_program: Callable[..., Any], tmp_path: Path, project: str
) -> None:
    """A program without a server, killed after it wrote: `sync` brings picture and span."""
    code = (
        "import os, sys, weave_core\n"
        "weave_core.init(sys.argv[1], 'offline')\n"
        "@weave_core.op\n"
        "def look(scan): ...\n"
        "for _ in range(3): look(b'%PDF-1.7' + b'x' * 3000)\n"
        "assert weave_core.flush(10)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert run_program(code, project, check=False).returncode == -9
    home = tmp_path / "home"
    files = [path for path in (home / "spool" / "blobs").rglob("*") if path.is_file()]
    [waiting] = [path for path in files if path.read_bytes().startswith(b"%PDF")]

    with start_server(tmp_path / "server") as running, Client(running.url) as client:
        report = sync(running.url, home=home)
        spans = wait_for(lambda: stored_spans(client, project))

        assert (report.sent_spans, report.failure) == (3, "")
        assert {span.inputs["scan"]["digest"] for span in spans} == {f"sha256:{waiting.name}"}
        assert len(client.get_blob(f"sha256:{waiting.name}")) == 3_008
    assert not waiting.exists()


def test_media_that_wait_have_a_bound_as_spans_have(
    run_program: Callable[..., Any], tmp_path: Path
) -> None:
    """What comes above it is described and left out; the same picture again takes no room."""
    code = (
        "import weave_core\n"
        "weave_core.init('bound', 'offline')\n"
        "@weave_core.op\n"
        "def look(scan): ...\n"
        "for n in (*range(40), *range(5)): look(b'%PDF-1.7' + bytes([65 + n]) * 50_000)\n"
        "assert weave_core.flush(10)\n"
    )
    told = run_program(code, WEAVE_CORE_MAX_SPOOL_BYTES="1000000")
    files = [p for p in (tmp_path / "home" / "spool" / "blobs").rglob("*") if p.is_file()]
    assert sum(path.read_bytes().startswith(b"%PDF") for path in files) == 19
    assert sum(path.stat().st_size for path in files) <= 1_000_000
    assert told.stderr.count("files that wait for a server would take more than the 1000000 b") == 1
    assert "Traceback" not in told.stderr


def test_a_medium_over_the_bound_is_only_described(
    recorder: Recorder, server: ServerProcess, client: Client, project: str
) -> None:
    """The mark says so, and the span comes all the same."""
    del recorder
    span = traced(project, server, client, {"scan": b"%PDF-1.7" + bytes(90_000_000)})

    assert "<cut: not stored>" in span.inputs["picture"]["scan"]["digest"]
    assert span.attributes["weave_core.truncated"]


def test_what_is_no_medium_is_refused_where_it_is_wrapped() -> None:
    """The program hears of it where it wraps, not where it traces."""
    for given in (3, [1, 2], np.zeros((2, 2, 7)), "/no/such/file.png"):
        with pytest.raises(ConfigError):
            weave_core.Image(given)
    with pytest.raises(ConfigError, match="array of samples"):
        weave_core.Audio({"a": 1})
